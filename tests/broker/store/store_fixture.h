// What the tests of the store share: a folder of their own, and short forms for statements.
#pragma once

#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "broker/store/store.h"

namespace ssb::broker::store {

inline constexpr DatabaseId kSales = 5;  // the first id of a user database

// A folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ssb_store_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline StoreOptions in_memory() {
  StoreOptions options;
  options.in_memory = true;
  return options;
}

// What a test throws from on_step to stop the store in the middle.
struct Crash {};

inline std::string to_text(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const proto::Bytes& bytes) const { return "0x" + proto::to_hex(bytes); }
  };
  return std::visit(Visitor{}, value);
}

// "1,a;2,b" of two rows; "error: ..." of a failure.
inline std::string to_text(const StoreResult<ResultSet>& result) {
  if (!result) return "error: " + result.error().message;
  std::string text;
  for (const Row& row : result->rows) {
    if (!text.empty()) text += ';';
    for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : ",") + to_text(row[i]);
  }
  return text;
}

inline std::string accepted(const Store& store, DatabaseId database, std::string_view sql) {
  return to_text(store.query(database, sql, {}));
}
inline std::string seen_by(Store& store, Transaction& transaction, DatabaseId database,
                           std::string_view sql) {
  return to_text(store.execute(transaction, database, sql, {}));
}

}  // namespace ssb::broker::store
