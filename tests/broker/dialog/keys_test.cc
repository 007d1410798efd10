#include "broker/dialog/keys.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/dialog/transcript.h"
#include "tests/broker/dialog/two_sides.h"

namespace ssb::broker::tests {

namespace {

using dialog::KeySlot;
using dialog::SessionKey;

template <typename Id>
Id make_id() {
  return crypto::random_id<Id>();
}

TEST(SessionKeyTest, OpensOnlyInTheRowThatItWasStoredFor) {
  const proto::Secret master_key = crypto::random_secret(32);
  const auto conversation = make_id<proto::ConversationId>();
  const SessionKey key = SessionKey::make();
  const proto::Bytes stored =
      dialog::store_session_key(master_key, conversation, true, KeySlot::outbound, key);
  const auto load = [&](const proto::Secret& master, proto::ConversationId where, bool is_initiator,
                        KeySlot slot, proto::KeyId id, proto::ByteView bytes) {
    return dialog::load_session_key(master, where, is_initiator, slot, id, bytes);
  };

  const auto loaded = load(master_key, conversation, true, KeySlot::outbound, key.id, stored);

  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->key, key.key);
  EXPECT_FALSE(
      load(crypto::random_secret(32), conversation, true, KeySlot::outbound, key.id, stored));
  EXPECT_FALSE(
      load(master_key, make_id<proto::ConversationId>(), true, KeySlot::outbound, key.id, stored));
  EXPECT_FALSE(load(master_key, conversation, false, KeySlot::outbound, key.id, stored));
  EXPECT_FALSE(load(master_key, conversation, true, KeySlot::inbound, key.id, stored));
  EXPECT_FALSE(
      load(master_key, conversation, true, KeySlot::outbound, make_id<proto::KeyId>(), stored));
  for (std::size_t at = 0; at < stored.size(); ++at) {
    proto::Bytes damaged = stored;
    damaged[at] ^= 1;
    EXPECT_FALSE(load(master_key, conversation, true, KeySlot::outbound, key.id, damaged)) << at;
  }
}

TEST(SessionKeyTest, IsFreshEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const SessionKey key = SessionKey::make();
    EXPECT_EQ(key.key.size(), dialog::kSessionKeyBytes);
    EXPECT_TRUE(seen.insert(proto::to_string(key.key.view())).second);
    EXPECT_TRUE(seen.insert(proto::to_string(key.id.view())).second);
  }
}

// HKDF-SHA-256 of the stated key, salt and info, written out again: labels and order of fields are part of the protocol.
TEST(DerivationTest, KeysFollowTheirDocumentedLabels) {
  const proto::Secret kek = crypto::random_secret(16);
  const proto::Bytes salt(16, 7);
  const crypto::Sha256Digest grant = crypto::sha256(proto::as_bytes("a grant"));
  const SessionKey key = SessionKey::make();
  const dialog::MessageKeyName name{key.id, make_id<proto::ConversationId>(), true,
                                    crypto::random_guid()};
  const auto info = [](std::string label, std::initializer_list<proto::ByteView> parts) {
    for (const auto part : parts) label += proto::to_string(part);
    return label;
  };
  const auto hkdf = [](proto::ByteView from, proto::ByteView with_salt,
                       const std::string& with_info, std::size_t size) {
    return crypto::hkdf_sha256(from, with_salt, proto::as_bytes(with_info), size);
  };
  const std::uint8_t from_initiator = 1;

  EXPECT_EQ(dialog::derive_wrap_key(kek, salt, grant),
            hkdf(kek.view(), salt, info("ssbsim 1 wrap", {grant}), 16));
  EXPECT_EQ(dialog::derive_auth_key(kek, salt, grant),
            hkdf(kek.view(), salt, info("ssbsim 1 auth", {grant}), 32));
  EXPECT_EQ(
      dialog::derive_reply_key(key, name.conversation),
      hkdf(key.key.view(), name.conversation.view(), info("ssbsim 1 reply", {key.id.view()}), 32));
  EXPECT_EQ(dialog::derive_message_key(key, name),
            hkdf(key.key.view(), name.incarnation.view(),
                 info("ssbsim 1 message", {key.id.view(), name.conversation.view(),
                                           proto::ByteView(&from_initiator, 1)}),
                 16));
}

