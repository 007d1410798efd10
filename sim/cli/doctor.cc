#include "sim/doctor/doctor.h"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "broker/store/store.h"
#include "sim/cli/cli.h"
#include "sim/cli/doctor_command.h"
#include "sim/cli/doctor_sets.h"
#include "sim/cli/explain_entry.h"
#include "sim/cli/option_checks.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/doctor/cure.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/key_pool.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;
using doctor::Finding;
using doctor::Severity;

constexpr int kExitFindings = 1;
constexpr int kExitNotTested = 2;
constexpr int kExitDoesNotParse = 11;
constexpr const char* kNoDialog =
    "could not test: no dialog to ask about: no user's service here names another one in a "
    "conversation, a remote service binding or a route; name a pair with --from and --to";

struct Tally {
  int errors = 0, warnings = 0, infos = 0, ok = 0, not_tested = 0, ignored = 0;

  void count(const Finding& finding) {
    if (finding.verdict == doctor::Verdict::ok) ++ok;
    if (finding.verdict == doctor::Verdict::not_tested) ++not_tested;
    if (finding.verdict != doctor::Verdict::not_ok) return;
    if (finding.severity == Severity::error) ++errors;
    if (finding.severity == Severity::warning) ++warnings;
    if (finding.severity == Severity::info) ++infos;
  }
  [[nodiscard]] std::string text() const {
    const auto counted = [](int n, std::string_view what) {
      return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
    };
    std::string out = counted(errors + warnings + infos, "finding");
    if (errors + warnings + infos > 0)
      out += fmt::format(" ({}, {}{})", counted(errors, "error"), counted(warnings, "warning"),
                         infos == 0 ? "" : fmt::format(", {} info", infos));
    out += fmt::format(", {} ok, {} not tested", ok, not_tested);
    if (ignored > 0) out += fmt::format(", {} ignored", ignored);
    return out;
  }
};

json::array strings_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::array errors_of(std::string_view errors) {
  json::array out;
  std::istringstream in{std::string(errors)};
  for (int number = 0; in >> number;) out.push_back(number);
  return out;
}

class DoctorCommand {
 public:
  DoctorCommand(Context& context, const DoctorOptions& options)
      : context_(context),
        options_(options),
        pool_(key_pool_file(options.key_pool_file), [&context](const std::string& text) {
          context.err << "ssbsim: " << text << std::endl;
        }) {}

  int run() {
    check_options();
    const auto sets = group_paths();
    has_many_ = sets.scripts.size() + (sets.folders.empty() ? 0 : 1) > 1;
    if (options_.as_json && options_.prints_header) print_line(json_header(context_.arguments));
    if (!sets.folders.empty()) examine(*open_for_doctor(sets.folders, options_.peers));
    for (const std::string& file : sets.scripts) {
      pool_.start_run(options_.seed.value_or(1));
      examine(*run_for_doctor({.file = file,
                               .variables = options_.variables,
                               .until_line = options_.until_line,
                               .seed = options_.seed.value_or(1),
                               .keys = [this](int bits) { return pool_.draw(bits); }}));
    }
    const int code = exit_code();
    if (options_.as_json) {
      print_line(json::serialize(json::object{{"type", "summary"},
                                              {"errors", all_.errors},
                                              {"warnings", all_.warnings},
                                              {"infos", all_.infos},
                                              {"ok", all_.ok},
                                              {"not_tested", all_.not_tested},
                                              {"ignored", all_.ignored},
                                              {"exit_code", code}}));
    } else if (has_many_ && !options_.shows_cures) {
      fmt::print(context_.out, "\n{}\n", all_.text());
    }
    return code;
  }

 private:
  struct Sets {
    std::vector<std::string> folders;  // one set
    std::vector<std::string> scripts;  // a set each
  };

  void check_options() const {
    if (options_.paths.empty())
      throw UsageError{"doctor needs a scenario or a data folder, or --list"};
    for (const std::string& id : options_.ignored) {
      if (doctor::find_check(id) == nullptr)
        throw UsageError{fmt::format("--ignore: there is no check '{}'; see --list", id)};
    }
  }

  [[nodiscard]] Sets group_paths() const {
    Sets sets;
    std::vector<std::string> scripts;
    for (const std::string& path : options_.paths)
      (is_data_folder(path) ? sets.folders : scripts).push_back(path);
    sets.scripts = scenario_files(scripts);
    if (options_.until_line && (sets.scripts.size() != 1 || !sets.folders.empty()))
      throw UsageError{"--until-line is of one scenario"};
    if (!options_.peers.empty() && sets.folders.empty())
      throw UsageError{"--peer is of data folders: the simulator knows its hosts"};
    return sets;
  }

  [[nodiscard]] doctor::Question question() const {
    return {.from_service = options_.from_service,
            .to_service = options_.to_service,
            .contract = options_.contract,
            .encryption = encryption_of(options_.encryption)};
  }

