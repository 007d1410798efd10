// `ssbsim crash-sweep`: a scenario once for every storage step of its instances, with a crash in that step.
//
//   The runs are spread over processes: one that a run ends, or that does not come back from it, is a failure of that point alone.
#include "sim/scenario/crash_sweep.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/cli/option_checks.h"
#include "sim/cli/processors.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/workers.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/warm_up.h"
#include "sim/sweep/failure_key.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;
using scenario::CrashPoint;
using scenario::Report;
using scenario::Script;
using scenario::StepCount;
using scenario::Verdict;
using SteadyClock = std::chrono::steady_clock;

struct CrashSweepOptions {
  std::vector<std::string> paths;
  std::vector<std::string> variables;
  std::string node;
  std::int64_t from = 1;
  std::optional<std::int64_t> to;
  std::int64_t every = 1;
  std::string counted = "step";
  std::string torn = "both";
  std::optional<std::uint64_t> seed;
  std::optional<int> jobs;  // all processors
  std::size_t min_points = 0;
  int point_timeout_s = 120;
  std::string key_pool_file;
  bool as_json = false;
};

// What became of one point; it travels back from a worker as one line.
struct PointResult {
  Verdict verdict = Verdict::failed;
  bool has_crashed = false;
  std::string text;  // of what failed, lines
};

std::string line_of(const PointResult& result) {
  return json::serialize(json::object{{"verdict", static_cast<int>(result.verdict)},
                                      {"has_crashed", result.has_crashed},
                                      {"text", result.text}});
}

PointResult result_of(const Workers::Done& done) {
  if (!done.death.empty())
    return {
        .verdict = Verdict::failed, .has_crashed = true, .text = "the simulator: " + done.death};
  const json::value line = json::parse(done.reply);
  return {.verdict = static_cast<Verdict>(line.at("verdict").to_number<int>()),
          .has_crashed = line.at("has_crashed").as_bool(),
          .text = std::string(line.at("text").as_string())};
}

// One scenario: its steps, its points, and what became of each.
class FileSweep {
 public:
  FileSweep(Context& context, const CrashSweepOptions& options, scenario::KeyPool& pool,
            std::string file)
      : context_(context), options_(options), pool_(pool), file_(std::move(file)) {}

  Verdict run();

 private:
  [[nodiscard]] Verdict give_up(Verdict verdict, const std::string& why);
  // Without `counts` they are not asked for.
  [[nodiscard]] Report run_script(const Script& script, std::vector<StepCount>* counts);
  [[nodiscard]] PointResult run_point(const CrashPoint& point);
  void run_points();
  // The line that a worker sends back of one point.
  [[nodiscard]] std::string answer(std::size_t index);
  void done(std::size_t index, PointResult result);
  void show_progress() const;
  [[nodiscard]] Verdict summary() const;
  [[nodiscard]] std::string repeat_line(const CrashPoint& point) const;
  [[nodiscard]] json::object point_json(std::size_t index) const;

  Context& context_;
  const CrashSweepOptions& options_;
  scenario::KeyPool& pool_;
  std::string file_;
  Script script_;
  std::uint64_t seed_ = 1;
  std::vector<StepCount> counts_;
  std::vector<CrashPoint> points_;
  std::vector<std::optional<PointResult>> results_;
  SteadyClock::time_point start_ = SteadyClock::now();
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
};

Report FileSweep::run_script(const Script& script, std::vector<StepCount>* counts) {
  pool_.start_run(seed_);
  const auto simulation =
      scenario::make_simulation({.seed = seed_,
                                 .keys = [this](int bits) { return pool_.draw(bits); },
                                 .wants_all_faults = false,  // it asks for itself
                                 .real_time = SteadyClock::now});
  Report report = scenario::Runner(script, *simulation).run();
  if (counts != nullptr)
    *counts =
        scenario::counted_steps(script, *simulation, *scenario::parse_counted(options_.counted));
  return report;
}

PointResult FileSweep::run_point(const CrashPoint& point) {
  const Report report = run_script(scenario::with_crash(script_, point), nullptr);
  PointResult result{.verdict = report.verdict,
                     .has_crashed = scenario::has_crashed(report.probes),
                     .text = sweep::failure_text(report)};
  if (!result.has_crashed && result.verdict == Verdict::passed) {
    result.verdict = Verdict::inconclusive;
    result.text = "the crash did not come";
  }
  return result;
}

Verdict FileSweep::give_up(Verdict verdict, const std::string& why) {
  if (options_.as_json) {
    fmt::print(context_.out, "{}\n",
               json::serialize(json::object{{"type", "file"},
                                            {"file", file_},
                                            {"verdict", verdict_name(verdict)},
                                            {"reason", why}}));
  } else {
    fmt::print(context_.out, "{}   {}   exit {}\n{}\n", verdict_name(verdict), file_,
               exit_code(verdict), why);
  }
  context_.out.flush();
  return verdict;
}

