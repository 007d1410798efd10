// T-SQL that cures a finding, as lines of a scenario: with the instance and the database that it is for, and files copied by hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/catalog/instance.h"
#include "sim/doctor/doctor.h"

namespace ssb::sim::doctor {

[[nodiscard]] std::string bracketed(std::string_view name);  // [Sales]
[[nodiscard]] std::string literal(std::string_view text);    // 'text'
// Of a password that the reader has to choose; fit for the policy, so that a cure can be tried as it stands.
inline constexpr std::string_view kPassword = "Change_this_1!";

class Cure {
 public:
  // What follows is for that instance and database.
  Cure& on(const std::string& instance, std::string_view database);
  Cure& run(std::string statement);  // without ';'
  Cure& copy(const std::string& from, const std::string& file, const std::string& to);
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  void end_batch();

  std::vector<std::string> lines_;
  std::string instance_;
  std::string database_;
  bool has_statement_ = false;
};

// One line: "HOST_B: USE [Db]; CREATE ROUTE ...; copy 'x.cer' to HOST_A".
[[nodiscard]] std::string in_one_line(const std::vector<std::string>& lines);

// `base`, or with a number behind it: a name that no object of this kind has there.
template <typename Object>
[[nodiscard]] std::string free_name(const broker::catalog::Catalog& catalog,
                                    const std::string& base) {
  std::string name = base;
  for (int i = 2; catalog.table<Object>().find(std::string_view(name)) != nullptr; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

}  // namespace ssb::sim::doctor
