#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "proto/error.h"
#include "sim/cli/cli.h"
#include "sim/cli/explain_data.h"

namespace ssb::sim::cli {
namespace {

constexpr std::size_t kNearShown = 5;

void print_value(std::ostream& out, std::string_view name, const boost::json::value& value) {
  if (value.is_array()) {
    bool is_first = true;
    for (const auto& item : value.as_array()) {
      fmt::print(out, "  {:<11} {}\n", is_first ? name : "",
                 item.is_string() ? std::string(item.as_string()) : boost::json::serialize(item));
      is_first = false;
    }
  } else {
    fmt::print(out, "  {:<11} {}\n", name,
               value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value));
  }
}

// A few away, or two digits next to each other exchanged.
bool is_near(std::int32_t number, std::int32_t candidate) {
  constexpr std::int32_t kAway = 5;
  if (std::abs(number - candidate) <= kAway) return true;
  const std::string given = std::to_string(number);
  for (std::size_t i = 0; i + 1 < given.size(); ++i) {
    std::string exchanged = given;
    std::swap(exchanged[i], exchanged[i + 1]);
    if (exchanged == std::to_string(candidate)) return true;
  }
  return false;
}

void refuse_unknown(Context& context, std::int32_t number) {
  std::vector<std::int32_t> near;
  for (const proto::ErrorRow& row : proto::error_rows()) {
    const auto candidate = static_cast<std::int32_t>(row.code);
    if (is_near(number < 0 ? -number : number, candidate)) near.push_back(candidate);
  }
  std::stable_sort(near.begin(), near.end(), [&](std::int32_t a, std::int32_t b) {
    return std::abs(a - number) < std::abs(b - number);
  });
  if (near.size() > kNearShown) near.resize(kNearShown);
  fmt::print(context.err, "ssbsim: no error has the number {}{}\n", number,
             near.empty() ? "" : fmt::format("; near it are {}", fmt::join(near, ", ")));
  context.exit_code = kExitUsage;
}

void explain(Context& context, std::int32_t number) {
  // -8494 in an error message of a queue is 8494.
  const std::int32_t positive = number < 0 ? -number : number;
  const proto::ErrorRow* row = proto::find_error(positive);
  if (row == nullptr) return refuse_unknown(context, number);
  fmt::print(context.out, "{}  {}   severity {}\n  {:<11} {}\n", positive, row->name, row->severity,
             "text", row->text);
  const boost::json::value all = boost::json::parse(explain_json());
  const auto* entry = all.as_object().if_contains(std::to_string(positive));
  if (entry == nullptr || !entry->is_object()) return;
  for (const auto& [name, value] : entry->as_object()) print_value(context.out, name, value);
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("explain", "Say what an error number means, why it comes and what helps");
  command->footer("Examples:\n  ssbsim explain 9727\n  ssbsim explain -- -8494");
  auto number = std::make_shared<std::int32_t>(0);
  command->add_option("number", *number, "SQL Server's number of the error")->required();
  command->callback([&context, number] { explain(context, *number); });
}

}  // namespace ssb::sim::cli
