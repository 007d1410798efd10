// `ssbsim merge`: the shards of one sweep, or of one load, as one result.
#include "sim/load/merge.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <system_error>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/cli/cli.h"
#include "sim/cli/load_files.h"
#include "sim/cli/scenario_files.h"
#include "sim/cli/sweep_file.h"
#include "sim/cli/sweep_totals.h"
#include "sim/sweep/shard.h"

namespace ssb::sim::cli {
namespace {

namespace json = boost::json;

constexpr int kExitInvalidLoad = 4;

struct MergeOptions {
  std::vector<std::string> files;
  bool as_json = false;
};

class MergeCommand {
 public:
  MergeCommand(Context& context, const MergeOptions& options)
      : context_(context), options_(options) {}

  int run() {
    for (const std::string& file : options_.files) read(file);
    SweepTotals totals;
    for (const auto& [number, line] : runs_) totals.add(line);
    for (const auto& [key, bundle] : bundles_) totals.add_bundle(key, bundle);
    find_missing();
    int code = totals.exit_code();
    if (!contradictions_.empty()) code = worse_exit(code, kExitNondeterministic);
    if (!missing_.empty()) code = worse_exit(code, kExitInconclusive);
    show(totals, code);
    return code;
  }

 private:
  void read(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::system_error(ENOENT, std::generic_category(), fmt::format("'{}'", file));
    std::string text;
    std::getline(in, text);
    const auto header = parse_line(text);
    const auto* identity = header ? header->if_contains("identity") : nullptr;
    if (identity == nullptr || !identity->is_object())
      throw UsageError{fmt::format("'{}' does not begin with the header of a sweep", file)};
    const sweep::Shard shard = add_identity(file, identity->get_object());
    bool is_complete = false;
    while (std::getline(in, text)) {
      const auto line = parse_line(text);
      const auto* type = line ? line->if_contains("type") : nullptr;
      if (type == nullptr || is_complete) {  // cut off, or something after the end
        is_complete = false;
        break;
      }
      if (*type == "run") add_run(file, *line);
      if (*type == "summary") is_complete = add_summary(*line);
    }
    if (is_complete) {
      complete_.insert(shard.index);
    } else {
      missing_.push_back(fmt::format("'{}' is not complete: its last line is no summary", file));
    }
  }

  // All but the shard must agree.
  sweep::Shard add_identity(const std::string& file, json::object identity) {
    const auto* text = identity.if_contains("shard");
    const auto shard = text != nullptr && text->is_string()
                           ? sweep::parse_shard(std::string(text->get_string()))
                           : std::nullopt;
    if (!shard) throw UsageError{fmt::format("'{}' does not say which shard it is", file)};
    identity["shard"] = fmt::format("of {}", shard->count);
    if (!identity_) {
      identity_ = identity;
      first_file_ = file;
      shards_ = shard->count;
    }
    const std::string difference = identity_difference(*identity_, identity);
    if (!difference.empty())
      throw UsageError{
          fmt::format("'{}' and '{}' are of different sweeps ({})", first_file_, file, difference)};
    return *shard;
  }

  void add_run(const std::string& file, const json::object& line) {
    const auto* number = line.if_contains("run");
    if (number == nullptr || !number->is_number())
      throw UsageError{fmt::format("'{}' has a run without its number", file)};
    const auto run = number->to_number<std::uint64_t>();
    const auto [place, is_new] = runs_.try_emplace(run, line);
    if (is_new) return;
    ++duplicates_;
    const auto print_of = [](const json::object& of) {
      const auto* print = of.if_contains("fingerprint");
      return print == nullptr ? std::string() : json::serialize(*print);
    };
    if (print_of(place->second) != print_of(line))
      contradictions_.push_back(fmt::format("run {} came out differently in '{}'", run, file));
  }

