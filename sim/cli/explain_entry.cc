#include "sim/cli/explain_entry.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "proto/error.h"
#include "sim/cli/explain_data.h"
#include "sim/doctor/checks.h"
#include "sim/scenario/near.h"
#include "sim/why/causes.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kNearShown = 5;

// One thing that is explained: `head` in text, `identity` in JSON, and the same fields in both.
struct Entry {
  std::string head;
  json::object identity;
  json::object fields;
};

void print_value(std::ostream& out, std::string_view name, const json::value& value) {
  const auto text = [](const json::value& one) {
    return one.is_string() ? std::string(one.as_string()) : json::serialize(one);
  };
  if (!value.is_array()) {
    fmt::print(out, "  {:<11} {}\n", name, text(value));
    return;
  }
  const json::array& items = value.as_array();
  if (std::ranges::all_of(items, [](const json::value& item) { return item.is_int64(); })) {
    std::string line;
    for (const json::value& item : items) line += (line.empty() ? "" : " ") + text(item);
    fmt::print(out, "  {:<11} {}\n", name, line);
    return;
  }
  bool is_first = true;
  for (const json::value& item : items) {
    fmt::print(out, "  {:<11} {}\n", is_first ? name : "", text(item));
    is_first = false;
  }
}

void print_fields(std::ostream& out, const json::object& fields) {
  for (const auto& [name, value] : fields) print_value(out, name, value);
}

void print(Context& context, Entry entry, bool as_json) {
  if (!as_json) {
    fmt::print(context.out, "{}\n", entry.head);
    return print_fields(context.out, entry.fields);
  }
  for (const auto& [name, value] : entry.fields) entry.identity[name] = value;
  fmt::print(context.out, "{}\n", json::serialize(entry.identity));
}

json::array numbers_of(std::string_view numbers) {
  json::array out;
  std::istringstream in{std::string(numbers)};
  for (int number = 0; in >> number;) out.push_back(number);
  return out;
}

// ---- numbers ----

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

std::vector<std::int32_t> near_numbers(std::int32_t number) {
  std::vector<std::int32_t> near;
  for (const proto::ErrorRow& row : proto::error_rows()) {
    const auto candidate = static_cast<std::int32_t>(row.code);
    if (is_near(number, candidate)) near.push_back(candidate);
  }
  std::stable_sort(near.begin(), near.end(), [&](std::int32_t a, std::int32_t b) {
    return std::abs(a - number) < std::abs(b - number);
  });
  if (near.size() > kNearShown) near.resize(kNearShown);
  return near;
}

void refuse_number(Context& context, std::int32_t number) {
  const auto near = near_numbers(number < 0 ? -number : number);
  fmt::print(context.err,
             "ssbsim: {} is no number that ssbsim gives, and none of Service Broker in SQL "
             "Server's public tables{}\n",
             number, near.empty() ? "" : fmt::format("; near it are {}", fmt::join(near, ", ")));
  context.exit_code = kExitUsage;
}

// Those that provoke the number; what a page holds of them.
json::array scenarios_of(std::int32_t number) {
  constexpr std::size_t kScenariosShown = 10;
  std::istringstream lines(scenario_numbers());
  json::array out;
  std::size_t more = 0;
  std::int32_t of = 0;
  for (std::string scenario; lines >> of >> scenario;) {
    if (of != number) continue;
    if (out.size() < kScenariosShown)
      out.emplace_back(scenario);
    else
      ++more;
  }
  if (more > 0) out.emplace_back(fmt::format("and {} more", more));
  return out;
}

Entry entry_of(const proto::ErrorRow& row) {
  const auto number = static_cast<std::int32_t>(row.code);
  Entry entry{
      .head = fmt::format("{}  {}   severity {}", number, row.name, row.severity),
      .identity = {{"type", "error"},
                   {"number", number},
                   {"name", row.name},
                   {"severity", row.severity}},
      .fields = {{"text", row.text}},
  };
  const json::value all = json::parse(explain_json());
  if (const auto* more = all.as_object().if_contains(std::to_string(number))) {
    for (const auto& [name, value] : more->as_object()) entry.fields[name] = value;
  }
  const json::array scenarios = scenarios_of(number);
  if (!scenarios.empty()) entry.fields["scenarios"] = scenarios;
  return entry;
}

