#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <stdlib.h>

#include "sim/cli/cli.h"
#include "sim/cli/kept_run.h"
#include "sim/cli/option_checks.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/simulated_runs.h"
#include "sim/cli/version.h"
#include "sim/scenario/crash_sweep.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/tcp.h"
#include "sim/scenario/timeline.h"
#include "sim/scenario/transcript.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
using scenario::EventChoice;
using scenario::Report;
using scenario::Script;
using scenario::Verdict;

struct RunOptions {
  std::vector<std::string> paths;
  std::vector<std::string> variables;
  std::string events;  // empty: `auto`, and one line for each of many files that pass
  std::string junit_file;
  std::string key_pool_file;
  std::string capture_file;
  std::string bundle_file;
  std::string net = "auto";
  std::optional<std::uint64_t> seed;
  bool checks_determinism = false;
  bool as_json = false;
  bool shows_results = false;
  bool keeps_folder = false;
  bool as_product = false;
  bool asks_why = false;  // also where no expectation fails
  bool asks_nothing = false;
  std::optional<int> until_line;  // of the file itself
  std::string crash;              // where an instance goes down
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;
  int batch_timeout_s = 120;
  int width = static_cast<int>(scenario::kTimelineWidth);
};

fs::path make_run_folder() {
  std::string folder = (fs::temp_directory_path() / "ssbsim-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), folder);
  return folder;
}

class RunCommand {
 public:
  RunCommand(Context& context, const RunOptions& options)
      : context_(context),
        options_(options),
        pool_(key_pool_file(options.key_pool_file), [&context](const std::string& text) {
          context.err << "ssbsim: " << text << std::endl;
        }) {}

  int run() {
    try {
      return run_files();
    } catch (
        const scenario::Interrupted& interrupted) {  // no summary line: the output is not complete
      context_.err << "ssbsim: interrupted\n";
      return kExitSignal + interrupted.signal;
    }
  }

 private:
  static constexpr int kExitSignal = 128;

  void check_crash() {
    if (options_.crash.empty()) return;
    crash_ = scenario::parse_crash_point(options_.crash);
    if (!crash_)
      throw UsageError{fmt::format(
          "--crash takes NODE:N, or NODE:N:torn, with :write, :sync or :allocation to count "
          "those, not '{}'",
          options_.crash)};
    if (options_.net == "tcp" || options_.net == "both")
      throw UsageError{"--crash is of the simulator: --net sim"};
  }

  int run_files() {
    check_crash();
    const auto files = scenario_files(options_.paths);
    is_one_ = files.size() == 1;
    if (!options_.capture_file.empty() && (!is_one_ || options_.net == "both"))
      throw UsageError{"--pcap takes one scenario on one network"};
    if (options_.net == "tcp" && (options_.seed || options_.checks_determinism))
      throw UsageError{"--seed and --check-determinism are of the simulator, not of --net tcp"};
    if (options_.until_line && !is_one_) throw UsageError{"--until-line is of one scenario"};
    if (!options_.bundle_file.empty() &&
        (!is_one_ || options_.net == "tcp" || options_.net == "both"))
      throw UsageError{"--bundle keeps one run of the simulator: one scenario, --net sim"};
    if (options_.net == "sim" && options_.keeps_folder)
      throw UsageError{"--keep is of --net tcp: the simulator's disks are in memory"};
    check_junit();
    if (options_.as_json) print_line(json_header(context_.arguments));
    Verdict worst = Verdict::passed;
    for (const std::string& file : files) {
      for (FinishedRun& run : run_file(file)) {
        worst = scenario::worse(worst, run.report.verdict);
        show(run);
        run.report.records.clear();  // shown; a folder has many
        run.report.entries.clear();
        runs_.push_back(std::move(run));
      }
    }
    const int code = exit_code(worst);
    if (options_.as_json) {
      print_line(json_summary(runs_, code));
    } else if (!is_one_) {
      fmt::print(context_.out, "\n{}\n", counts_text(count(runs_)));
    }
    write_junit();
    return code;
  }

  enum class Net { tcp, sim };
  static const char* net_name(Net net) { return net == Net::tcp ? "tcp" : "sim"; }

  // On each network that is asked for; with both, those that the script is for, and their transcripts must agree.
  std::vector<FinishedRun> run_file(const std::string& file) {
    std::vector<FinishedRun> runs;
    if (options_.net == "both") {
      runs.push_back(run_on(file, std::nullopt));
      if (!runs.front().is_for_simulator_too) return runs;
      runs.push_back(run_on(file, Net::sim));
      compare(runs[0].report, runs[1].report);
    } else if (options_.net == "auto") {
      runs.push_back(run_on(file, std::nullopt));
    } else {
      runs.push_back(run_on(file, options_.net == "tcp" ? Net::tcp : Net::sim));
    }
    return runs;
  }

  static void compare(const Report& tcp, Report& sim) {
    if (tcp.verdict != Verdict::passed || sim.verdict != Verdict::passed) return;
    const auto difference = scenario::transcript_difference("tcp", scenario::transcript(tcp), "sim",
                                                            scenario::transcript(sim));
    if (!difference) return;
    sim.verdict = Verdict::failed;
    sim.reason = "the two networks differ, " + *difference;
  }

  FinishedRun run_on(const std::string& file, std::optional<Net> net) {
    const auto begin = std::chrono::steady_clock::now();
    FinishedRun run;
    try {
      run = run_script(file, net);
    } catch (const std::exception& failure) {  // the disk, a port, memory: it is this run that ends
      run.report.file = file;
      run.report.title = fs::path(file).stem().string();
      run.report.verdict = Verdict::environment;
      run.report.reason = failure.what();
    }
    run.real_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    return run;
  }

  [[nodiscard]] bool wants_simulation(const Script& script) const {
    return options_.seed || options_.checks_determinism || crash_ || !script.modes.tcp ||
           !options_.bundle_file.empty() || options_.asks_why ||
           std::any_of(script.steps.begin(), script.steps.end(), scenario::needs_simulation);
  }

  [[nodiscard]] Script with_crash(const Script& script) const {
    if (!scenario::can_be_swept(script))
      throw UsageError{fmt::format(
          "--crash counts from the first --# repeatable batch, and {} has none", script.file)};
    const bool is_known = std::any_of(
        script.nodes.begin(), script.nodes.end(),
        [&](const std::string& node) { return scenario::equal_ignoring_case(node, crash_->node); });
    if (!is_known)
      throw UsageError{fmt::format("--crash: {} has no instance {}", script.file, crash_->node)};
    return scenario::with_crash(script, *crash_);
  }

  // A bundle says in its head which build it was found with.
  void warn_of_other_build(const std::string& file) const {
    const std::string text = read_file(file).value_or("");
    const std::string_view head = std::string_view(text).substr(0, text.find('\n'));
    constexpr std::string_view kBuild = " build ";
    const std::size_t at = head.find(kBuild);
    if (!head.starts_with("-- Found by ssbsim sweep") || at == std::string_view::npos) return;
    std::string_view build = head.substr(at + kBuild.size());
    if (build.ends_with('.')) build.remove_suffix(1);
    if (build == build_id()) return;
    context_.err << fmt::format(
        "ssbsim: '{}' was found with build {}, and this is {}: it may go another way\n", file,
        build, build_id());
  }

  FinishedRun run_script(const std::string& file, std::optional<Net> wanted) {
    KeptRun kept;
    Script script = read_noting(file, kept);
    if (crash_ && script.errors.empty()) script = with_crash(script);
    warn_of_other_build(file);
    FinishedRun run;
    const Net net = wanted.value_or(wants_simulation(script) ? Net::sim : Net::tcp);
    run.net = net_name(net);
    run.is_for_simulator_too = net == Net::tcp && script.errors.empty() && script.modes.sim;
    const bool is_allowed = net == Net::tcp ? script.modes.tcp : script.modes.sim;
    if (script.errors.empty() && !is_allowed) {
      run.report.file = file;
      run.report.title = script.title;
      run.report.verdict = Verdict::inconclusive;
      run.report.reason = fmt::format("--# modes: this scenario is not for --net {}", run.net);
      return run;
    }
    kept.settings = {.seed = options_.seed.value_or(script.seed.value_or(1)),
                     .as_product = options_.as_product,
                     .awake_endpoints_max = options_.awake_endpoints_max,
                     .batch_timeout_s = options_.batch_timeout_s};
    SimulatedRuns runs(pool_, kept.settings);
    if (net == Net::tcp) {
      run.report = run_on_tcp(script);
    } else {
      run_simulated(script, runs, run);
      keep(kept, run);
    }
    ask_why(script, runs, run);
    return run;
  }

  Script read_noting(const std::string& file, KeptRun& kept) const {
    const scenario::ScriptOptions reads = noting(script_options(options_.variables), kept);
    const auto text = read_file(file);
    if (!text) throw std::runtime_error(fmt::format("'{}' cannot be read", file));
    kept.file = file;
    kept.texts[file] = *text;
    kept.crash = options_.crash;
    kept.until_line = options_.until_line;
    Script script = scenario::parse_script(file, *text, reads);
    if (options_.until_line) cut_before_line(script, *options_.until_line);
    return script;
  }

  void run_simulated(const Script& script, SimulatedRuns& runs, FinishedRun& run) {
    SimulatedRun first = runs.run(script, options_.capture_file);
    run.report = std::move(first.report);
    run.fingerprint = first.fingerprint.text();
    if (!options_.checks_determinism || run.report.verdict == Verdict::does_not_parse) return;
    const auto difference =
        Fingerprint::first_difference(first.fingerprint, runs.run_again(script).fingerprint);
    if (!difference) return;
    run.report.verdict = scenario::worse(run.report.verdict, Verdict::differs);
    run.report.reason =
        fmt::format("two runs of seed {} differ at {}", *run.report.seed, *difference);
  }

  void keep(KeptRun& kept, const FinishedRun& run) const {
    if (options_.bundle_file.empty() || run.report.verdict == Verdict::does_not_parse) return;
    kept.build = build_id();
    kept.verdict = scenario::verdict_name(run.report.verdict);
    kept.fingerprint = run.fingerprint;
    write_kept_run(options_.bundle_file, kept);
  }

  // Over TCP nothing can be played again: the simulator is asked instead, where the scenario is for it.
  void ask_why(const Script& script, SimulatedRuns& runs, FinishedRun& run) const {
    const bool has_run =
        run.report.verdict != Verdict::does_not_parse && run.report.verdict != Verdict::environment;
    const bool is_failed = failed_expectation(run.report) != nullptr;
    if (!has_run || options_.asks_nothing || !(options_.asks_why || is_failed)) return;
    const bool is_over_tcp = run.net == net_name(Net::tcp);
    if (is_over_tcp && !script.modes.sim) return;
    why::Answer answer = runs.explain(script, run.report, {});
    if (answer.explanations.empty() && !options_.asks_why) return;  // no message is concerned
    answer.is_of_another_run = is_over_tcp;
    run.why = std::move(answer);
  }

  Report run_on_tcp(const Script& script) {
    pool_.start_run();
    const auto backend = scenario::make_tcp_backend(
        {.keys = [this](int bits) { return pool_.draw(bits); },
         .folder = run_folder(),
         .keeps_folder = options_.keeps_folder,
         .capture_file = options_.capture_file,
         .as_product = options_.as_product,
         .awake_endpoints_max = options_.awake_endpoints_max,
         .batch_timeout = std::chrono::seconds(options_.batch_timeout_s)});
    return scenario::Runner(script, *backend).run();
  }

  fs::path run_folder() {
    fs::path folder = make_run_folder();
    if (options_.keeps_folder)
      context_.err << "ssbsim: the instances' data stays in " << folder.string() << '\n';
    return folder;
  }

  void show(const FinishedRun& run) {
    if (options_.as_json) {
      for (const std::string& line : json_lines(run)) print_line(line);
      return;
    }
    if (run.report.verdict == Verdict::does_not_parse) {  // nothing has happened, at no time
      for (const auto& problem : run.report.problems)
        fmt::print(context_.out, "{}\n", problem.line());
      fmt::print(context_.out, "{}   exit {}\n", verdict_name(run.report.verdict),
                 exit_code(run.report.verdict));
      context_.out.flush();
      return;
    }
    const bool is_good = exit_code(run.report.verdict) == 0;
    if (!is_one_ && options_.events.empty() && !options_.shows_results && !run.why &&
        (is_good || run.report.verdict == Verdict::inconclusive)) {
      fmt::print(context_.out, "{:<14} {}  {}{}  {} of {} met  {:.0f} ms{}\n",
                 verdict_name(run.report.verdict), run.report.file, run.net,
                 run.report.seed ? fmt::format(" seed {}", *run.report.seed) : "", run.report.met,
                 run.report.expectations, run.real_ms,
                 run.report.reason.empty() ? "" : "  " + run.report.reason);
    } else {
      scenario::TimelineOptions options{.events = EventChoice::some,
                                        .shows_results = options_.shows_results,
                                        .results_width = static_cast<std::size_t>(options_.width),
                                        .build = build_id(),
                                        .repeat = repeat_line(run.report.file),
                                        .why = run.why ? why::text_of(*run.why) : "",
                                        .real_ms = run.real_ms};
      if (options_.events == "all") options.events = EventChoice::all;
      if (options_.events == "none") options.events = EventChoice::none;
      context_.out << scenario::Timeline(run.report, options).text();
    }
    context_.out.flush();
  }

  [[nodiscard]] std::string repeat_line(const std::string& file) const {
    return is_one_ ? "ssbsim" + context_.arguments : "ssbsim run " + file;
  }

  void print_line(const std::string& line) {
    context_.out << line + "\n" << std::flush;
    require_output(context_.out);
  }

  // Before anything runs: a run that cannot report is not begun.
  void check_junit() const {
    if (options_.junit_file.empty()) return;
    const std::string partial = options_.junit_file + ".partial";
    const std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    if (!out || fs::is_directory(options_.junit_file))
      throw std::system_error(out ? EISDIR : errno, std::generic_category(),
                              fmt::format("--junit '{}' cannot be written", options_.junit_file));
  }
  void write_junit() {
    if (options_.junit_file.empty()) return;
    const std::string partial = options_.junit_file + ".partial";
    {
      std::ofstream out(partial, std::ios::binary | std::ios::trunc);
      out << junit_xml(runs_);
      if (!out.flush()) throw std::system_error(errno, std::generic_category(), partial);
    }
    fs::rename(partial, options_.junit_file);
  }

  Context& context_;
  const RunOptions& options_;
  std::optional<scenario::CrashPoint> crash_;
  scenario::KeyPool pool_;
  std::vector<FinishedRun> runs_;
  bool is_one_ = true;
};

// What a run says, and where.
void add_answers(CLI::App& command, RunOptions& options) {
  command.add_flag("--results", options.shows_results,
                   "Show result sets and messages of the batches");
  command
      .add_option("--width", options.width,
                  "Columns of --results; longer lines are cut there, 0: never")
      ->check(number_from_0)
      ->capture_default_str();
  command
      .add_option("--batch-timeout", options.batch_timeout_s,
                  "Seconds of real time after which a batch that does not end is cancelled")
      ->check(positive_number)
      ->capture_default_str();
  command.add_flag("--json", options.as_json,
                   "JSON lines on standard output: header, events, results, summary");
  command.add_option("--junit", options.junit_file, "Write JUnit XML to this file");
  command.add_option("--pcap", options.capture_file,
                     "Write what went over the wire to this capture file");
  CLI::Option* why = command.add_flag(
      "--why", options.asks_why,
      "Say why messages are not delivered, and try the cure in a fork, also where nothing fails "
      "[where an expectation fails]; implies --net sim");
  command
      .add_flag("--no-why", options.asks_nothing,
                "Do not say why, not even where an expectation fails")
      ->excludes(why);
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand(
      "run", "Run scenarios: T-SQL scripts with --# lines, on instances of their own");
  command->footer(
      "Every instance listens on a loopback address of its own; virtual time jumps over waiting.\n"
      "RSA keys come from a pool of throw-away keys, made on first need: they protect nothing and "
      "are\n"
      "the same in every run. `ssbsim node` never uses them.\n"
      "Examples:\n"
      "  ssbsim run scenarios/dialogs/full_security.sql --events all\n"
      "  ssbsim run scenarios --junit report.xml\n"
      "  ssbsim run scenarios --net both\n"
      "  ssbsim run scenarios --seed 7 --check-determinism\n"
      "  ssbsim run mine.sql -v DBName=Sales --results --pcap mine.pcap\n"
      "  ssbsim run mine.sql --until-line 40 --why --bundle mine.ssbrun\n"
      "  ssbsim run scenarios --json | jq 'select(.type == \"result\")'");
  command->add_option("path", options->paths, "Files, or folders with *.sql files")->required();
  command
      ->add_option("-v,--variable", options->variables,
                   "name=value of a $(name); goes before the environment")
      ->take_all();
  command->add_option("--events", options->events, "Which events to list: all, auto or none")
      ->check(CLI::IsMember({"all", "auto", "none"}));
  command
      ->add_option("--net", options->net,
                   "tcp: real sockets; sim: virtual time, repeatable from a seed; both: one after "
                   "the other where the script is for both, with the same transcript; auto: tcp, "
                   "unless the script needs the simulator")
      ->check(CLI::IsMember({"auto", "tcp", "sim", "both"}))
      ->capture_default_str();
  command
      ->add_option("--seed", options->seed,
                   "Of the simulator [--# seed of the script, else 1]; implies --net sim")
      ->check(seed_number);
  command->add_flag(
      "--check-determinism", options->checks_determinism,
      "Run twice in the simulator and compare all that happened, exit code 3 when they "
      "differ; implies --net sim");
  command->add_option("--crash", options->crash,
                      "NODE:N[:torn]: that instance loses power in its N-th storage step from the "
                      "first repeatable batch on (see crash-sweep); implies --net sim");
  add_answers(*command, *options);
  command
      ->add_option("--until-line", options->until_line,
                   "Run the scenario up to that line, as if it ended there")
      ->check(positive_number);
  command->add_option("--bundle", options->bundle_file,
                      "Keep the run in this file, for ssbsim explain; implies --net sim");
  command->add_option("--key-pool", options->key_pool_file,
                      "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
  command->add_flag("--keep", options->keeps_folder,
                    "Keep the instances' data and say where it is; of --net tcp");
  command
      ->add_option("--awake-endpoints", options->awake_endpoints_max,
                   "Idle conversations that each database keeps in memory; what happens is the "
                   "same under any number")
      ->capture_default_str();
  command->add_flag("--as-product", options->as_product,
                    "Without the protections that go beyond the product (tombstones)");
  command->callback([&context, options] {
    try {
      context.exit_code = RunCommand(context, *options).run();
    } catch (const UsageError& error) {
      context.err << "ssbsim: " << error.text << '\n';
      context.exit_code = kExitUsage;
    }
  });
}

}  // namespace ssb::sim::cli
