// The messages that wait in one queue, by conversation group, in the order of RECEIVE.
//
//   A group's messages are in order of arrival; which group is next (priority, then arrival) is known without looking at the
//   messages of others. Adding, and taking or removing from the front, cost the same however many wait.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "broker/conversation/message_log.h"
#include "proto/ids.h"

namespace ssb::broker::conversation {

// A message in a queue; body and names are in the message log.
struct QueueEntry {
  std::int64_t order = 0;
  proto::ConversationHandle conversation;
  std::uint64_t sequence = 0;
  MessagePlace place;
  std::uint64_t taken_by = 0;  // transaction that received it and has not ended yet
  std::uint8_t rank = 2;       // 0 DialogTimer, 1 Error, 2 the rest
  std::uint8_t priority = 5;   // 1 to 10
};

class QueueIndex {
 public:
  using GroupId = proto::ConversationGroupId;
  using Entries = std::deque<QueueEntry>;

  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // `entry.order` is larger than that of any other of its group, or fits between two of them.
  void add(GroupId group, const QueueEntry& entry);
  // nullptr: not there.
  [[nodiscard]] QueueEntry* find(GroupId group, std::int64_t order);
  // The group of the best message that nobody has taken: by priority, then by arrival; only groups that `is_free` says.
  [[nodiscard]] std::optional<GroupId> next(const std::function<bool(GroupId)>& is_free) const;
  // The group's messages that nobody has taken, in the order of RECEIVE: DialogTimer, Error, then by arrival (which is
  // sequence order); `at_most` of them, of one conversation if it is given.
  [[nodiscard]] std::vector<QueueEntry*> waiting(
      GroupId group, const std::optional<proto::ConversationHandle>& only, std::size_t at_most);

  void take(GroupId group, const std::vector<QueueEntry*>& entries, std::uint64_t transaction);
  // Those of `orders` that are still there, in this group or, moved by the same transaction, in another.
  void give_back(GroupId group, const std::vector<std::int64_t>& orders);
  // Removes those of `orders` that are still there, and tells each.
  void remove(GroupId group, const std::vector<std::int64_t>& orders,
              const std::function<void(const QueueEntry&)>& removed);
  void remove_conversation(GroupId group, proto::ConversationHandle conversation,
                           const std::function<void(const QueueEntry&)>& removed);
  void move(GroupId from, GroupId to, proto::ConversationHandle conversation);

  // Every message with its group, by arrival.
  [[nodiscard]] std::vector<std::pair<GroupId, const QueueEntry*>> all() const;

  // Rollbacks in a row of transactions that received `rolled_back` first (poison.cc). In memory only: a restart counts anew.
  int rollbacks = 0;
  std::int64_t rolled_back = 0;

 private:
  // Best first: the priority comes negated.
  using Head = std::tuple<int, std::int64_t, GroupId>;
  struct Group {
    Entries entries;
    std::optional<Head> head;  // its place in heads_
    bool is_mixed = false;     // of several priorities or ranks
  };
  using Groups = std::map<GroupId, Group>;

  void renew_head(Groups::iterator group);
  // The group that has the message, `expected` first: MOVE CONVERSATION before RECEIVE in one transaction is applied before it.
  Groups::iterator group_of(GroupId expected, std::int64_t order);
  static Entries::iterator at(Group& group, std::int64_t order);

  Groups groups_;
  std::set<Head> heads_;
  std::size_t size_ = 0;
};

}  // namespace ssb::broker::conversation
