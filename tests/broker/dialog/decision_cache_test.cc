#include "broker/dialog/decision_cache.h"

#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::broker::tests {
namespace {

// A service owner with a certificate, and a binding to a proxy whose certificate ends in a year.
class DecisionCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    owner = side.add_user("MyService_owner");
    proxy = side.add_user("ImgProc_proxy");
    side.add_certificate("ImgProc_cert", proxy, Initiator::peers_certificate());
    side.add_certificate("MyService_cert", owner, Initiator::certificate(),
                         {.private_key = &initiator_key()});
    side.add_binding("ToImageProcessor", "ImageProcessor", proxy, false);
  }
  dialog::DecisionCache::Answer decide(proto::TimePoint now = kNow) {
    return cache.decide_security(side.instance(), side.database, owner, "ImageProcessor", true,
                                 now);
  }
  // What would be decided without a cache is what the cache answers.
  void expect_fresh(proto::TimePoint now) {
    const auto fresh =
        dialog::decide_security(side.instance(), side.database, owner, "ImageProcessor", true, now);
    EXPECT_EQ(dialog::describe(*decide(now)), dialog::describe(fresh));
  }

  Side side{"InitiatorDb", true};
  std::int32_t owner = 0;
  std::int32_t proxy = 0;
  dialog::DecisionCache cache;
};

TEST_F(DecisionCacheTest, TheSameQuestionIsDecidedOnce) {
  const auto first = decide();

  EXPECT_EQ(decide(), first);
  EXPECT_EQ(decide(kNow + 1h), first);
  EXPECT_NE(cache.decide_security(side.instance(), side.database, owner, "Other", true, kNow),
            first);
  EXPECT_EQ(first->type(), dialog::SecurityType::full);
}

TEST_F(DecisionCacheTest, AChangeOfTheCatalogIsSeen) {
  ASSERT_FALSE(decide()->delayed);

  side.close_master_key();

  EXPECT_EQ(decide()->delayed->number(), 28050);
}

TEST_F(DecisionCacheTest, ACertificateThatBeginsOrEndsToBeValidIsSeenAtThatMoment) {
  const auto end = Initiator::peers_certificate().not_after();
  side.add_certificate("Later", proxy, issue("later", attacker_key(), kNow + 1h, end + 24h));

  for (const auto now : {kNow, kNow + 1h - 1us, kNow + 1h, end - 1us, end, end + 1us, end + 24h,
                         end + 24h + 1us, kNow})
    expect_fresh(now);
  EXPECT_NE(decide(kNow), decide(kNow + 1h));
}

TEST_F(DecisionCacheTest, AReplyAndABeginAreTwoQuestions) {
  const auto begin = decide();

  const auto reply = cache.decide_reply(side.instance(), side.database, owner, proxy, kNow);

  EXPECT_NE(reply, begin);
  EXPECT_EQ(cache.decide_reply(side.instance(), side.database, owner, proxy, kNow), reply);
  EXPECT_NE(cache.decide_reply(side.instance(), side.database, owner, owner, kNow), reply);
}

}  // namespace
}  // namespace ssb::broker::tests
