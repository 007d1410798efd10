// `ssbsim crash-sweep`: a scenario once for every storage step of its instances, with a crash in that step.
//
//   The runs are spread over processes: one that a run ends, or that does not come back from it, is a failure of that point alone.
#include "sim/scenario/crash_sweep.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <map>
#include <memory>
#include <sstream>
#include <system_error>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/runner.h"

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
  int jobs = 1;
  std::size_t min_points = 0;
  int point_timeout_s = 120;
  std::string key_pool_file;
  bool as_json = false;
};

// What became of one point; it travels through a pipe as one line.
struct PointResult {
  Verdict verdict = Verdict::failed;
  bool has_crashed = false;
  std::string text;  // of what failed, lines
};

constexpr char kLineBreak = '\x1f';  // in the place of \n, in the pipe

std::string line_of(std::size_t index, const PointResult& result) {
  std::string text = result.text;
  std::replace(text.begin(), text.end(), '\n', kLineBreak);
  return fmt::format("end {} {} {} {}\n", index, static_cast<int>(result.verdict),
                     result.has_crashed ? 1 : 0, text);
}

std::string failure_text(const Report& report) {
  std::string out = report.reason;
  for (const scenario::Failure& failure : report.failures) {
    if (!out.empty()) out += '\n';
    out += fmt::format("{}   {}\nexpected  {}\nseen      {}", failure.what, failure.place.text(),
                       failure.expected, failure.seen);
  }
  for (const scenario::JudgeFinding& finding : report.findings)
    out += fmt::format("{}{} at {}: {}", out.empty() ? "" : "\n", finding.judge, finding.node,
                       finding.text);
  return out;
}

// One scenario: its steps, its points, and what became of each.
class FileSweep {
 public:
  FileSweep(Context& context, const CrashSweepOptions& options, scenario::KeyPool& pool,
            std::string file)
      : context_(context), options_(options), pool_(pool), file_(std::move(file)) {}

  Verdict run();

 private:
  struct Worker {
    pid_t pid = 0;
    int pipe = -1;
    std::string received;
    std::deque<std::size_t> left;  // the first is under way
    SteadyClock::time_point begun{};
  };

  [[nodiscard]] Verdict give_up(Verdict verdict, const std::string& why);
  // Without `counts` they are not asked for.
  [[nodiscard]] Report run_script(const Script& script, std::vector<StepCount>* counts);
  [[nodiscard]] PointResult run_point(const CrashPoint& point);
  void run_points();
  void start_worker(std::deque<std::size_t> points);
  [[noreturn]] void work(int pipe, const std::deque<std::size_t>& points);
  void read_from(Worker& worker);
  void take_lines(Worker& worker);
  void ended(Worker& worker, const std::string& how);
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
  std::vector<Worker> workers_;
  SteadyClock::time_point start_ = SteadyClock::now();
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
};

Report FileSweep::run_script(const Script& script, std::vector<StepCount>* counts) {
  pool_.start_run(seed_);
  const auto simulation =
      scenario::make_simulation({.seed = seed_,
                                 .keys = [this](int bits) { return pool_.draw(bits); },
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
                     .text = failure_text(report)};
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
  seed_ = options_.seed.value_or(script_.seed.value_or(1));
  const auto counted = *scenario::parse_counted(options_.counted);
  // What a process makes once would count as allocations of its first run alone.
  if (counted == scenario::Crash::Counted::allocation) (void)run_script(script_, nullptr);
  const Report whole = run_script(scenario::with_counting(script_, counted), &counts_);
  if (whole.verdict != Verdict::passed)
    return give_up(
        whole.verdict == Verdict::nothing_checked ? Verdict::inconclusive : whole.verdict,
        "without a crash: " + failure_text(whole));
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
  const auto jobs = std::min(static_cast<std::size_t>(options_.jobs), points_.size());
  std::vector<std::deque<std::size_t>> parts(jobs);
  for (std::size_t i = 0; i < points_.size(); ++i) parts[i % jobs].push_back(i);
  for (auto& part : parts) start_worker(std::move(part));
  while (!workers_.empty()) {
    std::vector<pollfd> polled;
    for (const Worker& worker : workers_) polled.push_back({worker.pipe, POLLIN, 0});
    constexpr int kPollMs = 200;
    ::poll(polled.data(), polled.size(), kPollMs);
    // Backwards: a worker that ends is taken out, and another one may be added behind.
    for (std::size_t i = polled.size(); i-- > 0;) {
      if (polled[i].revents != 0) {
        read_from(workers_[i]);
      } else if (SteadyClock::now() - workers_[i].begun >
                 std::chrono::seconds(options_.point_timeout_s)) {
        ::kill(workers_[i].pid, SIGKILL);
        ended(workers_[i],
              fmt::format("the run did not end within {} s", options_.point_timeout_s));
      }
      if (workers_[i].pipe < 0) workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    show_progress();
  }
}

void FileSweep::start_worker(std::deque<std::size_t> points) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    ::close(ends[0]);
    work(ends[1], points);
  }
  ::close(ends[1]);
  workers_.push_back({.pid = pid,
                      .pipe = ends[0],
                      .received = {},
                      .left = std::move(points),
                      .begun = SteadyClock::now()});
}

