#include "sim/load/ceiling.h"

#include <gtest/gtest.h>

#include "broker/crypto/rsa.h"

namespace ssb::sim::load {
namespace {

TEST(CeilingTest, APrivateOperationCostsMoreThanAPublicOne) {
  const auto key = broker::crypto::RsaPrivateKey::generate(2048);

  const RsaCosts costs = rsa_costs(key.native());

  EXPECT_GT(costs.verify_us, 0);
  EXPECT_GT(costs.wrap_us, 0);
  EXPECT_GT(costs.sign_us, 2 * costs.verify_us);
  EXPECT_GT(costs.unwrap_us, 2 * costs.wrap_us);
}

TEST(CeilingTest, LongBodiesAreSealedLessOften) {
  EXPECT_GT(seals_per_second(64), seals_per_second(64 << 10));
}

}  // namespace
}  // namespace ssb::sim::load
