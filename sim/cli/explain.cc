#include <charconv>
#include <filesystem>
#include <iostream>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "proto/ids.h"
#include "sim/cli/cli.h"
#include "sim/cli/explain_entry.h"
#include "sim/cli/kept_run.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/simulated_runs.h"
#include "sim/cli/version.h"

namespace ssb::sim::cli {
namespace {

// ---- a kept run ----

struct ExplainOptions {
  std::string what;  // a number, `event`, an id, or a file of a kept run
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
  const bool is_file = std::filesystem::is_regular_file(options.what);
  const bool is_id = is_finding_id(options.what) && !is_file;
  const bool is_of_run = !options.conversation.empty() || options.message;
  if ((number || is_event || is_id) && is_of_run) {
    context.err << "ssbsim: --conversation and --message are of a kept run\n";
    context.exit_code = kExitUsage;
    return;
  }
  if (is_event) return explain_event(context, *options.event, options.as_json);
  if (number) return explain_number(context, *number, options.as_json);
  if (is_id) return explain_finding_id(context, options.what, options.as_json);
  if (!options.conversation.empty() && !proto::Guid::parse(options.conversation)) {
    fmt::print(context.err, "ssbsim: --conversation takes a handle or an id, a GUID, not '{}'\n",
               options.conversation);
    context.exit_code = kExitUsage;
    return;
  }
  if (!is_file) {
    context.err << "ssbsim: '" << options.what
                << "' is neither a number, nor an id such as SB-R001, nor a kept run\n";
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
      "Say what an error number, an event class or the id of a finding means; or why a kept run "
      "did not deliver");
  command->footer(
      "Examples:\n"
      "  ssbsim explain 9727\n"
      "  ssbsim explain -- -8494\n"
      "  ssbsim explain event 160\n"
      "  ssbsim explain SB-R001\n"
      "  ssbsim run mine.sql --bundle mine.ssbrun; ssbsim explain mine.ssbrun\n"
      "  ssbsim explain mine.ssbrun --message 3\n"
      "Exit codes: 0 explained, 3 this build runs the kept run another way, 10 usage, 12.");
  auto options = std::make_shared<ExplainOptions>();
  command
      ->add_option(
          "what", options->what,
          "SQL Server's number of an error, `event`, the id of a check of the doctor or of "
          "a cause of --why, or a file of ssbsim run --bundle")
      ->required();
  command->add_option("number", options->event, "After `event`: the number of its class");
  command->add_option("--conversation", options->conversation,
                      "Handle or id of the conversation that is asked about [each that waits]");
  command->add_option("--message", options->message,
                      "Sequence number of the message that is asked about");
  command->add_flag("--json", options->as_json, "JSON: one line, or one for each explanation");
  command->add_option("--key-pool", options->key_pool_file,
                      "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
  command->callback([&context, options] { explain_what(context, *options); });
}

}  // namespace ssb::sim::cli
