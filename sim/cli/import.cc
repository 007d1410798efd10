// ssbsim import: snapshots of servers become a scenario, which the doctor looks at and trial dialogs are tried on.
#include <algorithm>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "broker/catalog/instance.h"
#include "sim/cli/cli.h"
#include "sim/cli/doctor_command.h"
#include "sim/cli/doctor_sets.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/snapshot_files.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"
#include "sim/snapshot/topology.h"
#include "sim/snapshot/trial.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using snapshot::Mapping;
using snapshot::Snapshot;

constexpr std::string_view kFirstLine = "--# scenario Imported from snapshots";
constexpr std::size_t kTrialsMax = 64;

struct ImportOptions {
  std::vector<std::string> files;
  std::string out;
  std::vector<std::string> peers;
  bool without_trials = false;
  DoctorOptions doctor;
};

class ImportCommand {
 public:
  ImportCommand(Context& context, const ImportOptions& options)
      : context_(context),
        options_(options),
        pool_(key_pool_file(options.doctor.key_pool_file), [&context](const std::string& text) {
          context.err << "ssbsim: " << text << std::endl;
        }) {}

  int run() {
    if (!read_files()) return kExitBadSnapshot;
    const fs::path folder = options_.out;
    check_folder(folder);
    const snapshot::Topology topology(snapshots_, peers());
    std::vector<Mapping> mapping;
    pool_.start_run(snapshot::kSeed);
    snapshot::Identities identities([this](int bits) { return pool_.draw(bits); });
    const std::string script = topology.topology_script(identities, broker_ids(topology), mapping);
    const fs::path file = folder / "topology.sql";
    fs::create_directories(folder);
    write_whole_file(file, script);
    if (options_.doctor.as_json) print_line(json_header(context_.arguments));
    report_mapping(folder, mapping);
    if (!builds(file)) return kExitBadSnapshot;
    DoctorOptions doctor = options_.doctor;
    doctor.paths = {file.string()};
    doctor.prints_header = false;
    const int code = run_doctor(context_, doctor);
    if (code >= kExitUsage || options_.without_trials) return code;
    const bool all_delivered = try_dialogs(folder, script);
    return !all_delivered && options_.doctor.fail_on != "never" ? std::max(code, 1) : code;
  }

 private:
  bool read_files() {
    std::vector<snapshot::Problem> problems;
    for (const std::string& file : options_.files) {
      if (!fs::is_regular_file(file))
        throw std::system_error(ENOENT, std::generic_category(), fmt::format("'{}'", file));
      // One byte more than may be: the parser says that it is too much.
      if (fs::file_size(file) > snapshot::kJsonBytesMax) {
        problems.push_back(
            {file, 1, "",
             fmt::format("{} bytes, more than {}: name the databases that matter with "
                         "snapshot-query --database",
                         fs::file_size(file), snapshot::kJsonBytesMax)});
        continue;
      }
      const auto text = read_file(file);
      if (!text) throw std::system_error(EIO, std::generic_category(), fmt::format("'{}'", file));
      if (auto one = snapshot::read_snapshot(file, *text, problems))
        snapshots_.push_back(std::move(*one));
    }
    snapshot::check_together(snapshots_, problems);
    for (const snapshot::Problem& problem : problems)
      fmt::print(context_.err, "{}\n", problem.message());
    return problems.empty();
  }

  static void check_folder(const fs::path& folder) {
    const auto old = read_file((folder / "topology.sql").string());
    if (old && !old->starts_with(kFirstLine))
      throw UsageError{
          fmt::format("'{}' has a topology.sql that import has not written; give "
                      "another folder",
                      folder.string())};
  }

  [[nodiscard]] snapshot::Peers peers() const {
    snapshot::Peers out;
    for (const std::string& peer : options_.peers) {
      const std::size_t equals = peer.find('=');
      const std::string server =
          scenario::to_lower(equals == std::string::npos ? "" : peer.substr(equals + 1));
      const bool is_known = std::ranges::any_of(snapshots_, [&](const Snapshot& one) {
        return scenario::to_lower(one.server) == server;
      });
      if (equals == 0 || !is_known)
        throw UsageError{
            fmt::format("--peer takes HOST=SERVER with a server of the snapshots, not '{}'", peer)};
      out[scenario::to_lower(peer.substr(0, equals))] = server;
    }
    return out;
  }

