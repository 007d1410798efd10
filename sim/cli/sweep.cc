// `ssbsim sweep`: hands runs to processes, keeps their lines, shrinks what failed.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/cli/processors.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/stop_signals.h"
#include "sim/cli/sweep_file.h"
#include "sim/cli/sweep_job.h"
#include "sim/cli/sweep_options.h"
#include "sim/cli/sweep_totals.h"
#include "sim/cli/version.h"
#include "sim/cli/workers.h"
#include "sim/scenario/script_text.h"
#include "sim/sweep/shrink.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr auto kCheckpointEvery = std::chrono::seconds(10);
constexpr auto kLookEvery = std::chrono::milliseconds(200);
constexpr auto kShrinkAtMost = std::chrono::seconds(60);  // of one failure
constexpr int kGroupsShrunkMax = 10;
constexpr std::uint64_t kMegabyte = std::uint64_t{1024} * 1024;
constexpr std::uint64_t kMemoryMinBytes =
    256 * kMegabyte;  // of addresses, of which code and libraries take most
constexpr const char* kTerminationLog = "/dev/termination-log";  // Kubernetes reads it

// A signal asked for the end, while something was under way.
struct Stopped {};

// Of decimal and hexadecimal numbers: ports, moments and GUIDs differ from run to run.
std::string without_digits(std::string text) {
  std::erase_if(text, [](char c) {
    return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
  });
  return text;
}

void write_file(const fs::path& file, const std::string& text) {
  const fs::path partial = file.string() + ".partial";
  {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) throw std::system_error(errno, std::generic_category(), partial.string());
  }
  fs::rename(partial, file);
}

class SweepCommand {
 public:
  SweepCommand(Context& context, const SweepOptions& options)
      : context_(context), options_(options) {}

  int run() {
    prepare();
    StopSignals signals;
    signals_ = &signals;
    Workers workers({.count = jobs_,
                     .at_most = std::chrono::seconds(options_.run_timeout_s),
                     .memory_bytes = options_.memory_bytes},
                    [this](const std::string& request) {
                      if (!job_) job_.emplace(subject_, key_pool_);
                      return job_->run(request);
                    });
    workers_ = &workers;
    if (file_ && !file_->open(header(), [this](const json::object& line) { resume(line); })) {
      const int code = file_->finished_code();
      context_.err << fmt::format("ssbsim: '{}' is finished, with exit code {}\n", file_name_,
                                  code);
      return code;
    }
    if (!file_) print(json::serialize(header()));
    announce();
    try {
      if (options_.has_canary) send_canary();
      do_runs();
      if (file_) file_->sync();
      shrink_failures();
    } catch (const Stopped&) {
      return stop();
    }
    return finish();
  }

 private:
  // ---- before ----

  void prepare() {
    if (options_.is_generated != options_.paths.empty())
      throw UsageError{"sweep takes scenarios, or --generate and none"};
    if (!options_.paths.empty()) read_scripts();
    subject_.batch_timeout_s = options_.run_timeout_s;
    subject_.awake_endpoints_max = options_.awake_endpoints_max;
    subject_.runs.scenarios = std::max<std::size_t>(1, subject_.scripts.size());
    subject_.runs.at_most = options_.max_runs;
    parse_seeds(options_.seeds, subject_.runs);
    if (options_.memory_bytes > 0 && options_.memory_bytes < kMemoryMinBytes)
      throw UsageError{fmt::format("--mem-limit is {} MB or more: a process needs them for itself",
                                   kMemoryMinBytes / kMegabyte)};
    if (subject_.is_generated()) static_cast<void>(subject_.script(subject_.runs.at(0)));
    if (!options_.budget.empty()) {
      const auto budget = scenario::parse_duration(options_.budget);
      if (!budget || budget->count() <= 0)
        throw UsageError{fmt::format("--budget takes a time like 10m, not '{}'", options_.budget)};
      ends_at_ = begin_ + *budget;
    }
    choose_shard();
    jobs_ = options_.jobs > 0 ? options_.jobs : usable_processors("/");
    key_pool_ = key_pool_file(options_.key_pool_file).string();
    std::string name = options_.json_file;
    if (name.empty() && !options_.out_folder.empty())
      name = (fs::path(options_.out_folder) /
              fmt::format("shard-{}-of-{}.jsonl", shard_.index, shard_.count))
                 .string();
    if (!name.empty() && name != "-") file_ = std::make_unique<SweepFile>(name);
    file_name_ = name;
    next_ = 0;
  }