  [[nodiscard]] bool is_ignored(const Finding& finding) const {
    return std::ranges::any_of(options_.ignored, [&](const std::string& id) {
      return doctor::find_check(id)->number == finding.check;
    });
  }

  void examine(const DoctorSet& set) {
    if (!set.problems.empty() || !set.reason.empty()) return report_broken(set);
    if (has_many_ && !options_.as_json && !options_.shows_cures)
      fmt::print(context_.out, "{}{}\n", is_first_ ? "" : "\n", set.name);
    is_first_ = false;
    for (const std::string& note : set.notes) show_note(set, note);
    if (set.has_bad_syntax) report_bad_syntax(set);
    Tally tally;
    const bool has_dialog = !doctor::find_dialogs(set.instances, question()).empty();
    has_dialogs_ = has_dialogs_ || has_dialog;
    if (!has_dialog) {
      ++tally.not_tested;
      ++all_.not_tested;
      show_note(set, kNoDialog, "");
    }
    for (const Finding& finding : doctor::examine(set.instances, question())) {
      if (is_ignored(finding)) {
        if (finding.verdict == doctor::Verdict::not_ok) {
          ++tally.ignored;
          ++all_.ignored;
        }
        continue;
      }
      tally.count(finding);
      all_.count(finding);
      if (options_.as_json)
        show_json(set, finding);
      else if (options_.shows_cures)
        show_cure(finding);
      else
        show(finding);
    }
    if (!options_.as_json && !options_.shows_cures) fmt::print(context_.out, "{}\n", tally.text());
    require_output(context_.out);
  }

  // What the other batches have built is looked at all the same.
  void report_bad_syntax(const DoctorSet& set) {
    fmt::print(context_.err,
               "ssbsim: {}: a batch is no T-SQL and has not run; what follows is of the rest\n",
               set.name);
    broken_ = std::max(broken_, kExitDoesNotParse);
  }

  void report_broken(const DoctorSet& set) {
    for (const scenario::ScriptMessage& problem : set.problems)
      fmt::print(context_.err, "{}\n", problem.line());
    if (!set.reason.empty()) fmt::print(context_.err, "ssbsim: {}: {}\n", set.name, set.reason);
    broken_ = std::max(broken_, set.problems.empty() ? kExitEnvironment : kExitDoesNotParse);
  }

  void show_note(const DoctorSet& set, const std::string& note, std::string_view word = "note: ") {
    if (options_.as_json) {
      print_line(
          json::serialize(json::object{{"type", "note"}, {"set", set.name}, {"text", note}}));
    } else {
      fmt::print(options_.shows_cures ? context_.err : context_.out, "{}{}\n", word, note);
    }
  }

  void show(const Finding& finding) {
    const doctor::Check& check = doctor::check_of(finding.check);
    const auto line = [&](std::string_view word) {
      fmt::print(context_.out, "{} {:<7} {}  {}", check.id, word, finding.place(), finding.text);
    };
    switch (finding.verdict) {
      case doctor::Verdict::not_ok: {
        line(doctor::severity_name(finding.severity));
        if (!finding.fails.empty()) fmt::print(context_.out, "  fails: {}", finding.fails);
        if (!finding.cure.empty())
          fmt::print(context_.out, "  fix: {}", doctor::in_one_line(finding.cure));
        fmt::print(context_.out, "\n");
        return;
      }
      case doctor::Verdict::ok:
        if (!options_.shows_ok) return;
        fmt::print(context_.out, "{} ok      {}  {}: {}{}\n", check.id, finding.place(),
                   check.title, finding.object.empty() ? "" : finding.object + ", ", finding.text);
        return;
      case doctor::Verdict::not_tested:
        fmt::print(context_.out, "could not test: {} {}  {}: {}\n", check.id, finding.place(),
                   check.title, finding.text);
        return;
    }
  }

  // Errors alone: what is warned of may be as somebody wants it.
  void show_cure(const Finding& finding) {
    const bool is_wanted = finding.verdict == doctor::Verdict::not_ok &&
                           finding.severity == Severity::error && !finding.cure.empty();
    if (!is_wanted) return;
    fmt::print(context_.out, "-- {} {}: {}\n", doctor::check_of(finding.check).id, finding.place(),
               finding.text);
    for (const std::string& line : finding.cure) fmt::print(context_.out, "{}\n", line);
  }

  void show_json(const DoctorSet& set, const Finding& finding) {
    if (finding.verdict == doctor::Verdict::ok && !options_.shows_ok) return;
    const doctor::Check& check = doctor::check_of(finding.check);
    json::object out{{"type", "finding"},
                     {"set", set.name},
                     {"id", std::string(check.id)},
                     {"severity", std::string(doctor::severity_name(finding.severity))},
                     {"verdict", std::string(doctor::verdict_name(finding.verdict))},
                     {"title", std::string(check.title)},
                     {"instance", finding.instance},
                     {"database", finding.database},
                     {"object", finding.object},
                     {"text", finding.text},
                     {"fails", finding.fails},
                     {"errors", errors_of(check.errors)},
                     {"cure", strings_of(finding.cure)}};
    print_line(json::serialize(out));
  }

