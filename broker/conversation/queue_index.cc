#include "broker/conversation/queue_index.h"

#include <algorithm>
#include <utility>

namespace ssb::broker::conversation {
namespace {

bool is_before(const QueueEntry& entry, std::int64_t order) {
  return entry.order < order;
}

}  // namespace

void QueueIndex::Entries::erase(iterator entry) {
  if (entry != begin()) {
    all_.erase(entry);
    return;
  }
  ++first_;
  if (is_empty()) {
    all_.clear();
    first_ = 0;
  } else if (static_cast<std::size_t>(first_) * 2 > all_.size()) {  // each is moved once at most
    all_.erase(all_.begin(), all_.begin() + first_);
    first_ = 0;
  }
}

QueueIndex::Entries::iterator QueueIndex::at(Group& group, std::int64_t order) {
  const auto found = std::lower_bound(group.entries.begin(), group.entries.end(), order, is_before);
  return found != group.entries.end() && found->order == order ? found : group.entries.end();
}

QueueIndex::Group* QueueIndex::group(GroupId id) {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : &found->second;
}

void QueueIndex::renew_head(Group& own) {
  const QueueEntry* best = nullptr;
  for (const QueueEntry& entry : own.entries) {
    if (entry.taken_by != 0 || (best != nullptr && entry.priority <= best->priority)) continue;
    best = &entry;
    if (!own.is_mixed) break;
  }
  std::optional<Head> head;
  if (best != nullptr) head = Head{-best->priority, best->order, &own};
  if (own.head != head) {
    if (own.head) heads_.erase(*own.head);
    if (head) heads_.insert(heads_.end(), *head);  // mostly the newest
    own.head = head;
  }
  if (own.entries.is_empty()) groups_.erase(own.id);
}

void QueueIndex::add(GroupId id, const QueueEntry& entry) {
  Group& own = groups_.try_emplace(id).first->second;
  own.id = id;
  if (!own.entries.is_empty()) {
    const QueueEntry& other = *own.entries.begin();
    own.is_mixed |= other.priority != entry.priority || other.rank != entry.rank;
  }
  const auto place =
      std::lower_bound(own.entries.begin(), own.entries.end(), entry.order, is_before);
  own.entries.insert(place, entry);
  ++size_;
  if (!own.head || own.is_mixed || entry.order < own.head->order) renew_head(own);
}

QueueEntry* QueueIndex::find(GroupId id, std::int64_t order) {
  Group* own = group(id);
  if (own == nullptr) return nullptr;
  const auto found = at(*own, order);
  return found == own->entries.end() ? nullptr : &*found;
}

std::optional<QueueIndex::GroupId> QueueIndex::next(
    const std::function<bool(GroupId)>& is_free) const {
  const auto found = std::find_if(heads_.begin(), heads_.end(),
                                  [&](const Head& head) { return is_free(head.group->id); });
  return found == heads_.end() ? std::nullopt : std::optional(found->group->id);
}

std::vector<QueueEntry*> QueueIndex::waiting(GroupId id,
                                             const std::optional<proto::ConversationHandle>& only,
                                             std::size_t at_most) {
  std::vector<QueueEntry*> found;
  Group* own = group(id);
  if (own == nullptr) return found;
  for (QueueEntry& entry : own->entries) {
    if (!own->is_mixed && found.size() == at_most) break;
    if (entry.taken_by == 0 && (!only || entry.conversation == *only)) found.push_back(&entry);
  }
  if (own->is_mixed) {
    std::stable_sort(found.begin(), found.end(), [](const QueueEntry* a, const QueueEntry* b) {
      return a->priority != b->priority ? a->priority > b->priority : a->rank < b->rank;
    });
  }
  if (found.size() > at_most) found.resize(at_most);
  return found;
}

void QueueIndex::take(GroupId id, const std::vector<QueueEntry*>& entries,
                      std::uint64_t transaction) {
  for (QueueEntry* entry : entries) entry->taken_by = transaction;
  if (Group* own = group(id)) renew_head(*own);
}

QueueIndex::Group* QueueIndex::group_of(GroupId expected, std::int64_t order) {
  const auto having = [order](Group* found) {
    return found != nullptr && at(*found, order) != found->entries.end() ? found : nullptr;
  };
  if (Group* found = having(group(expected))) return found;
  const auto moved = moved_.find(order);
  return moved == moved_.end() ? nullptr : having(group(moved->second));
}

void QueueIndex::give_back(GroupId id, const std::vector<std::int64_t>& orders) {
  Group* changed = nullptr;  // its head is looked for once, not for each message
  for (const std::int64_t order : orders) {
    Group* own = group_of(id, order);
    if (own == nullptr) continue;
    at(*own, order)->taken_by = 0;
    moved_.erase(order);
    if (changed != nullptr && changed != own) renew_head(*changed);
    changed = own;
  }
  if (changed != nullptr) renew_head(*changed);
}

void QueueIndex::remove(GroupId id, const std::vector<std::int64_t>& orders,
                        const std::function<void(const QueueEntry&)>& removed) {
  Group* changed = nullptr;
  for (const std::int64_t order : orders) {
    Group* own = group_of(id, order);
    if (own == nullptr) continue;
    const auto found = at(*own, order);
    removed(*found);
    own->entries.erase(found);
    moved_.erase(order);
    --size_;
    if (changed != nullptr && changed != own) renew_head(*changed);
    changed = own;
  }
  if (changed != nullptr) renew_head(*changed);
}

void QueueIndex::remove_conversation(GroupId id, proto::ConversationHandle conversation,
                                     const std::function<void(const QueueEntry&)>& removed) {
  Group* own = group(id);
  if (own == nullptr) return;
  Entries kept;
  for (const QueueEntry& entry : own->entries) {
    if (entry.conversation == conversation) {
      removed(entry);
      moved_.erase(entry.order);
      --size_;
    } else {
      kept.insert(kept.end(), entry);
    }
  }
  own->entries = std::move(kept);
  renew_head(*own);
}

void QueueIndex::move(GroupId from, GroupId to, proto::ConversationHandle conversation) {
  std::vector<QueueEntry> moved;
  remove_conversation(from, conversation, [&](const QueueEntry& entry) { moved.push_back(entry); });
  for (const QueueEntry& entry : moved) {
    add(to, entry);
    if (entry.taken_by != 0) moved_[entry.order] = to;
  }
}

std::vector<std::pair<QueueIndex::GroupId, const QueueEntry*>> QueueIndex::all() {
  std::vector<std::pair<GroupId, const QueueEntry*>> out;
  out.reserve(size_);
  for (auto& [id, group] : groups_) {
    for (const QueueEntry& entry : group.entries) out.emplace_back(id, &entry);
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.second->order < b.second->order; });
  return out;
}

}  // namespace ssb::broker::conversation
