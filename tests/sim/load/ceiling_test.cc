#include "sim/load/ceiling.h"

#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "broker/crypto/rsa.h"

namespace ssb::sim::load {
namespace {

// No operation is compared with another: what else runs on the machine may be in either figure.
TEST(CeilingTest, EachRsaOperationHasItsCost) {
  const auto key = broker::crypto::RsaPrivateKey::generate(2048);

  const RsaCosts costs = rsa_costs(key.native(), 1);

  for (const double cost : {costs.sign_us, costs.verify_us, costs.wrap_us, costs.unwrap_us})
    EXPECT_GT(cost, 0);
}

TEST(CeilingTest, AKeyOfAnotherAlgorithmIsNotMeasured) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
  ASSERT_NE(key, nullptr);

  EXPECT_THROW((void)rsa_costs(key.get(), 1), std::runtime_error);
}

TEST(CeilingTest, SealsAreCounted) {
  EXPECT_GT(seals_per_second(64, 1), 0);
}

}  // namespace
}  // namespace ssb::sim::load
