// `ssbsim attack`: plays the catalogue of attacks in the simulator, and says of each entry whether the engine stands it.
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "sim/cli/attack_catalogue.h"
#include "sim/cli/cli.h"
#include "sim/cli/option_checks.h"
#include "sim/cli/report_output.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/text_table.h"
#include "sim/scenario/attack_verdict.h"
#include "sim/scenario/key_pool.h"
#include "sim/scenario/near.h"
#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"
#include "sim/scenario/warm_up.h"

namespace ssb::sim::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using scenario::AttackResult;
using scenario::AttackVerdict;
using scenario::Script;

// Of the table; 99 with a blank before each.
constexpr std::size_t kIdColumns = 4;
constexpr std::size_t kTitleColumns = 34;
constexpr std::size_t kSanityColumns = 6;
constexpr std::size_t kVerdictColumns = 14;
constexpr std::size_t kSeedsColumns = 5;
constexpr std::size_t kEvidenceColumns = 30;
constexpr std::size_t kBelowColumns = 90;  // of what stands below an entry, indented

struct AttackOptions {
  std::vector<std::string> list;
  std::vector<std::string> groups;
  std::string folder = "scenarios/attacks";
  std::string key_pool_file;
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 1;
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

// What the seeds of one script came to: the worst verdict, and the evidence of all.
struct Outcome {
  AttackResult result;
  std::uint64_t seeds = 0;
  std::uint64_t of_verdict = 0;  // seeds with this verdict
  bool is_as_product = false;    // unsafe, and safe without --as-product

  [[nodiscard]] std::string verdict() const {
    return scenario::verdict_name(result.verdict) +
           std::string(is_as_product ? " (as the product)" : "");
  }
  [[nodiscard]] std::string seeds_text() const {
    return of_verdict == seeds ? std::to_string(seeds) : fmt::format("{}/{}", of_verdict, seeds);
  }
};

// From what shows least to what hides the rest.
int severity(AttackVerdict verdict) {
  switch (verdict) {
    case AttackVerdict::safe: return 0;
    case AttackVerdict::weak_by_design: return 1;
    case AttackVerdict::inconclusive: return 2;
    case AttackVerdict::unsafe: return 3;
  }
  return 3;
}

void add_counts(const AttackResult& more, AttackResult& sum) {
  sum.applied += more.applied;
  sum.delivered += more.delivered;
  sum.errors_sent += more.errors_sent;
  sum.bodies_read += more.bodies_read;
  sum.is_sane = sum.is_sane && more.is_sane;
  for (const scenario::Refusals& refusal : more.refusals) {
    const auto same = std::find_if(
        sum.refusals.begin(), sum.refusals.end(), [&](const scenario::Refusals& other) {
          return std::tie(other.event, other.subclass, other.error, other.state, other.node) ==
                 std::tie(refusal.event, refusal.subclass, refusal.error, refusal.state,
                          refusal.node);
        });
    if (same == sum.refusals.end()) {
      sum.refusals.push_back(refusal);
    } else {
      same->count += refusal.count;
    }
  }
  std::stable_sort(
      sum.refusals.begin(), sum.refusals.end(),
      [](const scenario::Refusals& a, const scenario::Refusals& b) { return b.count < a.count; });
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
      context_.out << row("id", "attack", "sanity", "verdict", "seeds", "evidence");
    }
    std::set<std::string, std::less<>> played;
    for (const Play& play : plays) {
      show(play, judge(play));
      require_output(context_.out);
      played.insert(play.id);
    }
    show_others(played);
    return summary(plays.empty());
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

  std::vector<Play> chosen() {
    if (options_.all == !(options_.list.empty() && options_.groups.empty()))
      throw UsageError{"say which: ids (A01), groups (A), files, or --all"};
    std::vector<Play> all;
    if (options_.all) {
      all = all_plays();
      for (const CatalogueEntry& entry : catalogue_entries()) asked_.insert(entry.id);
      return all;
    }
    std::vector<std::string> names = options_.list;
    for (const std::string& group : options_.groups) {
      if (group.size() != 1) throw UsageError{fmt::format("'{}' is no group, like A", group)};
      names.push_back(group);
    }
    std::vector<Play> plays;
    for (const std::string& name : names) {
      if (name.ends_with(".sql")) {
        plays.push_back(parse(name));
        continue;
      }
      if (all.empty()) all = all_plays();
      add_asked(name);
      std::copy_if(all.begin(), all.end(), std::back_inserter(plays),
                   [&](const Play& play) { return is_of(play.id, name); });
    }
    return plays;
  }

  // Of an entry or a group.
  [[nodiscard]] static bool is_of(std::string_view id, std::string_view name) {
    return id == name || (name.size() == 1 && id.starts_with(name));
  }