void FileSweep::work(int pipe, const std::deque<std::size_t>& points) {
  for (const std::size_t index : points) {
    PointResult result;
    try {
      result = run_point(points_[index]);
    } catch (const std::exception& failure) {
      result = {.verdict = Verdict::failed, .has_crashed = false, .text = failure.what()};
    }
    const std::string line = line_of(index, result);
    std::size_t written = 0;
    while (written < line.size()) {
      const ssize_t size = ::write(pipe, line.data() + written, line.size() - written);
      if (size < 0) ::_exit(kExitInternal);  // nobody listens any more
      written += static_cast<std::size_t>(size);
    }
  }
  ::_exit(0);
}

void FileSweep::read_from(Worker& worker) {
  constexpr std::size_t kReadBytes = 65536;
  std::string bytes(kReadBytes, '\0');
  const ssize_t size = ::read(worker.pipe, bytes.data(), bytes.size());
  if (size > 0) {
    worker.received.append(bytes, 0, static_cast<std::size_t>(size));
    take_lines(worker);
    return;
  }
  ended(worker, "");
}

void FileSweep::take_lines(Worker& worker) {
  std::size_t end = 0;
  while ((end = worker.received.find('\n')) != std::string::npos) {
    std::istringstream line(worker.received.substr(0, end));
    worker.received.erase(0, end + 1);
    std::string word;
    std::size_t index = 0;
    int verdict = 0;
    int has_crashed = 0;
    line >> word >> index >> verdict >> has_crashed;
    std::string text;
    line.get();
    std::getline(line, text);
    std::replace(text.begin(), text.end(), kLineBreak, '\n');
    done(index, {static_cast<Verdict>(verdict), has_crashed != 0, std::move(text)});
    worker.left.pop_front();
    worker.begun = SteadyClock::now();
  }
}

// One that ends before its points do has failed at the first of them; another one takes the others.
void FileSweep::ended(Worker& worker, const std::string& how) {
  int status = 0;
  ::waitpid(worker.pid, &status, 0);
  ::close(worker.pipe);
  worker.pipe = -1;
  if (worker.left.empty()) return;
  std::deque<std::size_t> left = std::move(worker.left);
  const std::string died = WIFSIGNALED(status)
                               ? fmt::format("the simulator ended with signal {}", WTERMSIG(status))
                               : fmt::format("the simulator ended with {}", WEXITSTATUS(status));
  done(left.front(), {Verdict::failed, true, how.empty() ? died : how});
  left.pop_front();
  if (!left.empty()) start_worker(std::move(left));  // `worker` may have moved
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
  context_.err << fmt::format("\r{} of {} points, {} failed, {:.1f} a second ", done_,
                              points_.size(), failed_, static_cast<double>(done_) / seconds)
               << (workers_.empty() ? "\n" : "") << std::flush;
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
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--to", options->to, "The last step [the last that there is]")
      ->check(CLI::PositiveNumber);
  command->add_option("--every", options->every, "Only each so many-th step")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--count", options->counted, "What a step is")
      ->check(CLI::IsMember({"step", "write", "sync", "allocation"}))
      ->capture_default_str();
  command
      ->add_option("--torn", options->torn,
                   "Whether the write under way may be torn: no, only, or both in two runs")
      ->check(CLI::IsMember({"no", "only", "both"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "[--# seed of the script, else 1]");
  command->add_option("-j,--jobs", options->jobs, "Processes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--min-points", options->min_points,
                      "Exit code 2 when there are fewer: a sweep that shrinks is noticed");
  command
      ->add_option("--point-timeout", options->point_timeout_s, "Seconds of real time for one run")
      ->check(CLI::PositiveNumber)
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
