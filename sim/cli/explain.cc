#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "proto/error.h"
#include "proto/ids.h"
#include "sim/cli/cli.h"
#include "sim/cli/explain_data.h"
#include "sim/cli/kept_run.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/simulated_runs.h"
#include "sim/cli/version.h"

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

// Those that provoke the number; what a page holds of them.
boost::json::array scenarios_of(std::int32_t number) {
  constexpr std::size_t kScenariosShown = 10;
  std::istringstream lines(scenario_numbers());
  boost::json::array out;
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

void explain(Context& context, std::int32_t number) {
  // -8494 in an error message of a queue is 8494.
  const std::int32_t positive = number < 0 ? -number : number;
  const proto::ErrorRow* row = proto::find_error(positive);
  if (row == nullptr) return refuse_unknown(context, number);
  fmt::print(context.out, "{}  {}   severity {}\n  {:<11} {}\n", positive, row->name, row->severity,
             "text", row->text);
  const boost::json::value all = boost::json::parse(explain_json());
  const auto* entry = all.as_object().if_contains(std::to_string(positive));
  if (entry != nullptr && entry->is_object()) {
    for (const auto& [name, value] : entry->as_object()) print_value(context.out, name, value);
  }
  const boost::json::array scenarios = scenarios_of(positive);
  if (!scenarios.empty()) print_value(context.out, "scenarios", scenarios);
}

// ---- an event class ----

// "1 Create", or "0" where the class has no subclasses.
void print_subclass(std::ostream& out, std::string_view number, const boost::json::object& entry) {
  fmt::print(out, "  subclass {} {}\n", std::string(number),
             std::string(entry.at("name").as_string()));
  for (const auto& [name, value] : entry) {
    if (name != "name") print_value(out, name, value);
  }
}

void explain_event(Context& context, std::int32_t number) {
  const boost::json::object all = boost::json::parse(events_json()).as_object();
  const auto* found = all.if_contains(std::to_string(number));
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const auto& [of, entry] : all) known.emplace_back(of);
    fmt::print(context.err, "ssbsim: no event class has the number {}; there are {}\n", number,
               fmt::join(known, ", "));
    context.exit_code = kExitUsage;
    return;
  }
  const boost::json::object& event = found->as_object();
  fmt::print(context.out, "event {}  {}\n", number, std::string(event.at("name").as_string()));
  print_value(context.out, "means", event.at("means"));
  for (const auto& [of, entry] : event.at("subclasses").as_object())
    print_subclass(context.out, of, entry.as_object());
}

// ---- a kept run ----

struct ExplainOptions {
  std::string what;  // a number, `event`, or a file of a kept run
  std::optional<std::int32_t> event;
  std::string conversation;
  std::optional<std::uint64_t> message;
  std::string key_pool_file;
  bool as_json = false;
};

// The run goes again; where another build runs it otherwise, nothing that it says would be about the run that was kept.
int explain_run(Context& context, const ExplainOptions& options) {
  const KeptRun kept = read_kept_run(options.what);
  if (kept.build != build_id())
    fmt::print(context.err, "ssbsim: '{}' was kept by build {}, and this is {}\n", options.what,
               kept.build, build_id());
  const scenario::Script script = script_of(kept);
  for (const scenario::ScriptMessage& problem : script.errors)
    fmt::print(context.err, "{}\n", problem.line());
  if (!script.errors.empty()) return scenario::exit_code(scenario::Verdict::does_not_parse);
  scenario::KeyPool pool(key_pool_file(options.key_pool_file), [&context](const std::string& text) {
    context.err << "ssbsim: " << text << std::endl;
  });
  SimulatedRuns runs(pool, kept.settings);
  const SimulatedRun run = runs.run(script, {});
  if (run.fingerprint.text() != kept.fingerprint) {
    fmt::print(context.err,
               "ssbsim: this build runs it another way: fingerprint {}, kept {}. Use build {}, or "
               "run the scenario again\n",
               run.fingerprint.text(), kept.fingerprint, kept.build);
    return scenario::exit_code(scenario::Verdict::differs);
  }
  const why::Answer answer = runs.explain(
      script, run.report, {.conversation = options.conversation, .message = options.message});
  if (answer.is_of_nobody) {
    fmt::print(context.err, "ssbsim: {}\n", answer.nothing);
    return kExitUsage;
  }
  if (options.as_json) {
    for (const std::string& line : json_lines(answer)) fmt::print(context.out, "{}\n", line);
    return 0;
  }
  fmt::print(context.out, "{}  seed {}  {}\n", kept.file, kept.settings.seed, kept.verdict);
  if (const scenario::Failure* failure = failed_expectation(run.report))
    fmt::print(context.out, "FAIL  {}  expected {}\n", failure->place.text(), failure->expected);
  fmt::print(context.out, "{}", why::text_of(answer));
  return 0;
}

std::optional<std::int32_t> number_in(const std::string& text) {
  std::int32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void explain_what(Context& context, const ExplainOptions& options) {
  const auto number = number_in(options.what);
  const bool is_event = options.what == "event";
  if (is_event != options.event.has_value()) {
    context.err
        << "ssbsim: an event class is asked about by its number: ssbsim explain event 160\n";
    context.exit_code = kExitUsage;
    return;
  }
  const bool is_of_run = !options.conversation.empty() || options.message || options.as_json;
  if ((number || is_event) && is_of_run) {
    context.err << "ssbsim: --conversation, --message and --json are of a kept run\n";
    context.exit_code = kExitUsage;
    return;
  }
  if (is_event) return explain_event(context, *options.event);
  if (number) return explain(context, *number);
  if (!options.conversation.empty() && !proto::Guid::parse(options.conversation)) {
    fmt::print(context.err, "ssbsim: --conversation takes a handle or an id, a GUID, not '{}'\n",
               options.conversation);
    context.exit_code = kExitUsage;
    return;
  }
  if (!std::filesystem::is_regular_file(options.what)) {
    context.err << "ssbsim: '" << options.what << "' is neither a number nor a kept run\n";
    context.exit_code = kExitUsage;
    return;
  }
  try {
    context.exit_code = explain_run(context, options);
  } catch (const NotKept& problem) {
    context.err << "ssbsim: " << problem.what() << '\n';
    context.exit_code = kExitUsage;
  }
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "explain",
      "Say what an error number or an event class means; or why a kept run did not deliver");
  command->footer(
      "Examples:\n"
      "  ssbsim explain 9727\n"
      "  ssbsim explain -- -8494\n"
      "  ssbsim explain event 160\n"
      "  ssbsim run mine.sql --bundle mine.ssbrun; ssbsim explain mine.ssbrun\n"
      "  ssbsim explain mine.ssbrun --message 3\n"
      "Exit codes: 0 explained, 3 this build runs the kept run another way, 10 usage, 12.");
  auto options = std::make_shared<ExplainOptions>();
  command
      ->add_option("what", options->what,
                   "SQL Server's number of an error, `event`, or a file of ssbsim run --bundle")
      ->required();
  command->add_option("number", options->event, "After `event`: the number of its class");
  command->add_option("--conversation", options->conversation,
                      "Handle or id of the conversation that is asked about [each that waits]");
  command->add_option("--message", options->message,
                      "Sequence number of the message that is asked about");
  command->add_flag("--json", options->as_json, "JSON lines, one for each explanation");
  command->add_option("--key-pool", options->key_pool_file,
                      "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
  command->callback([&context, options] { explain_what(context, *options); });
}

}  // namespace ssb::sim::cli