  bool add_summary(const json::object& line) {
    if (const auto* budget = line.if_contains("budget_exhausted"))
      is_cut_ = is_cut_ || *budget == true;
    if (const auto* groups = line.if_contains("groups"); groups != nullptr && groups->is_array()) {
      for (const auto& group : groups->get_array()) {
        const auto& object = group.as_object();
        if (const auto* bundle = object.if_contains("bundle"))
          bundles_.try_emplace(std::string(object.at("key").as_string()),
                               std::string(bundle->as_string()));
      }
    }
    const auto* complete = line.if_contains("complete");
    return complete != nullptr && *complete == true;
  }

  void find_missing() {
    for (std::uint64_t i = 0; i < shards_; ++i) {
      if (complete_.count(i) == 0)
        missing_.push_back(fmt::format("shard {}/{} is missing", i, shards_));
    }
    const auto* total = identity_ ? identity_->if_contains("runs") : nullptr;
    const std::uint64_t wanted = total == nullptr ? 0 : total->to_number<std::uint64_t>();
    if (missing_.empty() && runs_.size() < wanted)
      missing_.push_back(fmt::format("{} of {} runs are missing{}", wanted - runs_.size(), wanted,
                                     is_cut_ ? ": a budget was used up" : ""));
  }

  void show(const SweepTotals& totals, int code) {
    if (options_.as_json) {
      json::object summary{{"type", "summary"}};
      for (const auto& [name, value] : totals.json()) summary[name] = value;
      summary["shards"] = shards_;
      summary["duplicates"] = duplicates_;
      summary["missing"] = json::array(missing_.begin(), missing_.end());
      summary["contradictions"] = json::array(contradictions_.begin(), contradictions_.end());
      summary["exit"] = code;
      summary["complete"] = missing_.empty();
      context_.out << json::serialize(summary) + "\n";
      return;
    }
    context_.out << totals.text();
    if (duplicates_ > 0) context_.out << fmt::format("{} runs were there twice\n", duplicates_);
    for (const std::string& text : contradictions_) context_.out << text << '\n';
    for (const std::string& text : missing_) context_.out << text << '\n';
  }

  Context& context_;
  const MergeOptions& options_;
  std::optional<json::object> identity_;
  std::string first_file_;
  std::uint64_t shards_ = 0;
  std::set<std::uint64_t> complete_;
  std::map<std::uint64_t, json::object> runs_;
  std::map<std::string, std::string> bundles_;
  std::vector<std::string> missing_, contradictions_;
  std::uint64_t duplicates_ = 0;
  bool is_cut_ = false;
};

// Of loads: counts and histograms add up.
int merge_loads(Context& context, const MergeOptions& options) {
  std::map<std::string, load::Report> reports;
  for (const std::string& file : options.files) reports.emplace(file, read_load(file));
  load::Merged merged;
  try {
    merged = load::merge(reports);
  } catch (const std::runtime_error& error) {
    throw UsageError{error.what()};
  }
  int code = merged.report.result.violations.empty() ? 0 : 1;
  if (code == 0 && !merged.report.verdict.is_valid()) code = kExitInvalidLoad;
  if (code == 0 && !merged.missing.empty()) code = kExitInconclusive;
  LoadOutputs outputs;
  if (options.as_json) outputs.json = "-";
  outputs.write(merged.report, code, context.out);
  for (const std::string& text : merged.missing) context.err << "ssbsim: " << text << '\n';
  return code;
}

}  // namespace

void add_merge(CLI::App& app, Context& context) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* command = app.add_subcommand("merge", "The shards of a sweep or a load as one result");
  command->footer(
      "Exit codes: 2 when a shard or a run is missing, else the most severe of the runs.\n"
      "Example:\n"
      "  ssbsim merge found/shard-*.jsonl");
  command->add_option("file", options->files, "The files that sweep, or load --json, wrote")
      ->required();
  command->add_flag("--json", options->as_json, "One line of JSON, as the summary of a sweep");
  command->callback([&context, options] {
    try {
      context.exit_code = is_load_file(options->files.front())
                              ? merge_loads(context, *options)
                              : MergeCommand(context, *options).run();
    } catch (const UsageError& error) {
      context.err << "ssbsim: " << error.text << '\n';
      context.exit_code = kExitUsage;
    }
  });
}

}  // namespace ssb::sim::cli
