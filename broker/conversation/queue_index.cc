#include "broker/conversation/queue_index.h"

#include <algorithm>
#include <utility>

namespace ssb::broker::conversation {
namespace {

bool is_before(const QueueEntry& entry, std::int64_t order) {
  return entry.order < order;
}

}  // namespace

QueueIndex::Entries::iterator QueueIndex::at(Group& group, std::int64_t order) {
  const auto found = std::lower_bound(group.entries.begin(), group.entries.end(), order, is_before);
  return found != group.entries.end() && found->order == order ? found : group.entries.end();
}

// Removes the group when nothing is left of it.
void QueueIndex::renew_head(Groups::iterator group) {
  Group& own = group->second;
  const QueueEntry* best = nullptr;
  for (const QueueEntry& entry : own.entries) {
    if (entry.taken_by != 0 || (best != nullptr && entry.priority <= best->priority)) continue;
    best = &entry;
    if (!own.is_mixed) break;
  }
  std::optional<Head> head;
  if (best != nullptr) head = Head{-best->priority, best->order, group->first};
  if (own.head != head) {
    if (own.head) heads_.erase(*own.head);
    if (head) heads_.insert(*head);
    own.head = head;
  }
  if (own.entries.empty()) groups_.erase(group);
}

void QueueIndex::add(GroupId id, const QueueEntry& entry) {
  const auto group = groups_.try_emplace(id).first;
  Group& own = group->second;
  if (!own.entries.empty()) {
    const QueueEntry& other = own.entries.front();
    own.is_mixed |= other.priority != entry.priority || other.rank != entry.rank;
  }
  const auto place =
      std::lower_bound(own.entries.begin(), own.entries.end(), entry.order, is_before);
  own.entries.insert(place, entry);
  ++size_;
  if (!own.head || own.is_mixed || entry.order < std::get<1>(*own.head)) renew_head(group);
}

QueueEntry* QueueIndex::find(GroupId id, std::int64_t order) {
  const auto group = groups_.find(id);
  if (group == groups_.end()) return nullptr;
  const auto found = at(group->second, order);
  return found == group->second.entries.end() ? nullptr : &*found;
}

std::optional<QueueIndex::GroupId> QueueIndex::next(
    const std::function<bool(GroupId)>& is_free) const {
  const auto found = std::find_if(heads_.begin(), heads_.end(),
                                  [&](const Head& head) { return is_free(std::get<2>(head)); });
  return found == heads_.end() ? std::nullopt : std::optional(std::get<2>(*found));
}

std::vector<QueueEntry*> QueueIndex::waiting(GroupId id,
                                             const std::optional<proto::ConversationHandle>& only,
                                             std::size_t at_most) {
  std::vector<QueueEntry*> found;
  const auto group = groups_.find(id);
  if (group == groups_.end()) return found;
  Group& own = group->second;
  for (QueueEntry& entry : own.entries) {
    if (!own.is_mixed && found.size() == at_most) break;
    if (entry.taken_by == 0 && (!only || entry.conversation == *only)) found.push_back(&entry);
  }
  if (own.is_mixed) {
    std::stable_sort(found.begin(), found.end(),
                     [](const QueueEntry* a, const QueueEntry* b) { return a->rank < b->rank; });
  }
  if (found.size() > at_most) found.resize(at_most);
  return found;
}

void QueueIndex::take(GroupId id, const std::vector<QueueEntry*>& entries,
                      std::uint64_t transaction) {
  for (QueueEntry* entry : entries) entry->taken_by = transaction;
  const auto group = groups_.find(id);
  if (group != groups_.end()) renew_head(group);
}

QueueIndex::Groups::iterator QueueIndex::group_of(GroupId expected, std::int64_t order) {
  const auto has = [order](Groups::value_type& group) {
    return at(group.second, order) != group.second.entries.end();
  };
  const auto group = groups_.find(expected);
  if (group != groups_.end() && has(*group)) return group;
  return std::find_if(groups_.begin(), groups_.end(), has);
}

void QueueIndex::give_back(GroupId id, const std::vector<std::int64_t>& orders) {
  auto changed = groups_.end();  // its head is looked for once, not for each message
  for (const std::int64_t order : orders) {
    const auto group = group_of(id, order);
    if (group == groups_.end()) continue;
    at(group->second, order)->taken_by = 0;
    if (changed != groups_.end() && changed != group) renew_head(changed);
    changed = group;
  }
  if (changed != groups_.end()) renew_head(changed);
}

void QueueIndex::remove(GroupId id, const std::vector<std::int64_t>& orders,
                        const std::function<void(const QueueEntry&)>& removed) {
  auto changed = groups_.end();
  for (const std::int64_t order : orders) {
    const auto group = group_of(id, order);
    if (group == groups_.end()) continue;
    const auto found = at(group->second, order);
    removed(*found);
    group->second.entries.erase(found);
    --size_;
    if (changed != groups_.end() && changed != group) renew_head(changed);
    changed = group;
  }
  if (changed != groups_.end()) renew_head(changed);
}

void QueueIndex::remove_conversation(GroupId id, proto::ConversationHandle conversation,
                                     const std::function<void(const QueueEntry&)>& removed) {
  const auto group = groups_.find(id);
  if (group == groups_.end()) return;
  Entries kept;
  for (const QueueEntry& entry : group->second.entries) {
    if (entry.conversation == conversation) {
      removed(entry);
      --size_;
    } else {
      kept.push_back(entry);
    }
  }
  group->second.entries = std::move(kept);
  renew_head(group);
}

void QueueIndex::move(GroupId from, GroupId to, proto::ConversationHandle conversation) {
  std::vector<QueueEntry> moved;
  remove_conversation(from, conversation, [&](const QueueEntry& entry) { moved.push_back(entry); });
  for (const QueueEntry& entry : moved) add(to, entry);
}

std::vector<std::pair<QueueIndex::GroupId, const QueueEntry*>> QueueIndex::all() const {
  std::vector<std::pair<GroupId, const QueueEntry*>> out;
  out.reserve(size_);
  for (const auto& [id, group] : groups_) {
    for (const QueueEntry& entry : group.entries) out.emplace_back(id, &entry);
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.second->order < b.second->order; });
  return out;
}

}  // namespace ssb::broker::conversation
