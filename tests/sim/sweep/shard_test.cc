#include "sim/sweep/shard.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssb::sim::sweep {
namespace {

using testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

std::variant<Shard, std::string> shard_in(const Variables& variables) {
  return shard_of([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

TEST(ShardTest, AnyNumberOfShardsDealsEachRunOnce) {
  const Runs runs{.scenarios = 23, .first_seed = 5, .last_seed = 44};
  for (const std::uint64_t count : {1U, 2U, 7U, 23U, 24U, 100U}) {
    std::multiset<std::uint64_t> dealt;
    for (std::uint64_t index = 0; index < count; ++index) {
      const Shard shard{.index = index, .count = count};
      for (std::uint64_t run = 0; run < runs.count(); ++run) {
        if (shard.has(run, runs)) dealt.insert(run);
      }
    }
    EXPECT_EQ(dealt.size(), runs.count()) << count;
    EXPECT_EQ(std::set<std::uint64_t>(dealt.begin(), dealt.end()).size(), runs.count()) << count;
  }
}

TEST(ShardTest, EachShardMeetsEveryScenario) {
  const Runs runs{.scenarios = 24, .first_seed = 0, .last_seed = 199};
  const Shard shard{.index = 3, .count = 24};

  std::set<std::size_t> scenarios;
  for (std::uint64_t run = 0; run < runs.count(); ++run) {
    if (shard.has(run, runs)) scenarios.insert(runs.at(run).scenario);
  }

  EXPECT_EQ(scenarios.size(), 24U);
}

TEST(ShardTest, ARunIsItsScenarioAndSeedAndNothingElse) {
  const Runs runs{.scenarios = 3, .first_seed = 10, .last_seed = 11, .at_most = 5};

  EXPECT_EQ(runs.count(), 5U);
  EXPECT_EQ(runs.at(4).scenario, 1U);
  EXPECT_EQ(runs.at(4).seed, 11U);
}

TEST(ShardTest, TheNumberOfRunsDoesNotOverflow) {
  const Runs runs{.scenarios = 1000, .first_seed = 0, .last_seed = UINT64_MAX - 1};

  EXPECT_EQ(runs.count(), UINT64_MAX);
}

TEST(ShardTest, EverySchedulerIsUnderstood) {
  struct Case {
    Variables variables;
    std::uint64_t index, count;
  };
  const Case cases[] = {
      {{}, 0, 1},
      {{{"SSBSIM_SHARD", "2"}, {"SSBSIM_SHARDS", "4"}, {"SLURM_ARRAY_TASK_ID", "1"}}, 2, 4},
      {{{"SLURM_ARRAY_TASK_ID", "14"},
        {"SLURM_ARRAY_TASK_MIN", "10"},
        {"SLURM_ARRAY_TASK_STEP", "2"},
        {"SLURM_ARRAY_TASK_COUNT", "6"}},
       2,
       6},
      // In the batch script itself there is one process, whatever was asked for.
      {{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}, 0, 1},
      {{{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}}, 3, 4},
      {{{"SLURM_ARRAY_TASK_ID", "1"},
        {"SLURM_ARRAY_TASK_MIN", "0"},
        {"SLURM_ARRAY_TASK_COUNT", "2"},
        {"SLURM_STEP_ID", "0"},
        {"SLURM_PROCID", "1"},
        {"SLURM_NTASKS", "3"}},
       4,
       6},
      {{{"JOB_COMPLETION_INDEX", "5"}, {"SSBSIM_SHARDS", "8"}}, 5, 8},
      {{{"NOMAD_ALLOC_INDEX", "1"}, {"NOMAD_META_shards", "3"}}, 1, 3},
      {{{"PARALLEL_SEQ", "1"}, {"SSBSIM_SHARDS", "8"}}, 0, 8},
  };
  for (const Case& c : cases) {
    const auto found = shard_in(c.variables);
    ASSERT_TRUE(std::holds_alternative<Shard>(found)) << std::get<std::string>(found);
    EXPECT_EQ(std::get<Shard>(found).index, c.index) << std::get<Shard>(found).source;
    EXPECT_EQ(std::get<Shard>(found).count, c.count) << std::get<Shard>(found).source;
  }
}

TEST(ShardTest, AShardOfNobodyKnowsHowManyIsRefused) {
  const auto alone = shard_in({{"JOB_COMPLETION_INDEX", "5"}});
  const auto beyond = shard_in({{"SSBSIM_SHARD", "4"}, {"SSBSIM_SHARDS", "4"}});
  const auto torn = shard_in({{"SLURM_ARRAY_TASK_ID", "5"}});

  EXPECT_THAT(std::get<std::string>(alone), HasSubstr("SSBSIM_SHARDS"));
  EXPECT_THAT(std::get<std::string>(beyond), HasSubstr("4 of 4"));
  EXPECT_THAT(std::get<std::string>(torn), HasSubstr("_COUNT"));
}

TEST(ShardTest, OnlyPartsThatExistAreParsed) {
  EXPECT_EQ(parse_shard("3/16")->index, 3U);
  for (const char* text : {"16/16", "1", "/2", "a/2", "1/", "1/0", "-1/2"})
    EXPECT_FALSE(parse_shard(text)) << text;
}

}  // namespace
}  // namespace ssb::sim::sweep
