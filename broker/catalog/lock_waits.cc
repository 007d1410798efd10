#include "broker/catalog/lock_waits.h"

namespace ssb::broker::catalog {

std::optional<LockWaits::Deadlock> LockWaits::wait(TransactionId transaction, Waiter waiter) {
  waiters_[transaction] = waiter;
  Deadlock found{.victim = transaction, .sessions = {}};
  int lowest = waiter.priority;
  for (TransactionId at = transaction;;) {
    const auto here = waiters_.find(at);
    const auto holder = holders_.find(at);
    // Whoever is chosen already is about to end, and with it the circle.
    if (here == waiters_.end() || holder == holders_.end() || victims_.contains(at))
      return std::nullopt;
    // A circle that this one does not close was seen when it came about.
    if (found.sessions.size() == waiters_.size()) return std::nullopt;
    found.sessions.push_back(here->second.session);
    if (here->second.priority < lowest) {
      lowest = here->second.priority;
      found.victim = at;
    }
    at = holder->second;
    if (at == transaction) break;
  }
  victims_[found.victim] = found.sessions;
  ++choices_;
  return found;
}

void LockWaits::forget(TransactionId transaction) {
  holders_.erase(transaction);
  waiters_.erase(transaction);
  victims_.erase(transaction);
}

const std::vector<std::int32_t>* LockWaits::chosen_among(TransactionId transaction) const {
  const auto found = victims_.find(transaction);
  return found == victims_.end() ? nullptr : &found->second;
}

}  // namespace ssb::broker::catalog