  // Those that the databases of the script get: the same ones in every run of its seed.
  [[nodiscard]] snapshot::BrokerIds broker_ids(const snapshot::Topology& topology) {
    snapshot::BrokerIds out;
    if (!topology.needs_broker_ids()) return out;
    const scenario::Script script =
        scenario::parse_script("databases.sql", topology.databases_script(), {});
    const auto simulation =
        scenario::make_simulation({.seed = snapshot::kSeed,
                                   .keys = [this](int bits) { return pool_.draw(bits); },
                                   .is_judged = false,
                                   .wants_all_faults = false});
    static_cast<void>(scenario::Runner(script, *simulation).run());
    for (const auto& seen : simulation->instances()) {
      if (seen.instance == nullptr) continue;
      snapshot::add_broker_ids(seen.name, *seen.instance, out);
    }
    return out;
  }

  // A batch that fails leaves another topology than the snapshots': nothing that is found in it is of them.
  bool builds(const fs::path& file) {
    pool_.start_run(snapshot::kSeed);
    const auto set = run_for_doctor({.file = file.string(),
                                     .variables = {},
                                     .until_line = std::nullopt,
                                     .seed = snapshot::kSeed,
                                     .keys = [this](int bits) { return pool_.draw(bits); }});
    for (const scenario::ScriptMessage& problem : set->problems)
      fmt::print(context_.err, "{}\n", problem.line());
    for (const std::string& note : set->notes) fmt::print(context_.err, "{}\n", note);
    if (!set->reason.empty()) fmt::print(context_.err, "{}\n", set->reason);
    if (set->problems.empty() && set->notes.empty() && set->reason.empty()) return true;
    fmt::print(
        context_.err,
        "ssbsim: the topology does not build as the snapshots have it; mend these batches in "
        "'{0}', and run ssbsim doctor {0}\n",
        file.string());
    return false;
  }

  void report_mapping(const fs::path& folder, const std::vector<Mapping>& mapping) {
    std::string text;
    std::set<std::string> shown;
    for (const Mapping& one : mapping) {
      text += one.text() + "\n";
      if (options_.doctor.as_json) {
        print_line(json::serialize(json::object{{"type", "mapping"},
                                                {"place", one.place},
                                                {"kind", one.kind},
                                                {"from", one.from},
                                                {"to", one.to}}));
      } else if (one.kind != "certificate" && one.kind != "login" &&
                 shown.insert(one.text()).second) {
        fmt::print(context_.out, "{}\n", one.text());
      }
    }
    write_whole_file(folder / "mapping.txt", text);
    if (options_.doctor.as_json) return;
    const auto certificates = std::ranges::count_if(
        mapping, [](const Mapping& one) { return one.kind == "certificate"; });
    fmt::print(context_.out, "{} server{}, {} certificate{} with fresh keys: {}\n",
               snapshots_.size(), snapshots_.size() == 1 ? "" : "s", certificates,
               certificates == 1 ? "" : "s", (folder / "topology.sql").string());
  }

  bool try_dialogs(const fs::path& folder, const std::string& topology) {
    pool_.start_run(snapshot::kSeed);
    const auto keys = [this](int bits) { return pool_.draw(bits); };
    const auto set = run_for_doctor({.file = (folder / "topology.sql").string(),
                                     .variables = {},
                                     .until_line = std::nullopt,
                                     .seed = snapshot::kSeed,
                                     .keys = keys});
    const auto dialogs = doctor::find_dialogs(
        set->instances, {.from_service = options_.doctor.from_service,
                         .to_service = options_.doctor.to_service,
                         .contract = options_.doctor.contract,
                         .encryption = encryption_of(options_.doctor.encryption)});
    bool all_delivered = true;
    for (std::size_t i = 0; i < dialogs.size() && i < kTrialsMax; ++i) {
      const std::string lines = snapshot::trial_script(dialogs[i], set->instances.all);
      const fs::path file = folder / fmt::format("trial_{}.sql", i + 1);
      write_whole_file(file, ":r topology.sql\n" + lines);
      pool_.start_run(snapshot::kSeed);
      const snapshot::Trial trial = snapshot::run_trial(file.string(), topology + lines, dialogs[i],
                                                        set->instances.all, keys);
      all_delivered = all_delivered && trial.is_delivered;
      report_trial(file, dialogs[i], *set, trial);
    }
    if (dialogs.size() > kTrialsMax)
      fmt::print(context_.err, "note: {} of {} dialogs were tried; name others with --from, --to\n",
                 kTrialsMax, dialogs.size());
    if (dialogs.empty())
      fmt::print(context_.err,
                 "note: no route or binding names a service of another one: nothing was tried; "
                 "name two services with --from and --to\n");
    return all_delivered;
  }