  void read_scripts() {
    const auto script_options = cli::script_options(options_.variables);
    for (const std::string& file : scenario_files(options_.paths)) {
      const auto text = read_file(file);
      if (!text) throw std::system_error(ENOENT, std::generic_category(), file);
      auto script = scenario::parse_script(file, *text, script_options);
      if (!script.errors.empty()) {
        for (const auto& error : script.errors) context_.err << error.line() << '\n';
        throw UsageError{fmt::format("'{}' does not parse", file)};
      }
      if (script.modes.sim) {
        subject_.scripts.push_back(std::move(script));
      } else {
        context_.err << fmt::format("ssbsim: '{}' is left out: --# modes tcp\n", file);
      }
    }
    if (subject_.scripts.empty()) throw UsageError{"no scenario is for the simulator"};
  }

  void choose_shard() {
    if (options_.shard.empty()) {
      auto found = sweep::shard_of(environment);
      if (const auto* why = std::get_if<std::string>(&found)) throw UsageError{*why};
      shard_ = std::get<sweep::Shard>(found);
      return;
    }
    const auto shard = sweep::parse_shard(options_.shard);
    if (!shard)
      throw UsageError{fmt::format("--shard takes i/n with i from 0 to n-1, like 3/16, not '{}'",
                                   options_.shard)};
    shard_ = *shard;
  }

  [[nodiscard]] json::object header() const {
    json::array scenarios;
    for (const auto& script : subject_.scripts)
      scenarios.push_back(
          json::object{{"file", script.file}, {"hash", fmt::format("{:016x}", script.text_hash)}});
    json::object identity{
        {"version", version()},
        {"build", build_id()},
        {"seeds", fmt::format("{}-{}", subject_.runs.first_seed, subject_.runs.last_seed)},
        {"runs", subject_.runs.count()},
        {"shard", fmt::format("{}/{}", shard_.index, shard_.count)},
        {"check_every", options_.check_every},
        {"canary", options_.has_canary},
        {"generated", subject_.is_generated()},
        {"scenarios", std::move(scenarios)}};
    return {{"type", "header"},
            {"program", "ssbsim"},
            {"command", "ssbsim" + context_.arguments},
            {"shard_source", shard_.source},
            {"identity", std::move(identity)}};
  }

  void announce() {
    context_.err << fmt::format(
        "ssbsim: {} runs over {}, seeds {}-{}; shard {} of {} ({}); {} process{}{}\n",
        subject_.runs.count(),
        subject_.is_generated() ? "generated workloads"
                                : fmt::format("{} scenarios", subject_.scripts.size()),
        subject_.runs.first_seed, subject_.runs.last_seed, shard_.index, shard_.count,
        shard_.source, jobs_, jobs_ == 1 ? "" : "es",
        totals_.runs() == 0 ? "" : fmt::format("; goes on after {} runs", totals_.runs()));
  }

  void resume(const json::object& line) {
    if (line.at("type") != "run") return;
    totals_.add(line);
    next_ = line.at("run").to_number<std::uint64_t>() + 1;
  }

  // ---- runs ----

  // The canary is not one of the runs: each process of a fleet has to find it.
  void send_canary() {
    const auto line = parse_line(ask("canary").reply);
    const auto* key = line ? line->if_contains("key") : nullptr;
    is_canary_found_ = key != nullptr && *key == "canary:5: expectation";
    if (!is_canary_found_)
      context_.err << "ssbsim: the canary was not found: a failing scenario did not fail\n";
  }

  [[nodiscard]] bool is_in_time() const { return !ends_at_ || Clock::now() < *ends_at_; }

  // The next run of this shard, or nullopt.
  std::optional<std::uint64_t> next_run() {
    while (next_ < subject_.runs.count() && !shard_.has(next_, subject_.runs)) ++next_;
    if (next_ >= subject_.runs.count()) return std::nullopt;
    return next_;
  }