TEST(DerivationTest, EveryPartOfItsNameChangesAMessageKey) {
  const SessionKey key = SessionKey::make();
  const dialog::MessageKeyName name{key.id, make_id<proto::ConversationId>(), true,
                                    crypto::random_guid()};
  std::set<std::string> keys{proto::to_string(dialog::derive_message_key(key, name).view())};
  dialog::MessageKeyName other = name;
  other.from_initiator = false;
  keys.insert(proto::to_string(dialog::derive_message_key(key, other).view()));
  other = name;
  other.conversation = make_id<proto::ConversationId>();
  keys.insert(proto::to_string(dialog::derive_message_key(key, other).view()));
  other = name;
  other.incarnation = crypto::random_guid();
  keys.insert(proto::to_string(dialog::derive_message_key(key, other).view()));
  keys.insert(proto::to_string(
      dialog::derive_message_key(SessionKey{key.id, crypto::random_secret(16), {}}, name).view()));
  EXPECT_EQ(keys.size(), 5u);
}

TEST(NonceTest, TheCounterStandsBigEndianInTheLastEightBytes) {
  EXPECT_EQ(proto::to_hex(dialog::nonce_of(0)), "000000000000000000000000");
  EXPECT_EQ(proto::to_hex(dialog::nonce_of(0x0102030405060708)), "000000000102030405060708");
}

TEST(IncarnationTest, CountsUpAndStopsForEverAtTheLimit) {
  dialog::Incarnation incarnation;
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(incarnation.next_nonce(), i);
  incarnation.skip_to(dialog::kSealsMax - 1);
  EXPECT_EQ(incarnation.next_nonce(), dialog::kSealsMax - 1);
  EXPECT_FALSE(incarnation.next_nonce());
  EXPECT_FALSE(incarnation.next_nonce());
}

TEST(IncarnationDeathTest, GoingBackIsABug) {
  dialog::Incarnation incarnation;
  incarnation.skip_to(10);
  EXPECT_DEATH(incarnation.skip_to(9), "");
}

TEST(IncarnationTest, EachHasAnotherId) {
  EXPECT_NE(dialog::Incarnation().id(), dialog::Incarnation().id());
}

dialog::KekGrant make_grant(proto::TimePoint not_before) {
  dialog::KekGrant grant;
  grant.kek = crypto::random_secret(16);
  grant.not_before = not_before;
  grant.not_after = not_before + dialog::kGrantLifetime;
  return grant;
}
crypto::Sha256Digest digest(std::string_view text) {
  return crypto::sha256(proto::as_bytes(text));
}

TEST(KekCacheTest, GivesAGrantWithinItsTimeOnly) {
  dialog::KekCache cache;
  const dialog::KekCache::Name name{digest("a"), digest("b"), {}};
  cache.keep(name, make_grant(kNow));

  EXPECT_NE(cache.find(name, kNow), nullptr);
  EXPECT_NE(cache.find(name, kNow + dialog::kGrantLifetime - 1us), nullptr);
  EXPECT_EQ(cache.find(name, kNow + dialog::kGrantLifetime), nullptr);
  EXPECT_EQ(cache.find(name, kNow - 1us), nullptr);  // a clock that was set back
  EXPECT_EQ(cache.find({digest("b"), digest("a"), {}}, kNow), nullptr);
  EXPECT_EQ(cache.find({digest("a"), digest("b"), make_id<proto::ConversationId>()}, kNow),
            nullptr);
}

