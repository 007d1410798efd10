// ssbsim snapshot-query and ssbsim snapshot: metadata of a server as JSON, from a real one and from one of ours.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "broker/store/store.h"
#include "sim/cli/cli.h"
#include "sim/cli/doctor_sets.h"
#include "sim/cli/option_checks.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/snapshot_files.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/key_pool.h"
#include "sim/snapshot/query.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;

struct SnapshotOptions {
  std::string path;
  std::string out;
  std::vector<std::string> databases;
  std::vector<std::string> variables;
  std::optional<int> until_line;
  std::optional<std::uint64_t> seed;
  std::string key_pool_file;
};

std::unique_ptr<DoctorSet> open_set(Context& context, const SnapshotOptions& options,
                                    scenario::KeyPool& pool) {
  if (is_data_folder(options.path)) return open_for_doctor({options.path}, {});
  pool.start_run(options.seed.value_or(1));
  auto set = run_for_doctor({.file = options.path,
                             .variables = options.variables,
                             .until_line = options.until_line,
                             .seed = options.seed.value_or(1),
                             .keys = [&pool](int bits) { return pool.draw(bits); }});
  for (const std::string& note : set->notes) fmt::print(context.err, "note: {}\n", note);
  return set;
}

int take(Context& context, const SnapshotOptions& options) {
  scenario::KeyPool pool(key_pool_file(options.key_pool_file), [&context](const std::string& text) {
    context.err << "ssbsim: " << text << std::endl;
  });
  const auto set = open_set(context, options, pool);
  for (const scenario::ScriptMessage& problem : set->problems)
    fmt::print(context.err, "{}\n", problem.line());
  if (!set->problems.empty()) return kExitBadSnapshot;
  if (!set->reason.empty()) {
    fmt::print(context.err, "ssbsim: {}: {}\n", set->name, set->reason);
    return kExitEnvironment;
  }
  fs::create_directories(options.out);
  for (const doctor::Subject& subject : set->instances.all) {
    if (subject.instance == nullptr) {
      fmt::print(context.err, "note: {}: {}\n", subject.name, subject.why_not);
      continue;
    }
    const fs::path file = fs::path(options.out) / (plain_file_name(subject.name) + ".json");
    write_whole_file(file, snapshot::capture(*subject.instance, subject.now, options.databases));
    fmt::print(context.out, "{}\n", file.string());
  }
  return 0;
}

int run_snapshot(Context& context, const SnapshotOptions& options) {
  try {
    return take(context, options);
  } catch (const UsageError& error) {
    context.err << "ssbsim: " << error.text << '\n';
    return kExitUsage;
  } catch (const scenario::FolderError& failure) {
    context.err << "ssbsim: " << failure.what() << '\n';
  } catch (const broker::store::StoreFailure& failure) {
    context.err << "ssbsim: the store cannot be used: " << failure.what() << '\n';
  }
  return kExitEnvironment;
}

void add_query(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "snapshot-query", "Print T-SQL that reads a server's Service Broker metadata as JSON");
  command->footer(
      "Run it on each server, as a login with VIEW ANY DEFINITION; it reads catalog views and "
      "changes nothing.\n"
      "SQL Server 2016 or later. Examples:\n"
      "  ssbsim snapshot-query --database Sales > snapshot.sql\n"
      "  sqlcmd -S SQL01 -E -y 0 -f 65001 -i snapshot.sql -o SQL01.json\n"
      "  ssbsim import SQL01.json SQL02.json --out imported");
  auto databases = std::make_shared<std::vector<std::string>>();
  command
      ->add_option("--database", *databases,
                   "Databases beside master and msdb [every one that is online]")
      ->take_all();
  command->callback([&context, databases] { context.out << snapshot::snapshot_query(*databases); });
}

}  // namespace

void add_snapshot(CLI::App& app, Context& context) {
  add_query(app, context);
  auto options = std::make_shared<SnapshotOptions>();
  CLI::App* command = app.add_subcommand(
      "snapshot", "Write what snapshot-query would answer, for instances of ssbsim");
  command->footer(
      "A scenario runs in the simulator first; a data folder of ssbsim node is copied and not "
      "changed.\n"
      "One file INSTANCE.json each. Examples:\n"
      "  ssbsim snapshot scenarios/dialogs/full_security.sql --out taken\n"
      "  ssbsim snapshot data/HOST_A --out taken");
  command->add_option("path", options->path, "A scenario, or a data folder")->required();
  command->add_option("--out", options->out, "Folder for the files")->required();
  command->add_option("--database", options->databases, "Databases beside master and msdb [all]")
      ->take_all();
  command
      ->add_option("-v,--variable", options->variables,
                   "name=value of a $(name); goes before the environment")
      ->take_all();
  command->add_option("--until-line", options->until_line, "Run the scenario up to that line")
      ->check(positive_number);
  command->add_option("--seed", options->seed, "Of the simulator [--# seed of the script, else 1]")
      ->check(seed_number);
  command->add_option("--key-pool", options->key_pool_file,
                      "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
  command->callback([&context, options] { context.exit_code = run_snapshot(context, *options); });
}

}  // namespace ssb::sim::cli
