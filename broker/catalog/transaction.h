// What one T-SQL transaction has done so far, over any number of databases, and how to undo it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/store/store.h"

namespace ssb::broker::catalog {

// Work of a higher layer (conversations) that belongs to the transaction; it has its own commit and rollback.
struct Attachment {
  virtual ~Attachment() = default;
};

struct Transaction {
  store::Transaction writes;
  // Catalog rows as they were, newest last; an empty `before` means that the row was not there.
  struct Undo {
    store::DatabaseId database;
    int kind;
    std::int32_t id;
    bool existed;
    std::string before;
  };
  std::vector<Undo> undo;
  std::unique_ptr<Attachment> dialogs;
  std::uint64_t id = 0;  // of Instance::begin
};

}  // namespace ssb::broker::catalog
