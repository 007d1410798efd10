// Scenarios run in the simulator, and snapshots of the instances that they leave behind.
#pragma once

#include <string>
#include <vector>

#include "sim/snapshot/query.h"
#include "sim/snapshot/snapshot.h"
#include "sim/snapshot/topology.h"
#include "tests/sim/doctor/examined.h"

namespace ssb::sim::snapshot {

inline scenario::ScriptOptions with_files() {
  scenario::ScriptOptions options;
  options.read_file = [](const std::string& path) -> std::optional<std::string> {
    if (!std::filesystem::is_regular_file(path)) return std::nullopt;
    return doctor::text_of(path);
  };
  return options;
}

// A run of a script with what it leaves, as the doctor sees it.
class Played {
 public:
  Played(const std::string& file, const std::string& text)
      : script_(scenario::parse_script(file, text, with_files())),
        simulation_(
            scenario::make_simulation({.seed = kSeed,
                                       .keys = [this](int) { return doctor::next_key(drawn_); },
                                       .is_judged = false,
                                       .wants_all_faults = false})) {
    report = scenario::Runner(script_, *simulation_).run();
    for (const auto& seen : simulation_->instances())
      instances.all.push_back({.name = seen.name,
                               .instance = seen.instance,
                               .now = seen.now,
                               .why_not = "it does not run"});
    instances.resolve = [this](std::size_t from, const std::string& host) {
      return simulation_->leads_to(from, host);
    };
  }

  [[nodiscard]] std::vector<std::string> snapshots() const {
    std::vector<std::string> out;
    for (const doctor::Subject& one : instances.all)
      out.push_back(capture(*one.instance, one.now, {}));
    return out;
  }
  // Batches that failed.
  [[nodiscard]] std::string failures() const {
    std::string out;
    for (const scenario::ScriptMessage& problem : report.problems) out += problem.line() + "\n";
    for (const scenario::ScriptMessage& problem : script_.errors) out += problem.line() + "\n";
    for (const scenario::Failure& failure : report.failures)
      out += failure.place.text() + ": " + failure.what + ": " + failure.seen + "\n";
    return out;
  }

  scenario::Report report;
  doctor::Instances instances;

 private:
  std::size_t drawn_ = 0;
  scenario::Script script_;
  std::unique_ptr<scenario::Simulation> simulation_;
};

// SenderService at HOST_A.Sender, ReceiverService at HOST_B.Receiver, and all that they need.
inline const std::string kSound = "--# clock 2020-03-01\n:r ../setup/full_security.sqlcmd\n";
inline const std::string kFile = doctor::kScenarios + "failures/a.sql";

}  // namespace ssb::sim::snapshot