Verdict FileSweep::run() {
  script_ = read_script(file_, options_.variables);
  if (!script_.errors.empty()) {
    std::string problems;
    for (const auto& problem : script_.errors) problems += fmt::format("{}\n", problem.line());
    return give_up(Verdict::does_not_parse, problems);
  }
  if (!scenario::can_be_swept(script_))
    return give_up(Verdict::inconclusive,
                   "no batch stands after --# repeatable: there is no place from which to count");
  const bool is_known =
      options_.node.empty() ||
      std::any_of(script_.nodes.begin(), script_.nodes.end(), [&](const std::string& node) {
        return scenario::equal_ignoring_case(node, options_.node);
      });
  if (!is_known)
    throw UsageError{fmt::format("--node: {} has no instance {}; it has {}", file_, options_.node,
                                 fmt::join(script_.nodes, ", "))};
  seed_ = options_.seed.value_or(script_.seed.value_or(1));
  const auto counted = *scenario::parse_counted(options_.counted);
  const Script counting = scenario::with_counting(script_, counted);
  scenario::warm_up(counting, [this](const Script& warm) { (void)run_script(warm, nullptr); });
  const Report whole = run_script(counting, &counts_);
  if (whole.verdict != Verdict::passed)
    return give_up(
        whole.verdict == Verdict::nothing_checked ? Verdict::inconclusive : whole.verdict,
        "without a crash: " + sweep::failure_text(whole));
  scenario::SweepRange range{.node = options_.node,
                             .from = options_.from,
                             .to = options_.to,
                             .every = options_.every,
                             .counted = counted,
                             .whole = options_.torn != "only",
                             .torn = options_.torn != "no"};
  // Memory that runs out tears no write.
  if (counted == scenario::Crash::Counted::allocation) {
    range.whole = true;
    range.torn = false;
  }
  points_ = scenario::crash_points(counts_, range);
  results_.resize(points_.size());
  run_points();
  return summary();
}

// ---- processes ----

void FileSweep::run_points() {
  context_.out.flush();
  context_.err.flush();
  const auto jobs = static_cast<int>(std::min(
      static_cast<std::size_t>(options_.jobs.value_or(usable_processors("/"))), points_.size()));
  Workers workers({.count = jobs, .at_most = std::chrono::seconds(options_.point_timeout_s)},
                  [this](const std::string& request) { return answer(std::stoull(request)); });
  std::size_t next = 0;
  while (next < points_.size() || !workers.is_idle()) {
    for (; next < points_.size() && workers.has_free(); ++next)
      workers.give(next, std::to_string(next));
    constexpr std::chrono::milliseconds kLookEvery(200);
    for (const Workers::Done& done : workers.wait(kLookEvery))
      this->done(done.tag, result_of(done));
    show_progress();
  }
}

std::string FileSweep::answer(std::size_t index) {
  try {
    return line_of(run_point(points_[index]));
  } catch (const std::exception& failure) {
    return line_of({.verdict = Verdict::failed, .has_crashed = false, .text = failure.what()});
  }
}

// ---- telling ----

std::string FileSweep::repeat_line(const CrashPoint& point) const {
  std::string out = "ssbsim run " + file_;
  if (options_.seed) out += fmt::format(" --seed {}", *options_.seed);
  for (const std::string& variable : options_.variables) out += fmt::format(" -v '{}'", variable);
  return out + " --crash " + point.text();
}

json::object FileSweep::point_json(std::size_t index) const {
  const PointResult& result = *results_[index];
  json::object out{{"type", "point"},
                   {"file", file_},
                   {"point", points_[index].text()},
                   {"verdict", verdict_name(result.verdict)}};
  if (result.verdict == Verdict::passed) return out;
  out["text"] = result.text;
  out["repeat"] = repeat_line(points_[index]);
  return out;
}

void FileSweep::done(std::size_t index, PointResult result) {
  ++done_;
  if (result.verdict != Verdict::passed) ++failed_;
  results_[index] = std::move(result);
  if (options_.as_json) context_.out << json::serialize(point_json(index)) + "\n" << std::flush;
}

// On a terminal only: a log keeps what stays true.
void FileSweep::show_progress() const {
  if (::isatty(STDERR_FILENO) == 0) return;
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start_).count();
  context_.progress << fmt::format("\r{} of {} points, {} failed, {:.1f} a second ", done_,
                                   points_.size(), failed_, static_cast<double>(done_) / seconds)
                    << (done_ == points_.size() ? "\n" : "") << std::flush;
}

