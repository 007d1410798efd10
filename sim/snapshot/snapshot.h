// A snapshot that has been read and checked: every row has its columns, every id that a row names is there.
//
//   Errors  Problems, with file, line, path and what to do; at most kProblemsMax of a file.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/time.h"
#include "sim/snapshot/format.h"
#include "sim/snapshot/json.h"

namespace ssb::sim::snapshot {

inline constexpr std::size_t kProblemsMax = 20;

class Row {
 public:
  Row(const Section& section, int line)
      : line_(line), section_(&section), values_(section.columns.size()) {}

  void set(std::size_t column, std::string value) { values_[column] = std::move(value); }
  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] bool has(std::string_view column) const { return at(column).has_value(); }
  // "" and 0 for NULL. Binary as lower-case hexadecimal digits, GUIDs in upper case.
  [[nodiscard]] std::string text(std::string_view column) const;
  [[nodiscard]] std::int64_t number(std::string_view column) const;
  [[nodiscard]] bool flag(std::string_view column) const { return text(column) == "1"; }
  [[nodiscard]] proto::TimePoint date(std::string_view column) const;

 private:
  [[nodiscard]] const std::optional<std::string>& at(std::string_view column) const;

  int line_;
  const Section* section_;
  std::vector<std::optional<std::string>> values_;
};

using Tables = std::map<std::string, std::vector<Row>, std::less<>>;  // by section

// The row of a table with that number in that column; null: none.
[[nodiscard]] const Row* find_row(const std::vector<Row>& rows, std::string_view column,
                                  std::int64_t number);

struct Database {
  Row head;
  Tables tables;
  std::string path;  // "$.databases[2]"

  [[nodiscard]] std::string name() const { return head.text("name"); }
  [[nodiscard]] const std::vector<Row>& rows(std::string_view section) const {
    return tables.find(section)->second;
  }
};
struct Snapshot {
  std::string file;
  std::string server;
  std::string product_version;
  proto::TimePoint taken_at{};
  Tables tables;
  std::vector<Database> databases;

  [[nodiscard]] const std::vector<Row>& rows(std::string_view section) const {
    return tables.find(section)->second;
  }
  [[nodiscard]] const Database* find(std::string_view database) const;
};

struct Problem {
  std::string file;
  int line = 1;
  std::string path;  // "$.databases[0].certificates[2].principal_id"; empty: not yet JSON
  std::string text;  // what is wrong, and what to do

  [[nodiscard]] std::string message() const;  // "A.json:12: $.taken_at: ..."
};

// `bytes` of the file; nullopt when there are problems.
[[nodiscard]] std::optional<Snapshot> read_snapshot(const std::string& file, std::string_view bytes,
                                                    std::vector<Problem>& problems);
// What may not be of several snapshots together: one server in two files.
void check_together(const std::vector<Snapshot>& snapshots, std::vector<Problem>& problems);

}  // namespace ssb::sim::snapshot
