// `ssbsim attack`: plays the catalogue of attacks in the simulator, and says of each entry whether the engine stands it.
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <system_error>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "sim/cli/attack_catalogue.h"
#include "sim/cli/cli.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/scenario/attack_verdict.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using scenario::AttackResult;
using scenario::AttackVerdict;
using scenario::Script;

constexpr std::size_t kTitleColumns = 58;

struct AttackOptions {
  std::vector<std::string> list;
  std::string folder = "scenarios/attacks";
  std::string key_pool_file;
  std::optional<std::uint64_t> seed;
  bool all = false;
  bool as_json = false;
  bool as_product = false;
};

std::string read_text(const std::string& path) {
  auto text = read_file(path);
  if (!text) throw std::system_error(ENOENT, std::generic_category(), fmt::format("'{}'", path));
  return *std::move(text);
}

// A script that plays an entry.
struct Play {
  std::string id;  // of the catalogue; empty: the file names none
  std::string file;
  Script script;
};

// A text of these many columns: cut, or filled up. UTF-8 beyond ASCII counts by its characters.
std::string column(std::string text, std::size_t columns) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (++size <= columns) continue;
    text.resize(i);
    return text;
  }
  return text + std::string(columns - size, ' ');
}

class AttackCommand {
 public:
  AttackCommand(Context& context, const AttackOptions& options)
      : context_(context),
        options_(options),
        pool_(options.key_pool_file.empty() ? scenario::default_key_pool(environment)
                                            : fs::path(options.key_pool_file),
              [&context](const std::string& text) {
                context.err << "ssbsim: " << text << std::endl;
              }) {}

  int run() {
    const std::vector<Play> plays = chosen();
    if (options_.as_json) {
      context_.out << json_header(context_.arguments) << "\n";
    } else {
      fmt::print(context_.out, " {:<4} {} {:<7} {:<15} {}\n", "id", column("attack", kTitleColumns),
                 "sanity", "verdict", "evidence");
    }
    std::set<std::string, std::less<>> played;
    for (const Play& play : plays) {
      show(play, judge(play));
      context_.out.flush();
      played.insert(play.id);
    }
    if (options_.all) show_others(played);
    return summary();
  }

 private:
  // ---- what to play ----
  Play parse(const std::string& file) const {
    scenario::ScriptOptions options;
    options.read_file = read_included_file;
    Play play{.id = {}, .file = file, .script = {}};
    play.script = scenario::parse_script(file, read_text(file), options);
    if (play.script.catalogue) play.id = play.script.catalogue->id;
    return play;
  }

  std::vector<Play> all_plays() const {
    if (!fs::is_directory(options_.folder))
      throw std::system_error(ENOENT, std::generic_category(),
                              fmt::format("the folder '{}'", options_.folder));
    std::vector<Play> plays;
    for (const auto& entry : fs::directory_iterator(options_.folder)) {
      if (entry.path().extension() == ".sql") plays.push_back(parse(entry.path().string()));
    }
    std::sort(plays.begin(), plays.end(), [](const Play& a, const Play& b) {
      return std::pair(a.id, a.file) < std::pair(b.id, b.file);
    });
    return plays;
  }

  std::vector<Play> chosen() const {
    if (options_.all == !options_.list.empty())
      throw UsageError{"say which: ids (A01), groups (A), files, or --all"};
    if (options_.all) return all_plays();
    std::vector<Play> plays;
    std::optional<std::vector<Play>> all;
    for (const std::string& name : options_.list) {
      if (name.ends_with(".sql")) {
        plays.push_back(parse(name));
        continue;
      }
      if (!all) all = all_plays();
      const std::size_t before = plays.size();
      std::copy_if(all->begin(), all->end(), std::back_inserter(plays), [&](const Play& play) {
        return play.id == name || (name.size() == 1 && play.id.starts_with(name));
      });
      if (plays.size() == before) throw UsageError{why_none(name)};
    }
    return plays;
  }

