#include "broker/conversation/endpoint_index.h"

#include <algorithm>

#include "proto/check.h"

namespace ssb::broker::conversation {
namespace {

// What a hash is of: an initiator's conversation id and a target's are two names.
constexpr std::uint64_t kHandleKind = 0;
constexpr std::uint64_t kGroupKind = 1;
constexpr std::uint64_t kConversationKind = 2;

std::uint32_t upper_half(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

EndpointIndex::EndpointIndex(IdHash hash)
    : hash_(hash),
      by_handle_(PlaceHash{}),
      by_conversation_(PlaceHash{}),
      groups_(GroupHash{this}) {}

std::uint64_t EndpointIndex::GroupHash::operator()(const Group& group) const {
  return index->hash_of(group.id);
}

std::uint64_t EndpointIndex::hash_of(proto::ConversationHandle handle) const {
  return hash_(handle.guid, kHandleKind);
}
std::uint64_t EndpointIndex::hash_of(proto::ConversationId conversation, bool is_initiator) const {
  return hash_(conversation.guid, kConversationKind + (is_initiator ? 1U : 0U));
}
std::uint64_t EndpointIndex::hash_of(proto::ConversationGroupId group) const {
  return hash_(group.guid, kGroupKind);
}

EndpointIndex::Ref EndpointIndex::find(proto::ConversationHandle handle) const {
  const std::uint64_t hash = hash_of(handle);
  const Place* found = by_handle_.find(hash, [&](const Place& place) {
    return place.hash == upper_half(hash) && at(place.ref).handle == handle;
  });
  return found == nullptr ? kNone : found->ref;
}

EndpointIndex::Ref EndpointIndex::find(proto::ConversationId conversation,
                                       bool is_initiator) const {
  const std::uint64_t hash = hash_of(conversation, is_initiator);
  const Place* found = by_conversation_.find(hash, [&](const Place& place) {
    if (place.hash != upper_half(hash)) return false;
    const Entry& entry = at(place.ref);
    return entry.conversation == conversation && entry.is_initiator == is_initiator;
  });
  return found == nullptr ? kNone : found->ref;
}

const EndpointIndex::Entry& EndpointIndex::at(Ref ref) const {
  return (*blocks_[ref / kBlockEntries])[ref % kBlockEntries];
}

std::vector<proto::ConversationHandle> EndpointIndex::handles() const {
  std::vector<proto::ConversationHandle> out;
  out.reserve(size());
  by_handle_.each([&](const Place& place) { out.push_back(at(place.ref).handle); });
  std::sort(out.begin(), out.end());
  return out;
}

void EndpointIndex::reserve(std::size_t endpoints) {
  by_handle_.reserve(endpoints);
  by_conversation_.reserve(endpoints);
  groups_.reserve(endpoints);
}

EndpointIndex::Ref EndpointIndex::add(Entry added, std::int32_t service) {
  if (find(added.handle) != kNone || find(added.conversation, added.is_initiator) != kNone)
    return kNone;
  Ref ref = used_;
  if (free_.empty()) {
    SSB_CHECK(used_ < kNone);
    if (used_ == blocks_.size() * kBlockEntries) blocks_.push_back(std::make_unique<Block>());
    ++used_;
  } else {
    ref = free_.back();
    free_.pop_back();
  }
  const proto::TimePoint due = std::exchange(added.due, proto::kNever);
  added.heap_at = UINT32_MAX;
  if (added.has_timer) ++timers_;
  place(ref) = added;
  by_handle_.add({ref, upper_half(hash_of(added.handle))});
  by_conversation_.add({ref, upper_half(hash_of(added.conversation, added.is_initiator))});
  join_group(added.group, service);
  set_due(ref, due);
  return ref;
}

void EndpointIndex::remove(Ref ref) {
  const Entry& entry = at(ref);
  leave_due(ref);
  if (entry.has_timer) --timers_;
  const auto is_it = [&](const Place& place) { return place.ref == ref; };
  by_handle_.erase(by_handle_.find(hash_of(entry.handle), is_it));
  by_conversation_.erase(
      by_conversation_.find(hash_of(entry.conversation, entry.is_initiator), is_it));
  --group_at(entry.group)->members;
  place(ref) = Entry{};
  free_.push_back(ref);
}

void EndpointIndex::set_asleep(Ref ref, bool has_row_of_this_run) {
  Entry& entry = place(ref);
  entry.awake = nullptr;
  entry.has_slept = has_row_of_this_run;
}

void EndpointIndex::set_awake(Ref ref, Endpoint* endpoint) {
  place(ref).awake = endpoint;
}

void EndpointIndex::set_timer(Ref ref, bool has_timer) {
  Entry& entry = place(ref);
  if (std::exchange(entry.has_timer, has_timer)) --timers_;
  if (has_timer) ++timers_;
}

proto::TimePoint EndpointIndex::first_timer() const {
  proto::TimePoint first = proto::kNever;
  if (timers_ == 0) return first;
  for (const Ref ref : due_) {
    if (at(ref).has_timer) first = std::min(first, at(ref).due);
  }
  return first;
}

// ---- groups ----

EndpointIndex::Group* EndpointIndex::group_at(proto::ConversationGroupId id) {
  return groups_.find(hash_of(id), [&](const Group& group) { return group.id == id; });
}

const EndpointIndex::Group* EndpointIndex::group(proto::ConversationGroupId id) const {
  return groups_.find(hash_of(id), [&](const Group& group) { return group.id == id; });
}

EndpointIndex::Group& EndpointIndex::group_made(proto::ConversationGroupId id) {
  Group* found = group_at(id);
  return found != nullptr ? *found : groups_.add({id, 0, 0});
}

void EndpointIndex::hold_group(proto::ConversationGroupId id, std::int32_t service) {
  Group& group = group_made(id);
  if (service != 0) group.service = service;
}

void EndpointIndex::join_group(proto::ConversationGroupId id, std::int32_t service) {
  Group& group = group_made(id);
  if (service != 0) group.service = service;
  ++group.members;
}

void EndpointIndex::forget_group_without_members(proto::ConversationGroupId id) {
  const Group* found = group(id);
  if (found != nullptr && found->members == 0) groups_.erase(found);
}

void EndpointIndex::set_group(Ref ref, proto::ConversationGroupId id) {
  Group* before = group_at(at(ref).group);
  const std::int32_t service = before->service;
  --before->members;
  place(ref).group = id;
  join_group(id, service);
}

std::vector<EndpointIndex::Group> EndpointIndex::groups() const {
  std::vector<Group> out;
  out.reserve(groups_.size());
  groups_.each([&](const Group& group) { out.push_back(group); });
  std::sort(out.begin(), out.end(), [](const Group& a, const Group& b) { return a.id < b.id; });
  return out;
}

// ---- who is due ----

bool EndpointIndex::is_earlier(Ref left, Ref right) const {
  const Entry& a = at(left);
  const Entry& b = at(right);
  return a.due != b.due ? a.due < b.due : a.handle < b.handle;
}

void EndpointIndex::put_due(std::size_t at, Ref ref) {
  due_[at] = ref;
  place(ref).heap_at = static_cast<std::uint32_t>(at);
}

void EndpointIndex::move_up(std::size_t at, Ref ref) {
  while (at > 0 && is_earlier(ref, due_[(at - 1) / 2])) {
    put_due(at, due_[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  put_due(at, ref);
}

void EndpointIndex::move_down(std::size_t at, Ref ref) {
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= due_.size()) break;
    if (child + 1 < due_.size() && is_earlier(due_[child + 1], due_[child])) ++child;
    if (!is_earlier(due_[child], ref)) break;
    put_due(at, due_[child]);
    at = child;
  }
  put_due(at, ref);
}

void EndpointIndex::leave_due(Ref ref) {
  const std::uint32_t hole = std::exchange(place(ref).heap_at, UINT32_MAX);
  if (hole == UINT32_MAX) return;
  const Ref last = due_.back();
  due_.pop_back();
  if (last == ref) return;
  if (hole > 0 && is_earlier(last, due_[(hole - 1) / 2]))
    move_up(hole, last);
  else
    move_down(hole, last);
}

void EndpointIndex::set_due(Ref ref, proto::TimePoint at) {
  if (place(ref).due == at) return;
  leave_due(ref);
  place(ref).due = at;
  if (at == proto::kNever) return;
  due_.push_back(ref);
  move_up(due_.size() - 1, ref);
}

}  // namespace ssb::broker::conversation
