#include "sim/cli/doctor_sets.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "broker/node.h"
#include "sim/cli/scenario_files.h"
#include "sim/scenario/backend_parts.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;

// ---- a scenario ----

class SimulatedSet : public DoctorSet {
 public:
  std::unique_ptr<scenario::Simulation> simulation;
};

std::string lines_before(const std::string& text, int line) {
  std::size_t end = 0;
  for (int i = 1; i < line && end < text.size(); ++i)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

scenario::Script read_until(const DoctorScript& wanted) {
  const auto text = read_file(wanted.file);
  if (!text)
    throw std::system_error(ENOENT, std::generic_category(), fmt::format("'{}'", wanted.file));
  return scenario::parse_script(wanted.file,
                                wanted.until_line ? lines_before(*text, *wanted.until_line) : *text,
                                script_options(wanted.variables));
}

// "Msg 102, Level 15, ...": a batch that is no T-SQL has not run. (Others of level 15 are of single statements.)
bool is_syntax(const std::string& message) {
  constexpr int kSyntaxNumbersMax = 1000;
  int number = 0;
  int level = 0;
  return std::sscanf(message.c_str(), "Msg %d, Level %d,", &number, &level) == 2 && level == 15 &&
         number < kSyntaxNumbersMax;
}

void note_failures(const scenario::Report& report, DoctorSet& set) {
  for (const scenario::Failure& failure : report.failures) {
    if (failure.what == "expectation") continue;
    std::string seen = failure.seen.substr(0, failure.seen.find('\n'));
    set.has_bad_syntax = set.has_bad_syntax || is_syntax(seen);
    set.notes.push_back(fmt::format("{}: {}: {}", failure.place.text(), failure.what, seen));
  }
}

// ---- data folders ----

// A node that serves a folder has it locked: its files change under whoever copies them.
class NotServed {
 public:
  explicit NotServed(const fs::path& folder) {
    descriptor_ = ::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_SH | LOCK_NB) == 0) return;
    const int reason = errno;
    ::close(descriptor_);
    throw std::system_error(
        reason, std::generic_category(),
        fmt::format("a node serves '{}': stop it, or give a copy of the folder", folder.string()));
  }
  NotServed(const NotServed&) = delete;
  NotServed& operator=(const NotServed&) = delete;
  ~NotServed() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  int descriptor_ = -1;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "ssbsim-doctor-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The doctor runs no statement that would ask for a file.
class NoFiles : public broker::catalog::Files {
 public:
  boost::system::result<proto::Bytes, std::string> read(std::string_view) override {
    return std::string("the doctor reads no files");
  }
  boost::system::result<void, std::string> create(std::string_view, proto::ByteView) override {
    return std::string("the doctor makes no files");
  }
};

class FolderSet : public DoctorSet {
 public:
  void add(const fs::path& folder, proto::TimePoint now) {
    const NotServed held(folder);
    const scenario::DataFolder copy(copies_.path() / std::to_string(nodes_.size()));
    const scenario::DataFolder original(folder);
    if (!fs::exists(original.machine_key()))
      throw std::system_error(ENOENT, std::generic_category(), original.machine_key().string());
    fs::create_directories(copy.machine_key().parent_path());
    fs::copy(original.store(), copy.store(), fs::copy_options::recursive);
    fs::copy_file(original.machine_key(), copy.machine_key());
    broker::NodeOptions options;
    options.folder = copy.store();
    nodes_.push_back(std::make_unique<broker::Node>(
        std::move(options), files_,
        [](int bits) { return broker::crypto::RsaPrivateKey::generate(bits); }, copy.prepare(),
        now));
    const broker::catalog::Instance& instance = std::as_const(*nodes_.back()).instance();
    const auto* row = instance.master().table<broker::catalog::pb::InstanceInfo>().find(
        broker::catalog::kInstanceInfoId);
    instances.all.push_back({.name = row->name(), .instance = &instance, .now = now});
  }

  void read_peers(const std::vector<std::string>& peers) {
    for (const std::string& peer : peers) {
      const std::size_t equals = peer.find('=');
      const std::string instance = peer.substr(std::min(equals, peer.size() - 1) + 1);
      const auto found = number_of(instance);
      if (equals == 0 || equals == std::string::npos || !found)
        throw UsageError{fmt::format("--peer takes HOST=INSTANCE, not '{}'", peer)};
      peers_[scenario::to_lower(peer.substr(0, equals))] = *found;
    }
    instances.resolve = [this](std::size_t from, const std::string& host) {
      const auto named = peers_.find(scenario::to_lower(host));
      return named == peers_.end() ? by_name(from, host) : std::optional(named->second);
    };
    instances.is_whole = false;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> number_of(const std::string& wanted) const {
    for (std::size_t i = 0; i < instances.all.size(); ++i) {
      if (scenario::equal_ignoring_case(instances.all[i].name, wanted)) return i;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::size_t> by_name(std::size_t from,
                                                   const std::string& host) const {
    for (const std::string& candidate : scenario::host_candidates(host, instances.all[from].name)) {
      if (const auto found = number_of(candidate)) return found;
    }
    return std::nullopt;
  }

  TemporaryFolder copies_;
  NoFiles files_;
  std::vector<std::unique_ptr<broker::Node>> nodes_;
  std::map<std::string, std::size_t> peers_;  // by host, in lower case
};

}  // namespace

std::unique_ptr<DoctorSet> run_for_doctor(const DoctorScript& wanted) {
  auto set = std::make_unique<SimulatedSet>();
  set->name = wanted.file;
  scenario::Script script = read_until(wanted);
  if (!script.errors.empty()) {
    set->problems = std::move(script.errors);
    return set;
  }
  set->simulation = scenario::make_simulation({.seed = script.seed.value_or(wanted.seed),
                                               .keys = wanted.keys,
                                               .is_judged = false,
                                               .wants_all_faults = false,
                                               .real_time = std::chrono::steady_clock::now});
  scenario::Simulation& simulation = *set->simulation;
  const scenario::Report report = scenario::Runner(script, simulation).run();
  const bool has_run = report.verdict != scenario::Verdict::environment &&
                       (report.reason.empty() || !simulation.instances().empty());
  if (!has_run) {
    set->reason = report.reason.empty() ? "the scenario could not run" : report.reason;
    return set;
  }
  note_failures(report, *set);
  for (const scenario::Simulation::Seen& seen : simulation.instances()) {
    set->instances.all.push_back({.name = seen.name,
                                  .instance = seen.instance,
                                  .now = seen.now,
                                  .why_not = seen.instance == nullptr ? "it does not run" : ""});
  }
  set->instances.resolve = [&simulation](std::size_t from, const std::string& host) {
    return simulation.leads_to(from, host);
  };
  return set;
}

bool is_data_folder(const fs::path& path) {
  return fs::is_directory(scenario::DataFolder(path).store());
}

std::unique_ptr<DoctorSet> open_for_doctor(const std::vector<std::string>& folders,
                                           const std::vector<std::string>& peers) {
  auto set = std::make_unique<FolderSet>();
  const proto::TimePoint now =
      std::chrono::time_point_cast<proto::Duration>(std::chrono::system_clock::now());
  for (const std::string& folder : folders) set->add(folder, now);
  set->read_peers(peers);
  set->name = fmt::format("{}", fmt::join(folders, ", "));
  return set;
}

}  // namespace ssb::sim::cli