  void add_asked(const std::string& name) {
    std::vector<std::string_view> ids;
    bool is_there = false;
    for (const CatalogueEntry& entry : catalogue_entries()) {
      ids.push_back(entry.id);
      if (!is_of(entry.id, name)) continue;
      is_there = true;
      asked_.insert(entry.id);
    }
    if (is_there) return;
    const auto near = scenario::near_names(name, ids);
    throw UsageError{
        fmt::format("'{}' is no entry, group or file{}", name,
                    near.empty() ? "" : fmt::format("; there is {}", fmt::join(near, ", ")))};
  }

  // ---- playing ----
  Outcome judge(const Play& play) {
    Outcome outcome = judge_seeds(play, options_.as_product);
    if (!options_.as_product || outcome.result.verdict != AttackVerdict::unsafe) return outcome;
    const Outcome strict = judge_seeds(play, false);
    outcome.is_as_product =
        severity(strict.result.verdict) <= severity(AttackVerdict::weak_by_design);
    strict_ = strict.verdict();
    return outcome;
  }

  Outcome judge_seeds(const Play& play, bool as_product) {
    const std::uint64_t first = options_.seed.value_or(play.script.seed.value_or(1));
    Outcome sum;
    for (std::uint64_t seed = first; seed < first + options_.seeds; ++seed) {
      AttackResult result = judge_seed(play, seed, as_product);
      if (options_.seeds > 1 && !result.reason.empty())
        result.reason = fmt::format("seed {}: {}", seed, result.reason);
      ++sum.seeds;
      if (sum.seeds == 1) {
        sum.result = std::move(result);
        sum.of_verdict = 1;
        continue;
      }
      add_counts(result, sum.result);
      if (result.verdict == sum.result.verdict) ++sum.of_verdict;
      if (severity(result.verdict) <= severity(sum.result.verdict)) continue;
      sum.result.verdict = result.verdict;
      sum.result.reason = std::move(result.reason);
      sum.of_verdict = 1;
    }
    return sum;
  }

  AttackResult judge_seed(const Play& play, std::uint64_t seed, bool as_product) {
    try {
      scenario::warm_up(play.script,
                        [&](const Script& warm) { (void)run_script(warm, seed, as_product); });
      return scenario::judge_attack(run_script(play.script, seed, as_product));
    } catch (const std::exception& failure) {  // it is this one that ends
      AttackResult result;
      result.reason = failure.what();
      return result;
    }
  }

  scenario::Report run_script(const Script& script, std::uint64_t seed, bool as_product) {
    pool_.start_run(seed);
    const auto simulation =
        scenario::make_simulation({.seed = seed,
                                   .keys = [this](int bits) { return pool_.draw(bits); },
                                   .as_product = as_product,
                                   .real_time = std::chrono::steady_clock::now});
    return scenario::Runner(script, *simulation).run();
  }

  // ---- telling ----
  static std::string row(std::string_view id, std::string_view title, std::string_view sanity,
                         std::string_view verdict, std::string_view seeds,
                         std::string_view evidence) {
    return table_row({{std::string(id), kIdColumns},
                      {std::string(title), kTitleColumns},
                      {std::string(sanity), kSanityColumns},
                      {std::string(verdict), kVerdictColumns},
                      {std::string(seeds), kSeedsColumns},
                      {std::string(evidence), kEvidenceColumns}});
  }