  void report_trial(const fs::path& file, const doctor::Dialog& dialog, const DoctorSet& set,
                    const snapshot::Trial& trial) {
    const std::string from = set.instances.all.at(dialog.from).name + "." + dialog.from_database;
    if (options_.doctor.as_json) return report_json(file, dialog, from, trial);
    fmt::print(context_.out, "trial {}: {} -> {}  {}\n", file.filename().string(),
               fmt::format("{} {}", from, dialog.from_service), dialog.to_service,
               trial.is_delivered       ? "delivered"
               : !trial.why_not.empty() ? "not delivered: " + trial.why_not
               : trial.refused.empty()  ? "not delivered, and nobody says why"
                                        : "not delivered");
    for (const snapshot::Refused& one : trial.refused)
      fmt::print(context_.out, "  {} state {} at {} ({}): {}\n", one.number, one.state, one.place,
                 one.event, one.text);
  }

  void report_json(const fs::path& file, const doctor::Dialog& dialog, const std::string& from,
                   const snapshot::Trial& trial) {
    json::array refused;
    for (const snapshot::Refused& one : trial.refused)
      refused.push_back(json::object{{"number", one.number},
                                     {"state", one.state},
                                     {"place", one.place},
                                     {"event", one.event},
                                     {"text", one.text}});
    print_line(json::serialize(json::object{{"type", "trial"},
                                            {"file", file.string()},
                                            {"from", from},
                                            {"from_service", dialog.from_service},
                                            {"to_service", dialog.to_service},
                                            {"delivered", trial.is_delivered},
                                            {"reason", trial.why_not},
                                            {"refused", std::move(refused)}}));
  }

  void print_line(const std::string& line) {
    context_.out << line + "\n" << std::flush;
    require_output(context_.out);
  }

  Context& context_;
  const ImportOptions& options_;
  scenario::KeyPool pool_;
  std::vector<Snapshot> snapshots_;
};

int run_import(Context& context, const ImportOptions& options) {
  try {
    return ImportCommand(context, options).run();
  } catch (const UsageError& error) {
    context.err << "ssbsim: " << error.text << '\n';
    return kExitUsage;
  }
}

void add_import_options(CLI::App& command, ImportOptions& options) {
  command.add_option("file", options.files, "Snapshots, one a server")->required();
  command.add_option("--out", options.out, "Folder for topology.sql, trial_*.sql and mapping.txt")
      ->required();
  command
      .add_option("--peer", options.peers,
                  "HOST=SERVER: the server that a host of a route is [the one of that name]")
      ->take_all();
  command.add_option("--from", options.doctor.from_service,
                     "FROM SERVICE: dialogs of this service only");
  command.add_option("--to", options.doctor.to_service, "TO SERVICE: dialogs to this service only");
  command.add_option("--contract", options.doctor.contract,
                     "ON CONTRACT [every one that both know]");
  command
      .add_option("--encryption", options.doctor.encryption,
                  "on, off or anonymous [a guess from bindings and SEND]")
      ->check(CLI::IsMember({"on", "off", "anonymous"}));
  command.add_flag("--no-trial", options.without_trials, "Begin no dialogs");
  command.add_flag("--json", options.doctor.as_json,
                   "JSON lines: header, mapping, findings, summary, trials");
  command
      .add_option("--fail-on", options.doctor.fail_on,
                  "What makes the exit code 1: warning (or worse), error, or never")
      ->check(CLI::IsMember({"warning", "error", "never"}))
      ->capture_default_str();
  command.add_option("--key-pool", options.doctor.key_pool_file,
                     "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand(
      "import", "Build the servers of snapshots in the simulator, and say what would fail there");
  command->footer(
      "Certificates get fresh keys under the same issuer, serial number, dates and owners. What is "
      "written can be\nread, edited and run: ssbsim doctor FOLDER/topology.sql, ssbsim run "
      "FOLDER/trial_1.sql.\n"
      "Examples:\n"
      "  ssbsim import SQL01.json SQL02.json --out imported\n"
      "  ssbsim import a.json b.json --out imported --peer 10.0.0.3=SQL02 --fail-on warning\n"
      "Exit codes: 0 nothing found and all delivered, 1 found or not delivered, 2 no dialog to ask "
      "about and nothing found,\n10, 11 a snapshot is not right or does not build, 12.");
  add_import_options(*command, *options);
  command->callback([&context, options] { context.exit_code = run_import(context, *options); });
}

}  // namespace ssb::sim::cli