Verdict FileSweep::summary() const {
  Verdict worst = Verdict::passed;
  for (const auto& result : results_) worst = scenario::worse(worst, result->verdict);
  std::string reason;
  if (points_.size() < std::max<std::size_t>(options_.min_points, 1)) {
    worst = scenario::worse(worst, Verdict::inconclusive);
    reason = fmt::format("{} points are fewer than {}", points_.size(),
                         std::max<std::size_t>(options_.min_points, 1));
  }
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start_).count();
  if (options_.as_json) {
    json::object steps;
    for (const StepCount& count : counts_) steps[count.node] = count.steps;
    fmt::print(context_.out, "{}\n",
               json::serialize(json::object{{"type", "file"},
                                            {"file", file_},
                                            {"seed", seed_},
                                            {"verdict", verdict_name(worst)},
                                            {"reason", reason},
                                            {"steps", steps},
                                            {"points", points_.size()},
                                            {"failed", failed_}}));
    context_.out.flush();
    return worst;
  }
  fmt::print(context_.out, "{}   seed {}\n", script_.title, seed_);
  for (const StepCount& count : counts_) {
    const auto points = std::count_if(points_.begin(), points_.end(), [&](const CrashPoint& point) {
      return point.node == count.node;
    });
    fmt::print(context_.out, "  {:<12} {:>6} {}s   {:>6} crash points\n", count.node, count.steps,
               options_.counted, points);
  }
  constexpr std::size_t kShownMax = 20;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    if (results_[i]->verdict == Verdict::passed || ++shown > kShownMax) continue;
    std::string text = results_[i]->text;
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 7)
      text.replace(at, 1, "\n      ");
    fmt::print(context_.out, "\n{:<5} {}\n      {}\n      repeat: {}\n",
               verdict_name(results_[i]->verdict), points_[i].text(), text,
               repeat_line(points_[i]));
  }
  if (shown > kShownMax)
    fmt::print(context_.out, "\n  ... and {} more   (--json lists all)\n", shown - kShownMax);
  if (!reason.empty()) fmt::print(context_.out, "  {}\n", reason);
  fmt::print(context_.out, "{}   {} of {} points passed in {:.1f} s   exit {}\n",
             verdict_name(worst), points_.size() - failed_, points_.size(), seconds,
             exit_code(worst));
  context_.out.flush();
  return worst;
}

int run_crash_sweep(Context& context, const CrashSweepOptions& options) {
  if (options.to && *options.to < options.from)
    throw UsageError{fmt::format("--to {} is before --from {}", *options.to, options.from)};
  const auto files = scenario_files(options.paths);
  scenario::KeyPool pool(key_pool_file(options.key_pool_file), [&context](const std::string& text) {
    context.err << "ssbsim: " << text << std::endl;
  });
  if (options.as_json) context.out << json_header(context.arguments) + "\n" << std::flush;
  Verdict worst = Verdict::passed;
  for (const std::string& file : files)
    worst = scenario::worse(worst, FileSweep(context, options, pool, file).run());
  const int code = exit_code(worst);
  if (options.as_json)
    context.out << json::serialize(json::object{{"type", "summary"},
                                                {"complete", true},
                                                {"files", files.size()},
                                                {"exit", code}}) +
                       "\n"
                << std::flush;
  return code;
}

}  // namespace

void add_crash_sweep(CLI::App& app, Context& context) {
  auto options = std::make_shared<CrashSweepOptions>();
  CLI::App* command = app.add_subcommand(
      "crash-sweep",
      "Run a scenario once for each storage step of its instances, with a crash there");
  command->footer(
      "The steps count from the first --# repeatable batch on. The instance is back after a "
      "second\n"
      "of virtual time; a repeatable batch that it went down in runs again on a new session.\n"
      "Examples:\n"
      "  ssbsim crash-sweep scenarios/restart/whole_life.sql -j 2\n"
      "  ssbsim crash-sweep scenarios/restart/whole_life.sql --node HOST_B --from 10 --to 20\n"
      "  ssbsim run scenarios/restart/whole_life.sql --crash HOST_B:17:torn");
  command->add_option("path", options->paths, "Files, or folders with *.sql files")->required();
  command->add_option("-v,--variable", options->variables, "name=value of a $(name)")->take_all();
  command->add_option("--node", options->node, "Only this instance [each in its turn]");
  command->add_option("--from", options->from, "The first step")
      ->check(positive_number)
      ->capture_default_str();
  command->add_option("--to", options->to, "The last step [the last that there is]")
      ->check(positive_number);
  command->add_option("--every", options->every, "Only each so many-th step")
      ->check(positive_number)
      ->capture_default_str();
  command->add_option("--count", options->counted, "What a step is")
      ->check(CLI::IsMember({"step", "write", "sync", "allocation"}))
      ->capture_default_str();
  command
      ->add_option("--torn", options->torn,
                   "Whether the write under way may be torn: no, only, or both in two runs")
      ->check(CLI::IsMember({"no", "only", "both"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "[--# seed of the script, else 1]")
      ->check(seed_number);
  command->add_option("-j,--jobs", options->jobs, "Processes [the processors that we may use]")
      ->check(positive_number);
  command
      ->add_option("--min-points", options->min_points,
                   "Exit code 2 when there are fewer: a sweep that shrinks is noticed")
      ->check(number_from_0);
  command
      ->add_option("--point-timeout", options->point_timeout_s, "Seconds of real time for one run")
      ->check(positive_number)
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "JSON lines: header, points, files, summary");
  command->add_option("--key-pool", options->key_pool_file,
                      "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
  command->callback([&context, options] {
    try {
      context.exit_code = run_crash_sweep(context, *options);
    } catch (const UsageError& error) {
      context.err << "ssbsim: " << error.text << '\n';
      context.exit_code = kExitUsage;
    }
  });
}

}  // namespace ssb::sim::cli