  void do_runs() {
    std::set<std::uint64_t> given;
    std::map<std::uint64_t, std::string> lines;
    auto checkpoint_at = Clock::now() + kCheckpointEvery;
    while (true) {
      while (workers_->has_free() && is_in_time() && next_run()) {
        const std::uint64_t run = next_++;
        const bool is_twice = options_.check_every > 0 && run % options_.check_every == 0;
        workers_->give(run, SweepRequest{.run = run, .is_twice = is_twice}.text());
        given.insert(run);
      }
      if (workers_->is_idle()) break;
      for (const Workers::Done& done : workers_->wait(kLookEvery))
        lines[done.tag] = done.death.empty() ? done.reply : death_line(done);
      // In the order of their numbers, whoever was faster.
      while (!given.empty() && lines.count(*given.begin()) != 0) {
        take(lines.extract(*given.begin()).mapped());
        given.erase(given.begin());
      }
      if (signals_->seen()) throw Stopped{};
      show_progress(false);
      if (Clock::now() < checkpoint_at) continue;
      checkpoint_at = Clock::now() + kCheckpointEvery;
      if (file_) file_->sync();
    }
    is_out_of_time_ = next_run().has_value();
    show_progress(true);
  }

  void take(const std::string& line) {
    if (const auto parsed = parse_line(line)) totals_.add(*parsed);
    print(line);
  }

  void print(const std::string& line) {
    if (file_) {
      file_->append(line);
    } else if (file_name_ == "-") {
      context_.out << line + "\n" << std::flush;
      require_output(context_.out);
    }
  }

  [[nodiscard]] std::string death_line(const Workers::Done& done) const {
    const sweep::RunId id = subject_.runs.at(done.tag);
    const std::string file =
        subject_.is_generated() ? "generated" : subject_.scripts[id.scenario].file;
    return json::serialize(json::object{{"type", "run"},
                                        {"run", done.tag},
                                        {"scenario", file},
                                        {"seed", id.seed},
                                        {"verdict", "DIED"},
                                        {"code", kExitInternal},
                                        {"key", death_key(file, done.death)},
                                        {"failure", "the process of the run " + done.death}});
  }
  static std::string death_key(const std::string& file, const std::string& death) {
    return fmt::format("{}: process {}", file, death);
  }

  void show_progress(bool is_last) {
    const bool is_live = ::isatty(STDERR_FILENO) == 1;
    const auto now = Clock::now();
    if (!is_last && now - shown_at_ < (is_live ? std::chrono::seconds(1) : kCheckpointEvery))
      return;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    context_.progress
        << fmt::format(
               "{}ssbsim: {} runs, {:.1f}/s, {:.0f} events/s, {} failed, probes {}/{} hit{}",
               is_live ? "\r" : "", totals_.runs(), static_cast<double>(totals_.runs()) / seconds,
               static_cast<double>(totals_.events()) / seconds, totals_.failed(),
               totals_.probes_hit(), totals_.probes_known(), is_live && !is_last ? "" : "\n")
        << std::flush;
    shown_at_ = now;
  }

  // One request, and nothing else meanwhile.
  Workers::Done ask(const std::string& request) {
    workers_->give(0, request);
    while (true) {
      const auto done = workers_->wait(kLookEvery);
      if (signals_->seen()) throw Stopped{};
      if (!done.empty()) return done.front();
    }
  }

  // ---- failures ----

  void shrink_failures() {
    if (options_.out_folder.empty()) return;
    fs::create_directories(options_.out_folder);
    std::vector<std::pair<std::uint64_t, std::string>> groups;  // by first run
    for (const auto& [key, group] : totals_.groups()) groups.emplace_back(group.first_run, key);
    std::sort(groups.begin(), groups.end());
    int shrunk = 0;
    for (const auto& [run, key] : groups) {
      SweepRequest request{.run = run};
      write_bundle(request, key, ".original.sql");
      if (options_.shrink_runs > 0 && shrunk++ < kGroupsShrunkMax) shrink_failure(request, key);
      totals_.add_bundle(key, write_bundle(request, key, ".sql"));
    }
  }

