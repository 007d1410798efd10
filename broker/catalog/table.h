// One kind of catalog object of one database: by id, and by name under the catalog's collation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

namespace ssb::broker::catalog {

// Equality of the catalog's collation: case does not count, trailing blanks do not count.
[[nodiscard]] bool names_equal(std::string_view a, std::string_view b);

template <typename Object>
class Table {
 public:
  [[nodiscard]] const Object* find(std::int32_t id) const {
    const auto found = objects_.find(id);
    return found == objects_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Object* find(std::string_view name) const {
    return find_if([name](const Object& object) { return names_equal(object.name(), name); });
  }
  // The object with the lowest id that fits.
  [[nodiscard]] const Object* find_if(const std::function<bool(const Object&)>& fits) const {
    for (const auto& [id, object] : objects_) {
      if (fits(object)) return &object;
    }
    return nullptr;
  }
  [[nodiscard]] auto begin() const { return objects_.begin(); }  // pairs (id, object), by id
  [[nodiscard]] auto end() const { return objects_.end(); }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }
  // One above the highest id that a user's object ever had, at least `first`. Built-in objects do
  // not count, and ids of dropped objects do not come again. Catalog::next_id knows `first`.
  [[nodiscard]] std::int32_t next_id(std::int32_t first) const {
    std::int32_t id = std::max(first, highest_ + 1);
    while (objects_.contains(id)) ++id;
    return id;
  }

 private:
  friend class Catalog;
  std::map<std::int32_t, Object> objects_;
  std::int32_t highest_ = 0;  // of users' objects, dropped ones included
};

}  // namespace ssb::broker::catalog