  [[nodiscard]] std::string why_none(const std::string& name) const {
    if (const CatalogueEntry* entry = find_entry(name)) {
      return fmt::format("no script of '{}' plays {} ({}): {}{}", options_.folder, name,
                         entry->title, entry->tested.empty() ? "" : "tested by ",
                         reason_of(*entry));
    }
    std::vector<std::string_view> ids;
    for (const CatalogueEntry& entry : catalogue_entries()) ids.push_back(entry.id);
    const auto near = scenario::near_names(name, ids);
    return fmt::format("'{}' is no entry, group or file{}", name,
                       near.empty() ? "" : fmt::format("; there is {}", fmt::join(near, ", ")));
  }

  // ---- playing ----
  AttackResult judge(const Play& play) {
    const std::uint64_t seed = options_.seed.value_or(play.script.seed.value_or(1));
    pool_.start_run(seed);
    const auto simulation =
        scenario::make_simulation({.seed = seed,
                                   .keys = [this](int bits) { return pool_.draw(bits); },
                                   .as_product = options_.as_product,
                                   .real_time = std::chrono::steady_clock::now});
    try {
      return scenario::judge_attack(scenario::Runner(play.script, *simulation).run());
    } catch (const std::exception& failure) {  // it is this one that ends
      AttackResult result;
      result.reason = failure.what();
      return result;
    }
  }

  void show(const Play& play, const AttackResult& result) {
    ++counts_[static_cast<std::size_t>(result.verdict)];
    if (options_.as_json) {
      context_.out << json_of(play, result) << "\n";
      return;
    }
    fmt::print(context_.out, " {:<4} {} {:<7} {:<15} {}\n", play.id.empty() ? "-" : play.id,
               column(play.script.title, kTitleColumns), result.is_sane ? "ok" : "FAILED",
               verdict_name(result.verdict), result.evidence());
    if (result.reason.empty()) return;
    std::size_t at = 0;
    while (at < result.reason.size()) {
      const std::size_t end = std::min(result.reason.find('\n', at), result.reason.size());
      fmt::print(context_.out, "        {}\n", result.reason.substr(at, end - at));
      at = end + 1;
    }
    fmt::print(context_.out, "        ssbsim run {} --events all\n", play.file);
  }

  static std::string json_of(const Play& play, const AttackResult& result) {
    json::array refusals;
    for (const scenario::Refusals& refusal : result.refusals) {
      refusals.push_back(json::object{{"event", refusal.event},
                                      {"subclass", refusal.subclass},
                                      {"error", refusal.error},
                                      {"state", refusal.state},
                                      {"node", refusal.node},
                                      {"count", refusal.count}});
    }
    return json::serialize(json::object{{"type", "attack"},
                                        {"id", play.id},
                                        {"title", play.script.title},
                                        {"file", play.file},
                                        {"sanity", result.is_sane},
                                        {"verdict", verdict_name(result.verdict)},
                                        {"applied", result.applied},
                                        {"delivered", result.delivered},
                                        {"errors_sent", result.errors_sent},
                                        {"bodies_read", result.bodies_read},
                                        {"refusals", std::move(refusals)},
                                        {"reason", result.reason}});
  }

  // What stands beside an entry that no script of the folder plays.
  static std::string_view reason_of(const CatalogueEntry& entry) {
    if (!entry.tested.empty()) return entry.tested;
    return entry.waits.empty() ? "there is no script for it here" : entry.waits;
  }

  void show_others(const std::set<std::string, std::less<>>& played) {
    for (const CatalogueEntry& entry : catalogue_entries()) {
      if (played.contains(entry.id)) continue;
      const bool is_tested = !entry.tested.empty();
      ++(is_tested ? tested_ : waiting_);
      if (options_.as_json) {
        context_.out << json_of(entry) << "\n";
      } else {
        fmt::print(context_.out, " {:<4} {} {:<7} {:<15} {}\n", entry.id,
                   column(std::string(entry.title), kTitleColumns), "-",
                   is_tested ? "tested" : "waits", reason_of(entry));
      }
    }
  }