  void print_line(const std::string& line) {
    context_.out << line + "\n" << std::flush;
    require_output(context_.out);
  }

  [[nodiscard]] int exit_code() const {
    if (broken_ != 0) return broken_;
    const bool fails = (options_.fail_on != "never" && all_.errors > 0) ||
                       (options_.fail_on == "warning" && all_.warnings > 0);
    if (fails) return kExitFindings;
    const bool is_nothing = !has_dialogs_ && all_.errors + all_.warnings + all_.infos == 0;
    return is_nothing || (options_.is_strict && all_.not_tested > 0) ? kExitNotTested : 0;
  }

  Context& context_;
  const DoctorOptions& options_;
  scenario::KeyPool pool_;
  Tally all_;
  int broken_ = 0;
  bool has_many_ = false;
  bool has_dialogs_ = false;  // in any set
  bool is_first_ = true;
};

void list_checks(Context& context) {
  for (const doctor::Check& check : doctor::all_checks())
    fmt::print(context.out, "{} {:<7} {}\n", check.id, doctor::severity_name(check.severity),
               check.title);
}

void add_doctor_options(CLI::App& command, DoctorOptions& options) {
  command.add_option("path", options.paths,
                     "Scenarios, folders with *.sql files, or data folders of ssbsim node");
  command
      .add_option("-v,--variable", options.variables,
                  "name=value of a $(name); goes before the environment")
      ->take_all();
  command
      .add_option("--until-line", options.until_line,
                  "Run the scenario up to that line, and look at what stands then")
      ->check(positive_number);
  command.add_option("--seed", options.seed, "Of the simulator [--# seed of the script, else 1]")
      ->check(seed_number);
  command.add_option("--from", options.from_service, "FROM SERVICE: dialogs of this service only");
  command.add_option("--to", options.to_service, "TO SERVICE: dialogs to this service only");
  command.add_option("--contract", options.contract, "ON CONTRACT [every one that both know]");
  command
      .add_option(
          "--encryption", options.encryption,
          "on, off or anonymous [as conversations say; else a guess from bindings and SEND]")
      ->check(CLI::IsMember({"on", "off", "anonymous"}));
  command
      .add_option("--peer", options.peers,
                  "HOST=INSTANCE: the instance that a host of a route is; of data folders")
      ->take_all();
  command.add_flag("--ok", options.shows_ok, "Show what is right, too");
  command.add_flag("--cures", options.shows_cures,
                   "Show the cures of the errors only, as lines of a scenario");
  command.add_flag("--json", options.as_json, "JSON lines: header, findings, summary");
  command
      .add_option("--fail-on", options.fail_on,
                  "What makes the exit code 1: warning (or worse), error, or never")
      ->check(CLI::IsMember({"warning", "error", "never"}))
      ->capture_default_str();
  command.add_flag("--strict", options.is_strict,
                   "Exit code 2 when something could not be tested and nothing failed");
  command.add_option("--ignore", options.ignored, "Id of a check to leave out; may be repeated")
      ->take_all();
  command.add_flag("--list", options.lists, "List the checks");
  command.add_option("--explain", options.explained,
                     "Say what a check asks, or a cause of --why means, by its id");
  command.add_option("--key-pool", options.key_pool_file,
                     "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
}

}  // namespace

std::optional<doctor::Encryption> encryption_of(const std::string& text) {
  if (text == "on") return doctor::Encryption::on;
  if (text == "off") return doctor::Encryption::off;
  if (text == "anonymous") return doctor::Encryption::anonymous;
  return std::nullopt;
}

int run_doctor(Context& context, const DoctorOptions& options) {
  try {
    if (options.lists) {
      list_checks(context);
      return 0;
    }
    if (!options.explained.empty()) {
      explain_finding_id(context, options.explained, options.as_json);
      return context.exit_code;
    }
    return DoctorCommand(context, options).run();
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

void add_doctor(CLI::App& app, Context& context) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "Look at instances without sending anything, and say which dialogs would fail");
  command->footer(
      "A scenario runs in the simulator to its end; its expectations are not judged, and its\n"
      "instances are looked at as they stand then. Data folders are copied and not changed.\n"
      "Examples:\n"
      "  ssbsim doctor scenarios/failures/no_way_back.sql --until-line 10\n"
      "  ssbsim doctor mine.sql --from MyService --to ImageProcessor --encryption on\n"
      "  ssbsim doctor a b --peer 10.0.0.3=HOST_B --fail-on warning\n"
      "  ssbsim doctor --explain SB-R001\n"
      "Exit codes: 0 nothing found, 1 found, 2 nothing could be tested, or not all (--strict),\n"
      "10 usage, 11 a scenario or one of its batches does not parse, 12.");
  add_doctor_options(*command, *options);
  command->callback([&context, options] { context.exit_code = run_doctor(context, *options); });
}

}  // namespace ssb::sim::cli