  // The same failure with fewer faults, then with fewer steps.
  void shrink_failure(SweepRequest& request, const std::string& key) {
    const SweepCase whole = sweep_case(subject_, request);
    const auto latest = Clock::now() + kShrinkAtMost;
    int attempts = options_.shrink_runs;
    const auto still_fails = [&](const SweepRequest& smaller) {
      if (Clock::now() >= latest) {
        attempts = 0;
        return false;
      }
      const SweepCase what = sweep_case(subject_, smaller);
      const std::string text = scenario::script_text(what.swarmed.script, "", what.id.seed);
      if (!scenario::parse_script(key, text, {}).errors.empty()) return false;
      const Workers::Done done = ask(smaller.text());
      if (!done.death.empty()) return death_key(whole.base.file, done.death) == key;
      const auto line = parse_line(done.reply);
      const auto* seen = line ? line->if_contains("key") : nullptr;
      if (seen == nullptr || *seen != key.c_str()) return false;
      // Without some steps another thing may be seen at the same place: that is not this failure.
      const auto* failure = line->if_contains("failure");
      return smaller.steps == request.steps || failure == nullptr || !failure->is_string() ||
             without_digits(std::string(failure->get_string())) ==
                 without_digits(totals_.groups().at(key).failure);
    };
    context_.err << fmt::format("ssbsim: shrinking {} (seed {})\n", key, whole.id.seed);
    request.steps.assign(whole.base.steps.size(), true);
    request.faults = sweep::shrink(std::vector<bool>(whole.plan.faults.size(), true), attempts,
                                   [&](const std::vector<bool>& kept) {
                                     SweepRequest smaller = request;
                                     smaller.faults = kept;
                                     return still_fails(smaller);
                                   });
    // Where the faults make the failure, they must go on doing so: without a SEND nothing arrives either.
    const auto fails_without_faults = [&](SweepRequest smaller) {
      smaller.faults.assign(whole.plan.faults.size(), false);
      return still_fails(smaller);
    };
    const bool needs_faults = !fails_without_faults(request);
    request.steps = sweep::shrink(request.steps, attempts, [&](const std::vector<bool>& kept) {
      SweepRequest smaller = request;
      smaller.steps = kept;
      return still_fails(smaller) && !(needs_faults && fails_without_faults(smaller));
    });
    context_.err << fmt::format(
        "ssbsim: {} of {} faults and {} of {} steps are left\n",
        std::count(request.faults.begin(), request.faults.end(), true), whole.plan.faults.size(),
        std::count(request.steps.begin(), request.steps.end(), true), whole.base.steps.size());
  }

  std::string write_bundle(const SweepRequest& request, const std::string& key,
                           const std::string& ending) {
    const SweepCase what = sweep_case(subject_, request);
    const FailureGroup& group = totals_.groups().at(key);
    std::string head = fmt::format(
        "Found by ssbsim sweep, version {} build {}.\nScenario {}, seed {}, run {}.\nFailure {}\n",
        version(), build_id(), what.base.file, what.id.seed, request.run, key);
    std::string_view failure = group.failure;
    while (!failure.empty()) {
      const std::size_t end = std::min(failure.find('\n'), failure.size());
      head += fmt::format("  {}\n", failure.substr(0, end));
      failure.remove_prefix(std::min(end + 1, failure.size()));
    }
    for (const auto& fault : what.plan.faults)
      head += fmt::format("Fault {}: {}\n", fault.kind->name, fault.directive);
    for (const std::string& left_out : what.swarmed.left_out)
      head += fmt::format("Left out {}\n", left_out);
    std::string name =
        fmt::format("{}-seed{}", fs::path(what.base.file).stem().string(), what.id.seed);
    const std::string& first = bundle_keys_.try_emplace(name, key).first->second;
    if (first != key)
      name += fmt::format("-run{}-{:04x}", request.run, std::hash<std::string>{}(key)&0xFFFFU);
    const fs::path file = fs::path(options_.out_folder) / (name + ending);
    write_file(file, scenario::script_text(what.swarmed.script, head, what.id.seed));
    return file.string();
  }

