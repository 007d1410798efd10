// Which transaction waits for a lock of which, and who gives way where they wait in a circle: the deadlock victim.
//
//   Shape   a transaction waits for one other at a time, so a circle is found by following the waits from the one that begins last. The
//           victim is the one with the lowest DEADLOCK_PRIORITY; among equals the one whose wait closed the circle. Which it is depends
//           on nothing but the order of the waits.
//   Errors  1205 for the victim, raised by its session (broker/tsql/session_transaction.cc).
//   Source  SQL Server's SET DEADLOCK_PRIORITY. The product looks for circles every few seconds and prefers who is cheapest to roll back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace ssb::broker::catalog {

inline constexpr int kDeadlockPriorityLow = -5;
inline constexpr int kDeadlockPriorityHigh = 5;
inline constexpr int kDeadlockPriorityMin = -10;
inline constexpr int kDeadlockPriorityMax = 10;

class LockWaits {
 public:
  using TransactionId = std::uint64_t;
  struct Waiter {
    std::int32_t session = 0;
    int priority = 0;
  };
  struct Deadlock {
    TransactionId victim = 0;
    std::vector<std::int32_t> sessions;  // of the circle, from the one that closed it on
  };

  // A lock was not granted, because `holder` has it.
  void refused(TransactionId transaction, TransactionId holder) { holders_[transaction] = holder; }
  // That transaction waits for it now. A circle: its victim is chosen, and is_victim of it from here on.
  std::optional<Deadlock> wait(TransactionId transaction, Waiter waiter);
  // It waits no more, or has ended.
  void forget(TransactionId transaction);

  // The sessions it was chosen among; nullptr: it was not chosen.
  [[nodiscard]] const std::vector<std::int32_t>* chosen_among(TransactionId transaction) const;
  // Counts choices, so that a victim that waits knows when to ask.
  [[nodiscard]] std::uint64_t choices() const { return choices_; }

 private:
  std::map<TransactionId, TransactionId> holders_;
  std::map<TransactionId, Waiter> waiters_;
  std::map<TransactionId, std::vector<std::int32_t>> victims_;
  std::uint64_t choices_ = 0;
};

}  // namespace ssb::broker::catalog