TEST(KekCacheTest, ForgetsTheGrantsOfADroppedCertificateOnEitherSide) {
  dialog::KekCache cache;
  cache.keep({digest("a"), digest("b"), {}}, make_grant(kNow));
  cache.keep({digest("b"), digest("c"), {}}, make_grant(kNow));
  cache.keep({digest("c"), digest("d"), {}}, make_grant(kNow));
  cache.drop_certificate(digest("b"));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(OpenedKekCacheTest, AnyOtherGrantOrSignatureHasAnotherName) {
  const auto name = [](std::string_view grant, std::string_view signature) {
    return dialog::OpenedKekCache::name(proto::as_bytes(grant), proto::as_bytes(signature));
  };
  const std::set<crypto::Sha256Digest> names{name("ab", "c"), name("a", "bc"), name("abc", ""),
                                             name("", "abc"), name("ab", "d")};
  EXPECT_EQ(names.size(), 5u);
}

TEST(BoundedMapTest, ForgetsWhatWasUsedLongestAgo) {
  dialog::BoundedMap<int, std::string> map(2);
  map.put(1, "one");
  map.put(2, "two");
  EXPECT_EQ(*map.find(1), "one");
  map.put(3, "three");
  EXPECT_EQ(map.find(2), nullptr);
  EXPECT_EQ(*map.find(1), "one");
  map.put(1, "uno");
  EXPECT_EQ(*map.find(1), "uno");
  EXPECT_EQ(map.size(), 2u);
  map.erase_if([](int key, const std::string&) { return key == 1; });
  EXPECT_EQ(map.find(1), nullptr);
  EXPECT_EQ(map.size(), 1u);
}

TEST(FailedUnwrapsTest, ASourceIsHeldBackAfterTheLimitAndForgivenWithTime) {
  dialog::FailedUnwraps failures;
  const auto source = digest("certificate");
  for (int i = 0; i < dialog::kFailedUnwrapsMax; ++i) {
    EXPECT_TRUE(failures.may_try("peer", source, kNow));
    failures.count_failure("peer", source, kNow);
  }

  EXPECT_FALSE(failures.may_try("peer", source, kNow));
  EXPECT_TRUE(failures.may_try("other peer", source, kNow));
  EXPECT_TRUE(failures.may_try("peer", crypto::Sha256Digest{}, kNow));
  EXPECT_FALSE(failures.may_try("peer", source, kNow + dialog::kFailedUnwrapInterval - 1us));
  EXPECT_TRUE(failures.may_try("peer", source, kNow + dialog::kFailedUnwrapInterval));
  failures.count_failure("peer", source, kNow + dialog::kFailedUnwrapInterval);
  EXPECT_FALSE(failures.may_try("peer", source, kNow + dialog::kFailedUnwrapInterval));
  EXPECT_TRUE(failures.may_try("peer", source, kNow + 24h));
}

TEST(FailedUnwrapsTest, AClockThatIsSetBackDoesNotHoldASourceForEver) {
  dialog::FailedUnwraps failures;
  for (int i = 0; i < dialog::kFailedUnwrapsMax; ++i)
    failures.count_failure("peer", {}, kNow + 24h * 365);
  EXPECT_FALSE(failures.may_try("peer", {}, kNow));
  EXPECT_TRUE(failures.may_try("peer", {}, kNow + dialog::kFailedUnwrapInterval));
}

TEST(FailedUnwrapsTest, TheNumberOfSourcesIsBounded) {
  dialog::FailedUnwraps failures(4);
  for (int i = 0; i < 100; ++i) failures.count_failure("peer " + std::to_string(i), {}, kNow);
  EXPECT_TRUE(failures.may_try("peer 0", {}, kNow));
}

TEST(MessageKeysTest, AnotherSessionKeyUnderTheSameNameFindsNothing) {
  dialog::MessageKeys keys(2);
  const SessionKey mine = SessionKey::make();
  const SessionKey forged{mine.id, crypto::random_secret(16), {}};
  const dialog::MessageKeyName name{mine.id, make_id<proto::ConversationId>(), true,
                                    crypto::random_guid()};
  keys.keep(name, forged, crypto::AesGcm(dialog::derive_message_key(forged, name)));

  EXPECT_EQ(keys.find(name, mine), nullptr);
  EXPECT_NE(keys.find(name, forged), nullptr);

  for (int i = 0; i < 10; ++i) {
    dialog::MessageKeyName other = name;
    other.incarnation = crypto::random_guid();
    keys.keep(other, mine, crypto::AesGcm(dialog::derive_message_key(mine, other)));
  }
  EXPECT_EQ(keys.size(), 2u);
}

TEST(MessageKeysTest, WhatWasFoundOnceIsNotFoundAfterItWasDropped) {
  dialog::MessageKeys keys(2);
  const SessionKey mine = SessionKey::make();
  const auto name_of = [&](std::uint8_t incarnation) {
    return dialog::MessageKeyName{mine.id, proto::ConversationId{}, true,
                                  proto::Guid::from_bytes(proto::Bytes(16, incarnation)).value()};
  };
  const auto keep = [&](std::uint8_t incarnation) {
    keys.keep(name_of(incarnation), mine,
              crypto::AesGcm(dialog::derive_message_key(mine, name_of(incarnation))));
  };
  keep(1);
  keep(2);
  ASSERT_NE(keys.find(name_of(1), mine), nullptr);
  ASSERT_NE(keys.find(name_of(1), mine), nullptr);

  keep(3);
  keep(4);
  EXPECT_EQ(keys.find(name_of(1), mine), nullptr);
  ASSERT_NE(keys.find(name_of(4), mine), nullptr);

  keys.clear();
  EXPECT_EQ(keys.find(name_of(4), mine), nullptr);
}

TEST(MessageKeysTest, WhatOneSessionKeyDropsIsItsOwnInBothDirections) {
  dialog::MessageKeys keys(4);
  const SessionKey mine = SessionKey::make();
  const SessionKey other = SessionKey::make();
  const auto name_of = [](const SessionKey& key, bool from_initiator) {
    return dialog::MessageKeyName{key.id, proto::ConversationId{}, from_initiator, proto::Guid{}};
  };
  for (const SessionKey* key : {&mine, &other}) {
    for (const bool from_initiator : {false, true}) {
      const auto name = name_of(*key, from_initiator);
      keys.keep(name, *key, crypto::AesGcm(dialog::derive_message_key(*key, name)));
    }
  }

  keys.drop(mine);
  keys.drop(mine);

  EXPECT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys.find(name_of(mine, true), mine), nullptr);
  EXPECT_EQ(keys.find(name_of(mine, false), mine), nullptr);
  EXPECT_NE(keys.find(name_of(other, true), other), nullptr);
  EXPECT_NE(keys.find(name_of(other, false), other), nullptr);
}

