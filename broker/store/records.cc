#include "broker/store/records.h"

#include <iterator>
#include <utility>

namespace ssb::broker::store {

void Records::put(std::string_view table, proto::ByteView key, RecordValue value) {
  auto place = tables_.find(table);
  if (place == tables_.end()) place = tables_.emplace(std::string(table), Table()).first;
  const auto [item, is_new] = place->second.try_emplace(proto::to_bytes(key));
  if (!item->second.is_changed) {
    if (!is_new) --counts_.at(item->second.generation);
    changes_.push_back({&place->first, &item->first, &item->second});
    item->second.is_changed = true;
  }
  item->second.value = std::move(value);
}

const Records::Item* Records::find(std::string_view table, proto::ByteView key) const {
  const Table* const items = this->table(table);
  if (items == nullptr) return nullptr;
  const auto item = items->find(proto::to_bytes(key));
  return item == items->end() ? nullptr : &item->second;
}

const Records::Table* Records::table(std::string_view name) const {
  const auto place = tables_.find(name);
  return place == tables_.end() ? nullptr : &place->second;
}

void Records::set_flushed(std::uint8_t generation) {
  for (const Change& change : changes_) {
    change.item->is_changed = false;
    change.item->generation = generation;
  }
  counts_.at(generation) += changes_.size();
  changes_.clear();
}

void Records::set_flushed_in_memory() {
  for (const Change& change : changes_) {
    change.item->is_changed = false;
    if (change.item->value) {
      ++counts_[0];
      continue;
    }
    Table& items = tables_.find(*change.table)->second;
    items.erase(items.find(*change.key));
  }
  changes_.clear();
}

void Records::clear() {
  changes_.clear();
  tables_.clear();
  counts_ = {};
}

void Records::clear(std::uint8_t generation) {
  for (auto table = tables_.begin(); table != tables_.end();) {
    std::erase_if(table->second, [generation](const auto& item) {
      return !item.second.is_changed && item.second.generation == generation;
    });
    // Changes name their tables.
    table = table->second.empty() ? tables_.erase(table) : std::next(table);
  }
  counts_.at(generation) = 0;
}

}  // namespace ssb::broker::store
