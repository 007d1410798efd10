// Where every endpoint of a database is: in memory (awake) or only in its row (asleep). Found by handle, by conversation, by the time when
// it is due; and how many each conversation group has.
//
//   Shape   80 bytes an endpoint in blocks that never move, and three hash tables beside them: some 140 bytes in all; an endpoint that is
//           awake takes its own beside. The tables keep a part of each hash, so that a look reads no entry but the one that it finds, and
//           growing reads none. Times are in a heap, of those that have one.
//   Memory  places of removed endpoints are used again; the blocks are given back when the database closes.
//   Order   lists are sorted by id: nothing of the hash tables' order gets out.
//   Source  our own; the argument is docs/performance.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/conversation/open_table.h"
#include "broker/crypto/id_hash.h"
#include "proto/ids.h"
#include "proto/time.h"

namespace ssb::broker::conversation {

using crypto::IdHash;
struct Endpoint;

class EndpointIndex {
 public:
  // Names an endpoint until it is removed.
  using Ref = std::uint32_t;
  static constexpr Ref kNone = UINT32_MAX;

  struct Entry {
    proto::ConversationHandle handle;  // null: nobody's place
    proto::ConversationId conversation;
    proto::ConversationGroupId group;
    proto::TimePoint due = proto::kNever;
    Endpoint* awake = nullptr;           // null: asleep
    std::uint64_t number = 0;            // of its row
    std::uint32_t heap_at = UINT32_MAX;  // its place among those that are due
    bool is_initiator = false;
    bool has_timer = false;  // asleep or resting: `due` is its conversation timer
    bool has_slept = false;  // since the database was opened, with a row that was written since
  };
  struct Group {
    proto::ConversationGroupId id;
    std::uint32_t members = UINT32_MAX;  // that: an empty place of the table
    std::int32_t service = 0;            // of all its members; 0: not known yet
    [[nodiscard]] bool is_empty() const { return members == UINT32_MAX; }
  };

  EndpointIndex() : EndpointIndex(IdHash()) {}
  explicit EndpointIndex(IdHash hash);
  EndpointIndex(const EndpointIndex&) = delete;
  EndpointIndex& operator=(const EndpointIndex&) = delete;
  ~EndpointIndex() = default;

  [[nodiscard]] std::size_t size() const { return by_handle_.size(); }
  [[nodiscard]] Ref find(proto::ConversationHandle handle) const;
  [[nodiscard]] Ref find(proto::ConversationId conversation, bool is_initiator) const;
  [[nodiscard]] const Entry& at(Ref ref) const;
  // All handles, sorted; a copy, as endpoints come and go in loops over them.
  [[nodiscard]] std::vector<proto::ConversationHandle> handles() const;

  void reserve(std::size_t endpoints);
  // `added` with its ids and its number. kNone: its handle, or its conversation and side, is there already.
  Ref add(Entry added, std::int32_t service);
  void remove(Ref ref);  // its group stays, perhaps without members
  void set_awake(Ref ref, Endpoint* endpoint);
  void set_asleep(Ref ref, bool has_row_of_this_run);
  void set_timer(Ref ref, bool has_timer);
  void set_due(Ref ref, proto::TimePoint at);
  void set_group(Ref ref, proto::ConversationGroupId group);

  // The first that is due: by time, then by handle; kNone: none ever is.
  [[nodiscard]] Ref first_due() const { return due_.empty() ? kNone : due_.front(); }
  // The first of those that set_timer has told.
  [[nodiscard]] proto::TimePoint first_timer() const;

  // nullptr: no such group. Holds until a group comes or goes.
  [[nodiscard]] const Group* group(proto::ConversationGroupId id) const;
  // The group, made without members if it is not there; 0 leaves its service as it is.
  void hold_group(proto::ConversationGroupId id, std::int32_t service);
  void forget_group_without_members(proto::ConversationGroupId id);
  [[nodiscard]] std::vector<Group> groups() const;  // sorted

 private:
  static constexpr std::size_t kBlockEntries = 1024;
  using Block = std::array<Entry, kBlockEntries>;
  struct Place {
    Ref ref = kNone;
    std::uint32_t hash = 0;  // its upper half: the one that says where it stands
    [[nodiscard]] bool is_empty() const { return ref == kNone; }
  };
  struct PlaceHash {
    std::uint64_t operator()(const Place& place) const { return std::uint64_t{place.hash} << 32; }
  };
  struct GroupHash {
    const EndpointIndex* index;
    std::uint64_t operator()(const Group& group) const;
  };

  [[nodiscard]] Entry& place(Ref ref) {
    return (*blocks_[ref / kBlockEntries])[ref % kBlockEntries];
  }
  [[nodiscard]] std::uint64_t hash_of(proto::ConversationHandle handle) const;
  [[nodiscard]] std::uint64_t hash_of(proto::ConversationId conversation, bool is_initiator) const;
  [[nodiscard]] std::uint64_t hash_of(proto::ConversationGroupId group) const;
  [[nodiscard]] Group* group_at(proto::ConversationGroupId id);
  [[nodiscard]] Group& group_made(proto::ConversationGroupId id);
  void join_group(proto::ConversationGroupId id, std::int32_t service);
  [[nodiscard]] bool is_earlier(Ref left, Ref right) const;
  void put_due(std::size_t at, Ref ref);
  void move_up(std::size_t at, Ref ref);
  void move_down(std::size_t at, Ref ref);
  void leave_due(Ref ref);

  IdHash hash_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::uint32_t used_ = 0;  // places that were ever taken
  std::vector<Ref> free_;
  OpenTable<Place, PlaceHash> by_handle_;
  OpenTable<Place, PlaceHash> by_conversation_;
  OpenTable<Group, GroupHash> groups_;
  std::vector<Ref> due_;  // a binary heap
  std::size_t timers_ = 0;
};

}  // namespace ssb::broker::conversation
