// A hash table in one array, for indexes of very many small entries: no allocation an entry, no pointer to follow.
//
//   Shape   open addressing with linear probing; an entry's home is its hash scaled to the capacity; what follows a removed entry moves
//           back, so there are no graves. The capacity grows by half, at four fifths full: 1.25 to 1.9 places an entry.
//   Order   of `each`: by hash. Whoever lets it reach output sorts.
//   Source  Knuth, The Art of Computer Programming 3, 6.4, algorithms L and R.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ssb::broker::conversation {

// An Entry made by default is empty, and says so: is_empty(). HashOf gives the hash of one that is not.
template <typename Entry, typename HashOf>
class OpenTable {
 public:
  explicit OpenTable(HashOf hash_of) : hash_of_(hash_of) {}

  [[nodiscard]] std::size_t size() const { return size_; }

  // The entry of this hash that `is` accepts; nullptr: none. Holds until an entry is added or erased.
  template <typename Is>
  [[nodiscard]] const Entry* find(std::uint64_t hash, const Is& is) const {
    if (places_.empty()) return nullptr;
    for (std::size_t at = home(hash);; at = after(at)) {
      const Entry& entry = places_[at];
      if (entry.is_empty()) return nullptr;
      if (is(entry)) return &entry;
    }
  }
  template <typename Is>
  [[nodiscard]] Entry* find(std::uint64_t hash, const Is& is) {
    return const_cast<Entry*>(std::as_const(*this).find(hash, is));
  }
  // One that is not there yet.
  Entry& add(Entry entry) {
    if ((size_ + 1) * 5 > places_.size() * 4) grow(places_.size() + places_.size() / 2 + kFewest);
    ++size_;
    return put(std::move(entry));
  }
  // An entry that `find` has given.
  void erase(const Entry* entry) {
    auto hole = static_cast<std::size_t>(entry - places_.data());
    for (std::size_t at = after(hole); !places_[at].is_empty(); at = after(at)) {
      const std::size_t wanted = home(hash_of_(places_[at]));
      const bool stays =
          hole <= at ? (hole < wanted && wanted <= at) : (hole < wanted || wanted <= at);
      if (stays) continue;
      places_[hole] = std::move(places_[at]);
      hole = at;
    }
    places_[hole] = Entry{};
    --size_;
  }
  void reserve(std::size_t entries) {
    if (entries * 5 > places_.size() * 4) grow(entries + entries / 4 + kFewest);
  }
  template <typename See>
  void each(const See& see) const {
    for (const Entry& entry : places_) {
      if (!entry.is_empty()) see(entry);
    }
  }

 private:
  static constexpr std::size_t kFewest = 16;

  [[nodiscard]] std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>(((hash >> 32) * places_.size()) >> 32);
  }
  [[nodiscard]] std::size_t after(std::size_t at) const {
    return at + 1 == places_.size() ? 0 : at + 1;
  }
  Entry& put(Entry entry) {
    std::size_t at = home(hash_of_(entry));
    while (!places_[at].is_empty()) at = after(at);
    return places_[at] = std::move(entry);
  }
  void grow(std::size_t capacity) {
    std::vector<Entry> before = std::exchange(places_, std::vector<Entry>(capacity));
    for (Entry& entry : before) {
      if (!entry.is_empty()) put(std::move(entry));
    }
  }

  HashOf hash_of_;
  std::vector<Entry> places_;
  std::size_t size_ = 0;
};

}  // namespace ssb::broker::conversation
