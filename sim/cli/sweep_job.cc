#include "sim/cli/sweep_job.h"

#include <chrono>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "proto/check.h"
#include "proto/trace.h"
#include "sim/cli/scenario_files.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"
#include "sim/scenario/warm_up.h"
#include "sim/sweep/failure_key.h"
#if __has_include("sim/workload/generate.h")
#include "sim/workload/generate.h"
#endif

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;
using scenario::Report;
using scenario::Script;

constexpr std::size_t kFailureTextMax = 2000;
constexpr std::string_view kAll = "-";

std::string mask_text(const std::vector<bool>& mask) {
  if (mask.empty()) return std::string(kAll);
  std::string out;
  for (const bool is_kept : mask) out.push_back(is_kept ? '1' : '0');
  return out;
}

std::vector<bool> parse_mask(const std::string& text) {
  std::vector<bool> mask;
  if (text == kAll) return mask;
  for (const char c : text) mask.push_back(c == '1');
  return mask;
}

SweepRequest parse_request(std::istringstream& in) {
  SweepRequest request;
  std::string word;
  in >> request.run;
  while (in >> word) {
    if (word == "twice") {
      request.is_twice = true;
      continue;
    }
    request.faults = parse_mask(word);
    if (in >> word) request.steps = parse_mask(word);
  }
  return request;
}

struct Course {
  Report report;
  Fingerprint fingerprint;
  std::uint64_t events = 0;
};

Course run_alone(const Script& script, std::uint64_t seed, scenario::KeyPool& pool,
                 const SweepSubject& subject) {
  pool.start_run(seed);
  const auto simulation =
      scenario::make_simulation({.seed = seed,
                                 .keys = [&pool](int bits) { return pool.draw(bits); },
                                 .capture_file = {},
                                 .as_product = false,
                                 .awake_endpoints_max = subject.awake_endpoints_max,
                                 .wants_all_faults = false,
                                 .batch_timeout = std::chrono::seconds(subject.batch_timeout_s),
                                 .real_time = std::chrono::steady_clock::now});
  Course course;
  course.report = scenario::Runner(script, *simulation).run();
  course.fingerprint = simulation->fingerprint();
  course.events = simulation->events_done();
  return course;
}

Course run_once(const Script& script, std::uint64_t seed, scenario::KeyPool& pool,
                const SweepSubject& subject) {
  scenario::warm_up(
      script, [&](const Script& warm) { static_cast<void>(run_alone(warm, seed, pool, subject)); });
  return run_alone(script, seed, pool, subject);
}

// The simulator's own counters, the event classes that were seen, and the steps of verification that refused something.
json::object probes_json(const Report& report) {
  std::map<std::string, std::uint64_t> probes = report.probes;
  for (const auto& record : report.records) {
    ++probes[fmt::format("event.{}", static_cast<int>(record.record.event))];
    for (const auto& [name, value] : record.record.detail) {
      if (name == "step") ++probes["refused.step." + value];
    }
  }
  json::object out;
  for (const auto& [name, count] : probes) out[name] = count;
  return out;
}

void add_course(const Course& course, bool is_generated, json::object& line) {
  const Report& report = course.report;
  line["verdict"] = scenario::verdict_name(report.verdict);
  line["code"] = scenario::exit_code(report.verdict);
  line["events"] = course.events;
  line["virtual_us"] = (report.end - report.start).count();
  line["met"] = report.met;
  line["fingerprint"] = course.fingerprint.text();
  line["probes"] = probes_json(report);
  const std::string key = sweep::failure_key(report, is_generated);
  if (key.empty() || report.verdict == scenario::Verdict::inconclusive) {
    if (!report.reason.empty()) line["reason"] = report.reason;
    return;
  }
  line["key"] = key;
  line["failure"] = sweep::failure_text(report).substr(0, kFailureTextMax);
}

}  // namespace

Script SweepSubject::script(const sweep::RunId& id) const {
  if (!is_generated()) return scripts.at(id.scenario);
#if __has_include("sim/workload/generate.h")
  return scenario::parse_script("generated", workload::generate_scenario(id.seed), {});
#else
  throw UsageError{"this build generates no workloads"};
#endif
}

std::string SweepRequest::text() const {
  return fmt::format("run {}{}{}", run, is_twice ? " twice" : "",
                     faults.empty() && steps.empty()
                         ? ""
                         : fmt::format(" {} {}", mask_text(faults), mask_text(steps)));
}

SweepCase sweep_case(const SweepSubject& subject, const SweepRequest& request) {
  SweepCase out;
  out.id = subject.runs.at(request.run);
  out.base = subject.script(out.id);
  sweep::Plan whole = sweep::plan_faults(out.base, out.id.seed);
  out.plan = whole;
  out.plan.faults.clear();
  for (std::size_t i = 0; i < whole.faults.size(); ++i) {
    if (request.faults.empty() || request.faults.at(i))
      out.plan.faults.push_back(std::move(whole.faults[i]));
  }
  out.swarmed = sweep::with_faults(out.base, out.plan, request.steps);
  return out;
}

std::string canary_text() {
  return "--# scenario The canary of a sweep: it fails on purpose\n"
         ":connect CANARY\n"
         "SELECT 1 AS one;\n"
         "GO\n"
         "--# expect value '2'\n";
}

std::string SweepJob::run(const std::string& request_text) {
  std::istringstream in(request_text);
  std::string word;
  in >> word;
  json::object line{{"type", word}};
  if (word == "canary" || word == "file") {
    std::string name = word;
    if (word == "file") std::getline(in >> std::ws, name);
    const auto text = word == "file" ? read_file(name) : std::optional(canary_text());
    const Script script = scenario::parse_script(name, text.value_or(""), {});
    add_course(run_once(script, script.seed.value_or(1), pool_, subject_), false, line);
    return json::serialize(line);
  }
  SSB_CHECK(word == "run");
  const SweepRequest request = parse_request(in);
  const SweepCase what = sweep_case(subject_, request);
  line["run"] = request.run;
  line["scenario"] = what.base.file;
  line["seed"] = what.id.seed;
  const auto kinds = what.plan.kinds();
  line["faults"] = json::array(kinds.begin(), kinds.end());
  const Course course = run_once(what.swarmed.script, what.id.seed, pool_, subject_);
  add_course(course, subject_.is_generated(), line);
  if (request.is_twice) {
    const Course again = run_once(what.swarmed.script, what.id.seed, pool_, subject_);
    const auto difference = Fingerprint::first_difference(course.fingerprint, again.fingerprint);
    line["checked"] = true;
    if (difference) line["differs"] = *difference;
  }
  return json::serialize(line);
}

}  // namespace ssb::sim::cli
