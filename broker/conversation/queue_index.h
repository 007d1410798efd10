// The messages that wait in one queue, by conversation group, in the order of RECEIVE.
//
//   A group's messages are in order of arrival; which group is next (priority, then arrival) is known without looking at the
//   messages of others. Adding, and taking or removing from the front, cost the same however many wait.
//
//   Shape   some 300 bytes for the only message of a group, 72 for one more of it.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
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

  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // `entry.order` is larger than that of any other of its group, or fits between two of them.
  void add(GroupId group, const QueueEntry& entry);
  // nullptr: not there.
  [[nodiscard]] QueueEntry* find(GroupId group, std::int64_t order);
  // The group of the best message that nobody has taken: by priority, then by arrival; only groups that `is_free` says.
  [[nodiscard]] std::optional<GroupId> next(const std::function<bool(GroupId)>& is_free) const;
  // The group's messages that nobody has taken, in the order of RECEIVE: by priority, then DialogTimer, Error, then by arrival
  // (which is sequence order); `at_most` of them, of one conversation if it is given.
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
  [[nodiscard]] std::vector<std::pair<GroupId, const QueueEntry*>> all();

  // Rollbacks in a row of transactions that received `rolled_back` first (poison.cc). In memory only: a restart counts anew.
  int rollbacks = 0;
  std::int64_t rolled_back = 0;

 private:
  // Messages in order, of which the first may go at no cost.
  class Entries {
   public:
    using iterator = std::vector<QueueEntry>::iterator;
    [[nodiscard]] iterator begin() { return all_.begin() + first_; }
    [[nodiscard]] iterator end() { return all_.end(); }
    [[nodiscard]] bool is_empty() const { return static_cast<std::size_t>(first_) == all_.size(); }
    void insert(iterator before, const QueueEntry& entry) { all_.insert(before, entry); }
    void erase(iterator entry);

   private:
    std::vector<QueueEntry> all_;
    std::ptrdiff_t first_ = 0;
  };
  struct Group;
  // Best first: the priority comes negated. No two have the same order.
  struct Head {
    int priority = 0;
    std::int64_t order = 0;
    Group* group = nullptr;
    friend bool operator==(const Head&, const Head&) = default;
    friend bool operator<(const Head& a, const Head& b) {
      return a.priority != b.priority ? a.priority < b.priority : a.order < b.order;
    }
  };
  struct Group {
    GroupId id;
    Entries entries;
    std::optional<Head> head;  // its place in heads_
    bool is_mixed = false;     // of several priorities or ranks
  };
  Group* group(GroupId id);
  void renew_head(Group& group);  // and removes the group when nothing is left of it
  // The group that has the message, `expected` first: MOVE CONVERSATION before RECEIVE in one transaction is applied before it.
  Group* group_of(GroupId expected, std::int64_t order);
  static Entries::iterator at(Group& group, std::int64_t order);

  // Of the words of an id: ids of groups come from this side, not from peers. Not noexcept, so that the map keeps each hash.
  struct GroupHash {
    std::size_t operator()(const GroupId& id) const {
      const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(id.guid.bytes);
      return static_cast<std::size_t>((words[0] ^ std::rotl(words[1], 29)) * 0x9E3779B97F4A7C15ULL);
    }
  };

  std::unordered_map<GroupId, Group, GroupHash> groups_;
  std::set<Head> heads_;
  std::map<std::int64_t, GroupId> moved_;  // messages that are taken and were moved then
  std::size_t size_ = 0;
};

}  // namespace ssb::broker::conversation
