// Generated scenarios against the engine: what the oracle expects is what happens, and every rule of the oracle is met with.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/runner.h"
#include "sim/scenario/simulated.h"
#include "sim/workload/generate.h"
#include "tests/sim/scenario/two_instances.h"

namespace ssb::sim::workload {
namespace {

using scenario::Report;
using scenario::Verdict;
using testing::IsEmpty;

constexpr std::uint64_t kSeeds = 300;

// Different keys, so that what is sealed for one certificate does not open with another's; a fresh object each time (key_pool.cc).
class Keys {
 public:
  void start_run() { next_ = 0; }
  broker::crypto::RsaPrivateKey draw(int) {
    constexpr std::size_t kKeys = 5;
    const std::size_t index = next_++ % kKeys;
    if (index == pkcs8_.size())
      pkcs8_.push_back(broker::crypto::RsaPrivateKey::generate(2048).to_pkcs8());
    return *broker::crypto::RsaPrivateKey::from_pkcs8(pkcs8_[index].view());
  }

 private:
  std::vector<proto::Secret> pkcs8_;
  std::size_t next_ = 0;
};

Report run(std::uint64_t seed, const Generated& generated, Keys& keys) {
  keys.start_run();
  const auto simulation =
      scenario::make_simulation({.seed = seed, .keys = [&](int bits) { return keys.draw(bits); }});
  const auto script = scenario::parse_script(fmt::format("seed {}", seed), generated.text, {});
  return scenario::Runner(script, *simulation).run();
}

// The certificates that an instance decided for, by the initiating service: "sign" or "encrypt".
std::set<std::string> decided(const Report& report, const std::string& from_service,
                              std::string_view purpose) {
  std::set<std::string> names;
  for (const auto& [node, record] : report.records) {
    const std::string* from = record.find("from_service");
    const std::string* chosen = record.find(purpose);
    if (record.event != proto::EventClass::security_decision || from == nullptr ||
        *from != from_service || chosen == nullptr)
      continue;
    names.insert(chosen->substr(0, chosen->find(' ')));
  }
  return names;
}

// The certificates that were taken are those of the forecast.
void expect_certificates(const Generated& generated, const Report& report, std::uint64_t seed) {
  for (const Told& told : generated.told) {
    if (!told.forecast.is_delivered) continue;
    for (const auto& [purpose, name] : {std::pair("encrypt", told.forecast.encrypted_for),
                                        std::pair("sign", told.forecast.signed_with)}) {
      if (name.empty()) continue;
      EXPECT_THAT(decided(report, told.from, purpose), testing::Contains(name))
          << "seed " << seed << ", " << told.from << " to " << told.to << ", to " << purpose;
    }
  }
}

// In parts, which run beside each other.
class GeneratedScenarioTest : public testing::TestWithParam<std::uint64_t> {};
constexpr std::uint64_t kPart = 25;

TEST_P(GeneratedScenarioTest, WhatTheOracleExpectsIsWhatHappens) {
  Keys keys;
  int expectations = 0;
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kPart; ++seed) {
    const Generated generated = generate(seed);

    const Report report = run(seed, generated, keys);

    EXPECT_EQ(report.verdict, Verdict::passed)
        << "seed " << seed << ": " << scenario::failures_of(report);
    expect_certificates(generated, report, seed);
    expectations += report.met;
  }
  EXPECT_GT(expectations, 500);
}
INSTANTIATE_TEST_SUITE_P(Seeds, GeneratedScenarioTest,
                         testing::Range(std::uint64_t{1}, kSeeds + 1, kPart));

TEST(WorkloadTest, EveryBranchOfTheOracleIsTold) {
  std::map<Branch, int> told;
  std::map<Told::Kind, int> kinds;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const Told& one : generate(seed).told) {
      ++told[one.forecast.branch];
      ++kinds[one.kind];
    }
  }

  std::vector<std::string> never;
  for (int i = 0; i < kBranches; ++i) {
    const auto branch = static_cast<Branch>(i);
    if (branch != Branch::open && !told.contains(branch)) never.emplace_back(branch_name(branch));
  }
  EXPECT_THAT(never, IsEmpty());
  EXPECT_FALSE(told.contains(Branch::open));
  EXPECT_GT(kinds[Told::Kind::reply], 50);
  EXPECT_GT(kinds[Told::Kind::later], 50);
}

TEST(WorkloadTest, OneSeedGivesOneText) {
  std::set<std::string> texts;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_EQ(generate_scenario(seed), generate_scenario(seed));
    texts.insert(generate_scenario(seed));
  }
  EXPECT_EQ(texts.size(), kSeeds);
}

}  // namespace
}  // namespace ssb::sim::workload