// Whether "8403, 9605-9608" has it.
bool has_number(std::string_view list, std::int32_t number) {
  std::istringstream in{std::string(list)};
  for (std::string part; std::getline(in, part, ',');) {
    std::istringstream range(part);
    std::int32_t first = 0;
    if (!(range >> first)) continue;
    std::int32_t last = first;
    if (range.peek() == '-') {
      range.get();
      range >> last;
    }
    if (first <= number && number <= last) return true;
  }
  return false;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

// A row "| what (n) | numbers | why |" of docs/errors.md that has the number.
std::optional<Entry> entry_of_absent(std::int32_t number) {
  std::istringstream page(absent_numbers());
  for (std::string line; std::getline(page, line);) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(trimmed(cell));
    if (!line.starts_with('|') || cells.size() < 4 || !has_number(cells[2], number)) continue;
    Entry entry{
        .head = fmt::format("{}  never comes from ssbsim", number),
        .identity = {{"type", "absent"}, {"number", number}},
        .fields = {{"kind", trimmed(cells[1].substr(0, cells[1].rfind('(')))}, {"why", cells[3]}},
    };
    const auto near = near_numbers(number);
    if (!near.empty()) entry.fields["near it"] = json::array(near.begin(), near.end());
    return entry;
  }
  return std::nullopt;
}

// ---- events ----

// "1 Create", or "0" where the class has no subclasses.
void print_subclass(std::ostream& out, std::string_view number, const json::object& entry) {
  fmt::print(out, "  subclass {} {}\n", std::string(number),
             std::string(entry.at("name").as_string()));
  for (const auto& [name, value] : entry) {
    if (name != "name") print_value(out, name, value);
  }
}

// ---- findings ----

Entry entry_of(const doctor::Check& check) {
  const std::string severity(doctor::severity_name(check.severity));
  Entry entry{
      .head = fmt::format("{}  {}   {}", check.id, check.title, severity),
      .identity = {{"type", "check"},
                   {"id", std::string(check.id)},
                   {"title", std::string(check.title)},
                   {"severity", severity}},
      .fields = {{"asks", std::string(check.asks)}},
  };
  if (!check.errors.empty()) entry.fields["explains"] = numbers_of(check.errors);
  entry.fields["asked by"] = "ssbsim doctor; ssbsim run --why, where it holds a message up";
  return entry;
}

Entry entry_of(const why::KnownCause& cause) {
  const int phase = static_cast<int>(cause.phase);
  Entry entry{
      .head = fmt::format("{}  {}   cause", cause.id, cause.title),
      .identity = {{"type", "cause"},
                   {"id", std::string(cause.id)},
                   {"title", std::string(cause.title)}},
      .fields = {{"means", std::string(cause.means)},
                 {"phase",
                  fmt::format("{} of {}: {}", phase, why::kPhases, why::phase_name(cause.phase))}},
  };
  if (!cause.errors.empty()) entry.fields["explains"] = numbers_of(cause.errors);
  entry.fields["cure"] = std::string(cause.cure);
  entry.fields["said by"] = "ssbsim run --why and ssbsim explain FILE; no check of ssbsim doctor";
  return entry;
}

void refuse_id(Context& context, const std::string& id) {
  std::vector<std::string_view> ids;
  for (const doctor::Check& one : doctor::all_checks()) ids.push_back(one.id);
  for (const why::KnownCause& one : why::all_causes()) ids.push_back(one.id);
  const auto near = scenario::near_names(id, ids, 1);
  fmt::print(context.err, "ssbsim: there is no check and no cause '{}'{}\n", id,
             near.empty() ? "; ssbsim doctor --list has the checks"
                          : fmt::format("; did you mean {}?", near.front()));
  context.exit_code = kExitUsage;
}

}  // namespace

void explain_number(Context& context, std::int32_t number, bool as_json) {
  const std::int32_t positive = number < 0 ? -number : number;
  if (const proto::ErrorRow* row = proto::find_error(positive))
    return print(context, entry_of(*row), as_json);
  if (auto absent = entry_of_absent(positive)) return print(context, std::move(*absent), as_json);
  refuse_number(context, number);
}

void explain_event(Context& context, std::int32_t number, bool as_json) {
  const json::object all = json::parse(events_json()).as_object();
  const auto* found = all.if_contains(std::to_string(number));
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const auto& [of, entry] : all) known.emplace_back(of);
    fmt::print(context.err, "ssbsim: no event class has the number {}; there are {}\n", number,
               fmt::join(known, ", "));
    context.exit_code = kExitUsage;
    return;
  }
  const json::object& event = found->as_object();
  if (as_json) {
    Entry entry{.head = {}, .identity = {{"type", "event"}, {"number", number}}, .fields = event};
    return print(context, std::move(entry), true);
  }
  fmt::print(context.out, "event {}  {}\n", number, std::string(event.at("name").as_string()));
  print_value(context.out, "means", event.at("means"));
  for (const auto& [of, entry] : event.at("subclasses").as_object())
    print_subclass(context.out, of, entry.as_object());
}

bool is_finding_id(std::string_view text) {
  return text.size() >= 3 && scenario::equal_ignoring_case(text.substr(0, 3), "SB-");
}

void explain_finding_id(Context& context, const std::string& id, bool as_json) {
  if (const doctor::Check* check = doctor::find_check(id))
    return print(context, entry_of(*check), as_json);
  if (const why::KnownCause* cause = why::find_known_cause(id))
    return print(context, entry_of(*cause), as_json);
  refuse_id(context, id);
}

}  // namespace ssb::sim::cli
