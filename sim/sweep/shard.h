// Which runs of a sweep are whose: a run's scenario and seed, the shard that does it, and which shard this process is.
//
//   Run r of a sweep over S scenarios is scenario r mod S with seed first + r / S, whoever does it: any number of shards gives the same
//   set of runs. The runs of one seed are dealt to the shards in turn, beginning at a drawn one, so that each shard meets every scenario.
//   Source  batch-contract.md 6.1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace ssb::sim::sweep {

struct RunId {
  std::size_t scenario = 0;
  std::uint64_t seed = 0;
};
struct Runs {
  std::size_t scenarios = 1;
  std::uint64_t first_seed = 0;
  std::uint64_t last_seed = 0;
  std::uint64_t at_most = UINT64_MAX;  // of all shards together

  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] RunId at(std::uint64_t run) const;
};

struct Shard {
  std::uint64_t index = 0;  // 0 to count - 1
  std::uint64_t count = 1;
  std::string source = "the whole";  // who said so

  [[nodiscard]] bool has(std::uint64_t run, const Runs& runs) const;
};

// "3/16".
[[nodiscard]] std::optional<Shard> parse_shard(const std::string& text);
// The first that the environment names: SSBSIM_SHARD, Slurm, Kubernetes, Nomad, GNU parallel; the whole when none does. A text: why it
// cannot be told.
[[nodiscard]] std::variant<Shard, std::string> shard_of(
    const std::function<std::string(const char* name)>& environment);

}  // namespace ssb::sim::sweep
