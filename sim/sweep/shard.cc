#include "sim/sweep/shard.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/random.h"

namespace ssb::sim::sweep {
namespace {

using Environment = std::function<std::string(const char* name)>;
using Found = std::variant<Shard, std::string>;

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// `first` is the number of the first shard.
Found numbered(const std::string& index, std::uint64_t first, const std::string& count,
               const std::string& source) {
  const auto at = number(index);
  const auto of = number(count);
  if (count.empty())
    return fmt::format(
        "{} says which shard this is, but nothing says of how many; set SSBSIM_SHARDS, or "
        "--shard 0/1 for all of it",
        source);
  if (!at || !of || *at < first || *at - first >= *of)
    return fmt::format("{} says shard {} of {}, which is none", source, index, count);
  return Shard{.index = *at - first, .count = *of, .source = source};
}

// A task of an array, and a process of a step inside it when srun has started several.
std::optional<Found> slurm(const Environment& environment) {
  std::optional<Shard> shard;
  const std::string task = environment("SLURM_ARRAY_TASK_ID");
  if (!task.empty()) {
    const auto at = number(task);
    const auto first = number(environment("SLURM_ARRAY_TASK_MIN"));
    const auto step = number(environment("SLURM_ARRAY_TASK_STEP"));
    const auto count = number(environment("SLURM_ARRAY_TASK_COUNT"));
    const bool is_whole = at && first && count && *at >= *first && step.value_or(1) > 0;
    const std::uint64_t index = is_whole ? (*at - *first) / step.value_or(1) : 0;
    if (!is_whole || index >= *count)
      return Found(fmt::format(
          "SLURM_ARRAY_TASK_ID is {}, but _MIN, _STEP and _COUNT do not say of what", task));
    shard = Shard{.index = index, .count = *count, .source = "SLURM_ARRAY_TASK_ID"};
  }
  // Only srun sets the number of the step; in the batch script itself there is one process, whatever SLURM_NTASKS says.
  const auto process = number(environment("SLURM_PROCID"));
  const auto processes = number(environment("SLURM_NTASKS"));
  if (!environment("SLURM_STEP_ID").empty() && process && processes && *process < *processes) {
    const Shard outer = shard.value_or(Shard{});
    shard = Shard{.index = outer.index * *processes + *process,
                  .count = outer.count * *processes,
                  .source = task.empty() ? "SLURM_PROCID" : "SLURM_ARRAY_TASK_ID and SLURM_PROCID"};
  }
  if (!shard) return std::nullopt;
  return Found(*shard);
}

}  // namespace

std::uint64_t Runs::count() const {
  const std::uint64_t seeds = last_seed - first_seed + 1;
  const std::uint64_t most = scenarios == 0 || seeds == 0 ? 0 : UINT64_MAX / scenarios;
  return std::min(at_most, seeds > most ? UINT64_MAX : seeds * scenarios);
}

RunId Runs::at(std::uint64_t run) const {
  return {.scenario = static_cast<std::size_t>(run % scenarios),
          .seed = first_seed + run / scenarios};
}

bool Shard::has(std::uint64_t run, const Runs& runs) const {
  if (count == 1) return true;
  const std::uint64_t block = run / runs.scenarios;
  return (run % runs.scenarios + Random(block)()) % count == index;
}

std::optional<Shard> parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto found = numbered(text.substr(0, slash), 0, text.substr(slash + 1), "--shard");
  const auto* shard = std::get_if<Shard>(&found);
  return shard == nullptr ? std::nullopt : std::optional(*shard);
}

Found shard_of(const Environment& environment) {
  const std::string count = environment("SSBSIM_SHARDS");
  if (const std::string index = environment("SSBSIM_SHARD"); !index.empty())
    return numbered(index, 0, count, "SSBSIM_SHARD");
  if (auto found = slurm(environment)) return *std::move(found);
  if (const std::string index = environment("JOB_COMPLETION_INDEX"); !index.empty())
    return numbered(index, 0, count, "JOB_COMPLETION_INDEX");
  if (const std::string index = environment("NOMAD_ALLOC_INDEX"); !index.empty())
    return numbered(index, 0, environment("NOMAD_META_shards"), "NOMAD_ALLOC_INDEX");
  if (const std::string index = environment("PARALLEL_SEQ"); !index.empty())
    return numbered(index, 1, count, "PARALLEL_SEQ");
  return Shard{};
}

}  // namespace ssb::sim::sweep
