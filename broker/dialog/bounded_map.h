// A map that forgets what was used longest ago when it is full: the caches of this folder.
//
//   Shape   a list in order of use, newest first, and an index into it: a tree, or with a Hash a hash table, which nobody sees the
//   order of. Where peers choose the keys the Hash has a secret. References stay valid until their entry is dropped.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "proto/check.h"

namespace ssb::broker::dialog {

template <typename Key, typename Value, typename Hash = void>
class BoundedMap {
 public:
  explicit BoundedMap(std::size_t size_max) : size_max_(size_max) { SSB_CHECK(size_max > 0); }
  BoundedMap(const BoundedMap&) = delete;  // the index points into the list
  BoundedMap& operator=(const BoundedMap&) = delete;
  ~BoundedMap() = default;

  // The value, now the newest; nullptr when there is none.
  [[nodiscard]] Value* find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  // Adds or replaces, and drops the oldest when there are too many.
  Value& put(const Key& key, Value value) {
    if (Value* old = find(key)) return *old = std::move(value);
    entries_.emplace_front(key, std::move(value));
    index_.emplace(key, entries_.begin());
    if (entries_.size() > size_max_) erase(std::prev(entries_.end()));
    return entries_.front().second;
  }
  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found != index_.end()) erase(found->second);
  }
  template <typename Condition>
  void erase_if(const Condition& condition) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto next = std::next(entry);
      if (condition(entry->first, entry->second)) erase(entry);
      entry = next;
    }
  }
  void clear() {
    index_.clear();
    entries_.clear();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t size_max() const { return size_max_; }

 private:
  using Entries = std::list<std::pair<Key, Value>>;
  using Place = typename Entries::iterator;
  void erase(Place entry) {
    index_.erase(entry->first);
    entries_.erase(entry);
  }

  std::size_t size_max_;
  Entries entries_;
  std::conditional_t<std::is_void_v<Hash>, std::map<Key, Place>,
                     std::unordered_map<Key, Place, Hash>>
      index_;
};

}  // namespace ssb::broker::dialog