  // ---- the end ----

  int stop() {
    show_progress(true);
    const int signal = signals_->seen().value_or(SIGTERM);
    if (!file_) {
      context_.err << "ssbsim: stopped; without --json FILE or --out there is no checkpoint\n";
      return 128 + signal;
    }
    file_->sync();
    context_.err << fmt::format(
        "ssbsim: stopped after {} runs; the same command goes on from '{}'\n", totals_.runs(),
        file_->partial().string());
    terminate(fmt::format("stopped after {} runs, checkpoint written", totals_.runs()));
    return kExitStopped;
  }

  int finish() {
    int code = totals_.exit_code();
    if (is_out_of_time_) code = worse_exit(code, kExitBudget);
    if (options_.has_canary && !is_canary_found_) code = worse_exit(code, kExitInternal);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    json::object summary{{"type", "summary"}};
    for (const auto& [name, value] : totals_.json()) summary[name] = value;
    if (options_.has_canary) summary["canary"] = is_canary_found_ ? "found" : "missed";
    summary["budget_exhausted"] = is_out_of_time_;
    summary["real_s"] = seconds;
    summary["exit"] = code;
    // A file whose sweep is not at its end is a checkpoint: the same command goes on from there.
    const bool is_checkpoint = file_ && is_out_of_time_;
    summary["complete"] = !is_checkpoint;
    const std::string line = json::serialize(summary);
    if (is_checkpoint) {
      file_->leave(line);
    } else if (file_) {
      file_->finish(line);
    } else {
      print(line);
    }
    if (file_name_ != "-") context_.out << text();
    terminate(fmt::format("{} runs, {} failed, exit {}", totals_.runs(), totals_.failed(), code));
    return code;
  }

  [[nodiscard]] std::string awake_option() const {
    const std::size_t most = subject_.awake_endpoints_max;
    if (most == broker::conversation::kAwakeEndpointsMax) return {};
    return fmt::format(" --awake-endpoints {}", most);
  }
  [[nodiscard]] std::string text() const {
    std::string out = totals_.text();
    for (const auto& [key, group] : totals_.groups()) {
      if (!group.bundle.empty()) continue;
      out += fmt::format("repeat {}: ssbsim sweep {} --seeds {}{}\n", key,
                         subject_.is_generated() ? "--generate" : group.scenario, group.seed,
                         awake_option());
    }
    if (is_out_of_time_) out += "the time was over before the runs were\n";
    if (is_out_of_time_ && file_)
      out += fmt::format("the same command goes on from '{}'\n", file_->partial().string());
    return out;
  }

  static void terminate(const std::string& message) {
    if (::access(kTerminationLog, W_OK) != 0) return;
    std::ofstream(kTerminationLog) << "ssbsim sweep: " << message << '\n';
  }

  Context& context_;
  const SweepOptions& options_;
  const Clock::time_point begin_ = Clock::now();
  std::optional<Clock::time_point> ends_at_;
  Clock::time_point shown_at_ = begin_;
  SweepSubject subject_;
  sweep::Shard shard_;
  int jobs_ = 1;
  std::string key_pool_;
  std::string file_name_;
  std::unique_ptr<SweepFile> file_;
  std::optional<SweepJob> job_;  // of a worker
  Workers* workers_ = nullptr;
  StopSignals* signals_ = nullptr;
  SweepTotals totals_;
  std::map<std::string, std::string> bundle_keys_;  // file name, failure
  std::uint64_t next_ = 0;
  bool is_out_of_time_ = false;
  bool is_canary_found_ = false;
};

}  // namespace

void add_sweep(CLI::App& app, Context& context) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command = app.add_subcommand(
      "sweep", "Run scenarios with faults drawn from many seeds, in the simulator");
  add_sweep_options(*command, *options);
  command->callback([&context, options] {
    try {
      context.exit_code = SweepCommand(context, *options).run();
    } catch (const UsageError& error) {
      context.err << "ssbsim: " << error.text << '\n';
      context.exit_code = kExitUsage;
    }
  });
}

}  // namespace ssb::sim::cli