TEST(MessageKeysTest, AKeyThatOutlivesThemIsNotFoundWhereTheyWere) {
  const SessionKey mine = SessionKey::make();
  const dialog::MessageKeyName name{mine.id, proto::ConversationId{}, true, crypto::random_guid()};
  for (int i = 0; i < 2; ++i) {
    dialog::MessageKeys keys(2);
    EXPECT_EQ(keys.find(name, mine), nullptr);
    keys.keep(name, mine, crypto::AesGcm(dialog::derive_message_key(mine, name)));
    EXPECT_NE(keys.find(name, mine), nullptr);
  }
}

TEST(DatabaseKeysTest, ForgetsKeksOfMissingCertificatesAndAllWithoutMasterKey) {
  Initiator side;
  const auto own =
      dialog::reference_to(*side.objects().table<pb::Certificate>().find(side.own_certificate))
          .sha256;
  const auto peer =
      dialog::reference_to(*side.objects().table<pb::Certificate>().find(side.peer_certificate))
          .sha256;
  dialog::DatabaseKeys& keys = *side.keys;
  keys.grants.keep({own, peer, {}}, make_grant(kNow));
  keys.grants.keep({{}, peer, {}}, make_grant(kNow));
  keys.opened.keep(digest("x"), {{}, own, crypto::random_secret(16)});
  keys.opened.keep(digest("y"), {peer, own, crypto::random_secret(16)});

  keys.catalog_changed(side.instance(), side.database);
  EXPECT_EQ(keys.grants.size(), 2u);
  EXPECT_EQ(keys.opened.size(), 2u);

  side.drop<pb::Certificate>(side.peer_certificate);
  keys.catalog_changed(side.instance(), side.database);
  EXPECT_EQ(keys.grants.size(), 0u);
  EXPECT_EQ(keys.opened.size(), 1u);

  side.close_master_key();
  keys.catalog_changed(side.instance(), side.database);
  EXPECT_EQ(keys.opened.size(), 0u);
}

}  // namespace

}  // namespace ssb::broker::tests
