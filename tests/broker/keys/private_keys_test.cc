#include "broker/keys/private_keys.h"

#include "broker/keys/certificates.h"
#include "broker/keys/master_key.h"
#include "tests/broker/catalog/test_instance.h"
#include "tests/broker/keys/passwords.h"

namespace ssb::broker::tests {
namespace {

using catalog::Transaction;
namespace pb = catalog::pb;

// A database with a master key and a certificate under it, whose private key has been opened once.
class PrivateKeysTest : public testing::Test {
 protected:
  PrivateKeysTest() : database(one.make_database("app")) {}
  void SetUp() override {
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::create_master_key(one.instance, t, database, kPassword, kNow);
    }));
    keys::NewCertificate wanted;
    wanted.name = "Cert";
    wanted.subject = "Cert";
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::create_certificate(one.instance, t, database, wanted, {}, kNow);
    }));
    first = open().value();
  }

  const pb::Certificate& row() {
    return *one.instance.database(database)->table<pb::Certificate>().find("Cert");
  }
  proto::Result<crypto::RsaPrivateKey> open() { return memo.open(one.instance, database, row()); }
  template <typename Change>
  void change_row(const Change& change) {
    pb::Certificate changed = row();
    change(changed);
    ASSERT_TRUE(one.run([&](Transaction& t) {
      one.instance.database(database)->put(t, changed.id(), changed);
      return proto::Result<void>();
    }));
  }
  void drop_service_copy() {
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::drop_service_master_key_encryption(one.instance, t, database, {}, kNow);
    }));
  }

  TestInstance one;
  store::DatabaseId database;
  keys::PrivateKeys memo;
  crypto::RsaPrivateKey first;
};

TEST_F(PrivateKeysTest, TheSameRowUnderTheSameMasterKeyIsParsedOnce) {
  change_row([](pb::Certificate& certificate) {
    certificate.set_is_active_for_begin_dialog(false);  // nothing of the key
  });

  EXPECT_EQ(open()->native(), first.native());
}

TEST_F(PrivateKeysTest, WithoutTheMasterKeyNothingOpensThatWasOpenBefore15581) {
  drop_service_copy();

  EXPECT_EQ(open().error().number(), 15581);
}

TEST_F(PrivateKeysTest, ARowWithoutPrivateKeyOrUnderAPasswordGivesNothingThatWasOpenBefore) {
  change_row(
      [&](pb::Certificate& certificate) { keys::put_private_key(certificate, first, kOther, 10); });
  EXPECT_EQ(open().error().number(), 9737);

  change_row([](pb::Certificate& certificate) {
    certificate.clear_private_key();
    certificate.set_private_key_protection("NA");
  });
  EXPECT_EQ(open().error().number(), 9733);
}

TEST_F(PrivateKeysTest, ARegeneratedMasterKeyGivesTheSameKeyOpenedAnew) {
  keys::OpenMasterKeys opened;
  ASSERT_TRUE(one.run([&](Transaction& t) {
    return keys::regenerate_master_key(one.instance, t, database, kOther, false, opened, kNow);
  }));

  const auto again = open();

  ASSERT_TRUE(again);
  EXPECT_NE(again->native(), first.native());
  EXPECT_TRUE(again->matches(first.public_key()));
  EXPECT_EQ(memo.size(), 1U);
}

TEST_F(PrivateKeysTest, WhatTheMasterKeyNoLongerProtectsIsForgotten) {
  memo.catalog_changed(one.instance, database);
  EXPECT_EQ(memo.size(), 1U);

  drop_service_copy();
  memo.catalog_changed(one.instance, database);
  EXPECT_EQ(memo.size(), 0U);
}

TEST_F(PrivateKeysTest, TheKeyOfADroppedCertificateIsForgotten) {
  ASSERT_TRUE(one.run(
      [&](Transaction& t) { return keys::drop_certificate(one.instance, t, database, "Cert"); }));

  memo.catalog_changed(one.instance, database);

  EXPECT_EQ(memo.size(), 0U);
}

}  // namespace
}  // namespace ssb::broker::tests