  static std::string json_of(const CatalogueEntry& entry) {
    json::object line{{"type", entry.tested.empty() ? "waiting" : "tested"},
                      {"id", entry.id},
                      {"title", entry.title},
                      {"reason", reason_of(entry)}};
    if (!entry.tested.empty()) {
      json::array paths;
      for (const std::string_view path : named_paths(entry.tested)) paths.emplace_back(path);
      line["paths"] = std::move(paths);
    }
    return json::serialize(line);
  }

  int summary() {
    const auto of = [this](AttackVerdict verdict) {
      return counts_[static_cast<std::size_t>(verdict)];
    };
    const int code = of(AttackVerdict::unsafe) > 0         ? 1
                     : of(AttackVerdict::inconclusive) > 0 ? 2
                                                           : 0;
    if (options_.as_json) {
      context_.out << json::serialize(
                          json::object{{"type", "summary"},
                                       {"safe", of(AttackVerdict::safe)},
                                       {"unsafe", of(AttackVerdict::unsafe)},
                                       {"weak_by_design", of(AttackVerdict::weak_by_design)},
                                       {"inconclusive", of(AttackVerdict::inconclusive)},
                                       {"tested", tested_},
                                       {"waiting", waiting_},
                                       {"exit", code},
                                       {"complete", true}})
                   << "\n";
    } else {
      fmt::print(context_.out, " {} safe · {} unsafe · {} weak by design · {} inconclusive{}\n",
                 of(AttackVerdict::safe), of(AttackVerdict::unsafe),
                 of(AttackVerdict::weak_by_design), of(AttackVerdict::inconclusive),
                 tested_ + waiting_ == 0
                     ? ""
                     : fmt::format(" · {} tested elsewhere · {} waiting", tested_, waiting_));
    }
    return code;
  }

  Context& context_;
  const AttackOptions& options_;
  scenario::KeyPool pool_;
  std::array<int, 4> counts_{};  // by verdict
  int tested_ = 0;               // entries that no script plays, and other tests do
  int waiting_ = 0;              // for a part that is not built
};

}  // namespace

void add_attack(CLI::App& app, Context& context) {
  auto options = std::make_shared<AttackOptions>();
  CLI::App* command = app.add_subcommand(
      "attack", "Play the catalogue of attacks in the simulator and judge each entry");
  command->footer(
      "Each script has an honest leg, then the attack. SAFE: it did what it does, and nothing of "
      "what it wants\n"
      "happened. WEAK BY DESIGN: it works, as documented. UNSAFE exits with 1; INCONCLUSIVE, when "
      "the honest leg\n"
      "failed or the attacker did nothing, with 2.\n"
      "Examples:\n"
      "  ssbsim attack --all\n"
      "  ssbsim attack A C17 --seed 7\n"
      "  ssbsim attack A03 --as-product\n"
      "  ssbsim attack mine.sql --json");
  command->add_option("list", options->list, "Entries (A01), groups (A), or files");
  command->add_flag("--all", options->all,
                    "Every script of the folder, then the entries that have none, with the reason");
  command->add_option("--from", options->folder, "The folder with the scripts")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the simulator [--# seed of the script, else 1]");
  command->add_flag("--json", options->as_json, "JSON lines: header, attacks, summary");
  command->add_flag("--as-product", options->as_product,
                    "Without the protections that go beyond the product (tombstones)");
  command->add_option("--key-pool", options->key_pool_file,
                      "File with the throw-away RSA keys [$XDG_CACHE_HOME/ssbsim/scenario-keys]");
  command->callback([&context, options] {
    try {
      context.exit_code = AttackCommand(context, *options).run();
    } catch (const UsageError& error) {
      context.err << "ssbsim: " << error.text << '\n';
      context.exit_code = kExitUsage;
    }
  });
}

}  // namespace ssb::sim::cli
