// Known answers of tests/vectors/*.txt: rows of "name = hexadecimal" lines, separated by empty
// lines.
#pragma once

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proto/bytes.h"

namespace ssb::test {

class VectorRow {
 public:
  void set(const std::string& field, const std::string& value) { fields_[field] = value; }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] bool has(const std::string& field) const { return fields_.count(field) == 1; }
  // The text as it is: names, results and decimal numbers.
  [[nodiscard]] std::string text(const std::string& field) const {
    const auto found = fields_.find(field);
    if (found == fields_.end()) ADD_FAILURE() << "no field " << field << " in " << text("name");
    return found == fields_.end() ? std::string() : found->second;
  }
  [[nodiscard]] proto::Bytes bytes(const std::string& field) const {
    const auto decoded = proto::from_hex(text(field));
    if (!decoded) ADD_FAILURE() << field << " of " << text("name") << " is not hexadecimal";
    return decoded.value_or(proto::Bytes());
  }
  [[nodiscard]] bool is_refused() const { return has("result") && text("result") == "refused"; }

 private:
  std::map<std::string, std::string> fields_;
};

// All rows of tests/vectors/<name>; a file without rows fails the test.
inline std::vector<VectorRow> read_vectors(const std::string& name) {
  std::ifstream file(std::string(SSB_SOURCE_DIR) + "/tests/vectors/" + name);
  std::vector<VectorRow> rows;
  VectorRow row;
  const auto finish = [&] {
    if (!row.empty()) rows.push_back(row);
    row = VectorRow();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto equals = line.find(" =");
    if (equals == std::string::npos) {
      finish();
    } else {
      const auto value = line.find_first_not_of(' ', equals + 2);
      row.set(line.substr(0, equals), value == std::string::npos ? "" : line.substr(value));
    }
  }
  finish();
  EXPECT_FALSE(rows.empty()) << name << " has no row";
  return rows;
}

}  // namespace ssb::test