  void show_below(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      for (const std::string& line : wrapped(text.substr(0, end), kBelowColumns))
        fmt::print(context_.out, "        {}\n", line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  void show(const Play& play, const Outcome& outcome) {
    const AttackResult& result = outcome.result;
    ++(outcome.is_as_product ? unsafe_as_product_
                             : counts_[static_cast<std::size_t>(result.verdict)]);
    const CatalogueEntry* entry = find_entry(play.id);
    const std::string_view beside = entry == nullptr ? std::string_view() : entry->beside;
    if (options_.as_json) {
      context_.out << json_of(play, outcome, beside) << "\n";
      return;
    }
    context_.out << row(
        play.id.empty() ? "-" : play.id, play.script.title, result.is_sane ? "ok" : "FAILED",
        outcome.verdict(), outcome.seeds_text(),
        result.evidence() + (outcome.is_as_product ? " -> strict: " + strict_ : std::string()));
    show_below(beside);
    if (result.reason.empty()) return;
    show_below(result.reason);
    fmt::print(context_.out, "        ssbsim run {} --events all{}\n", play.file,
               options_.as_product ? " --as-product" : "");  // never cut: it is to be copied
  }

  static std::string json_of(const Play& play, const Outcome& outcome, std::string_view beside) {
    const AttackResult& result = outcome.result;
    json::array refusals;
    for (const scenario::Refusals& refusal : result.refusals) {
      refusals.push_back(json::object{{"event", refusal.event},
                                      {"subclass", refusal.subclass},
                                      {"error", refusal.error},
                                      {"state", refusal.state},
                                      {"node", refusal.node},
                                      {"count", refusal.count}});
    }
    json::object line{{"type", "attack"},
                      {"id", play.id},
                      {"title", play.script.title},
                      {"file", play.file},
                      {"sanity", result.is_sane},
                      {"verdict", outcome.verdict()},
                      {"seeds", outcome.seeds},
                      {"seeds_of_verdict", outcome.of_verdict},
                      {"applied", result.applied},
                      {"delivered", result.delivered},
                      {"errors_sent", result.errors_sent},
                      {"bodies_read", result.bodies_read},
                      {"refusals", std::move(refusals)},
                      {"reason", result.reason}};
    if (!beside.empty()) line["beside"] = beside;
    return json::serialize(line);
  }

  // What stands beside an entry that no script of the folder plays.
  static std::string_view reason_of(const CatalogueEntry& entry) {
    if (!entry.tested.empty()) return entry.tested;
    if (!entry.decided.empty()) return entry.decided;
    return entry.waits.empty() ? "there is no script for it here" : entry.waits;
  }

  void show_others(const std::set<std::string, std::less<>>& played) {
    for (const CatalogueEntry& entry : catalogue_entries()) {
      if (played.contains(entry.id) || !asked_.contains(entry.id)) continue;
      ++(!entry.tested.empty() ? tested_ : !entry.decided.empty() ? decided_ : waiting_);
      if (options_.as_json) {
        context_.out << json_of(entry) << "\n";
        continue;
      }
      context_.out << row(entry.id, entry.title, "-",
                          !entry.tested.empty()    ? "tested"
                          : !entry.decided.empty() ? "left out"
                                                   : "waits",
                          "-", "");
      show_below(reason_of(entry));
    }
  }

  static std::string json_of(const CatalogueEntry& entry) {
    json::object line{{"type", !entry.tested.empty()    ? "tested"
                               : !entry.decided.empty() ? "left_out"
                                                        : "waiting"},
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

  // Where nothing was played nothing is known.
  int summary(bool is_empty) {
    const auto of = [this](AttackVerdict verdict) {
      return counts_[static_cast<std::size_t>(verdict)];
    };
    const int code = of(AttackVerdict::unsafe) > 0                     ? 1
                     : of(AttackVerdict::inconclusive) > 0 || is_empty ? 2
                                                                       : 0;
    if (options_.as_json) {
      context_.out << json::serialize(
                          json::object{{"type", "summary"},
                                       {"safe", of(AttackVerdict::safe)},
                                       {"unsafe", of(AttackVerdict::unsafe)},
                                       {"unsafe_as_product", unsafe_as_product_},
                                       {"weak_by_design", of(AttackVerdict::weak_by_design)},
                                       {"inconclusive", of(AttackVerdict::inconclusive)},
                                       {"tested", tested_},
                                       {"left_out", decided_},
                                       {"waiting", waiting_},
                                       {"exit", code},
                                       {"complete", true}})
                   << "\n";
    } else {
      fmt::print(context_.out, " {} safe · {} unsafe{} · {} weak by design · {} inconclusive\n",
                 of(AttackVerdict::safe), of(AttackVerdict::unsafe),
                 unsafe_as_product_ == 0
                     ? ""
                     : fmt::format(" · {} unsafe as the product", unsafe_as_product_),
                 of(AttackVerdict::weak_by_design), of(AttackVerdict::inconclusive));
      if (tested_ + waiting_ + decided_ > 0)
        fmt::print(context_.out, " not played: {} tested elsewhere · {} left out · {} waiting\n",
                   tested_, decided_, waiting_);
    }
    return code;
  }

  Context& context_;
  const AttackOptions& options_;
  scenario::KeyPool pool_;
  std::array<int, 4> counts_{};  // by verdict
  int tested_ = 0;               // entries that no script plays, and other tests do
  int waiting_ = 0;              // for a part that is not built
  int decided_ = 0;              // left out for good
  int unsafe_as_product_ = 0;
  std::string strict_;                // the last such one's verdict without --as-product
  std::set<std::string_view> asked_;  // entries
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
      "  ssbsim attack --group A,C --seeds 20\n"
      "  ssbsim attack A03 --as-product\n"
      "  ssbsim attack mine.sql --json");
  command->add_option("list", options->list, "Entries (A01), groups (A), or files");
  command->add_option("--group", options->groups, "Groups, like A,C")->delimiter(',');
  command->add_flag("--all", options->all,
                    "Every script of the folder, then the entries that have none, with the reason");
  command->add_option("--from", options->folder, "The folder with the scripts")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the simulator [--# seed of the script, else 1]")
      ->check(seed_number);
  command
      ->add_option("--seeds", options->seeds,
                   "With so many seeds each, from that one on; the worst verdict counts")
      ->check(positive_number)
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "JSON lines: header, attacks, summary");
  command->add_flag(
      "--as-product", options->as_product,
      "Without the protections that go beyond the product (tombstones); what is unsafe "
      "then, and safe with them, is no failure");
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
