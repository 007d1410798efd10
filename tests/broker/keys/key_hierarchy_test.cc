#include "broker/keys/key_hierarchy.h"

#include "broker/keys/certificates.h"
#include "broker/keys/master_key.h"
#include "proto/error_code.h"
#include "tests/broker/catalog/test_instance.h"
#include "tests/broker/keys/passwords.h"

namespace ssb::broker::tests {
namespace {

using catalog::kMaster;
using catalog::Transaction;
using keys::OpenMasterKeys;
namespace pb = catalog::pb;

// An instance with one user database.
class KeyTest : public testing::Test {
 protected:
  KeyTest() : database(one.make_database("app")) {}

  proto::Result<void> create_master_key(store::DatabaseId id) {
    return one.run([&](Transaction& t) {
      return keys::create_master_key(one.instance, t, id, kPassword, kNow);
    });
  }
  proto::Result<keys::CreatedCertificate> create_certificate(
      const std::string& name, std::optional<std::string> password = {}) {
    keys::NewCertificate wanted;
    wanted.name = name;
    wanted.subject = name;
    wanted.encryption_password = std::move(password);
    return one.run([&](Transaction& t) {
      return keys::create_certificate(one.instance, t, database, wanted, opened, kNow);
    });
  }
  const pb::Certificate& certificate(std::string_view name) {
    return *one.instance.database(database)->table<pb::Certificate>().find(name);
  }
  proto::Result<void> drop_service_copy() {
    return one.run([&](Transaction& t) {
      return keys::drop_service_master_key_encryption(one.instance, t, database, opened, kNow);
    });
  }
  proto::Result<void> regenerate(std::string_view password, bool force) {
    return one.run([&](Transaction& t) {
      return keys::regenerate_master_key(one.instance, t, database, password, force, opened, kNow);
    });
  }
  proto::Result<void> regenerate_service_master_key(bool force) {
    return one.run([&](Transaction& t) {
      return keys::regenerate_service_master_key(one.instance, t, force, kNow);
    });
  }
  void open_by_hand(std::string_view password) {
    opened.insert_or_assign(database,
                            keys::open_by_password(one.instance, database, password).value());
  }
  bool signs(const crypto::RsaPrivateKey& key, std::string_view name) {
    const auto message = proto::as_bytes("message");
    return keys::parsed(certificate(name)).public_key().verify_pss(message, key.sign_pss(message));
  }

  TestInstance one;
  store::DatabaseId database;
  OpenMasterKeys opened;
};

TEST_F(KeyTest, PasswordsOfThePolicy) {
  EXPECT_EQ(keys::check_password_policy("Ab1$567").error().number(), 15116);
  EXPECT_EQ(keys::check_password_policy(std::string(129, 'a') + "B1").error().number(), 15117);
  EXPECT_EQ(keys::check_password_policy("alllowercase1").error().number(), 15118);
  EXPECT_EQ(keys::check_password_policy("lowercase!only").error().number(), 15118);
  EXPECT_TRUE(keys::check_password_policy("lowerUPPER1"));
  EXPECT_TRUE(keys::check_password_policy("lower1.punctuation"));
  EXPECT_TRUE(keys::check_password_policy(kPassword));
}

TEST_F(KeyTest, AMasterKeyOpensByItselfAndByItsPassword) {
  EXPECT_EQ(keys::open_by_service_master_key(one.instance, database).error(),
            proto::Error(proto::ErrorCode::master_key_missing, "app"));
  ASSERT_TRUE(create_master_key(database));

  const auto by_service = keys::open_by_service_master_key(one.instance, database);
  const auto by_password = keys::open_by_password(one.instance, database, kPassword);

  ASSERT_TRUE(by_service);
  ASSERT_TRUE(by_password);
  EXPECT_TRUE(*by_service == *by_password);
  EXPECT_EQ(by_service->size(), 32U);
  EXPECT_TRUE(keys::is_encrypted_by_server(one.instance, database));
  EXPECT_FALSE(keys::is_encrypted_by_server(one.instance, kMaster));
}

TEST_F(KeyTest, CreateMasterKeyFailsWith15578And15118And15116) {
  ASSERT_TRUE(create_master_key(database));
  const auto with = [&](std::string_view password) {
    return one.run([&](Transaction& t) {
      return keys::create_master_key(one.instance, t, kMaster, password, kNow);
    });
  };

  EXPECT_EQ(create_master_key(database).error().number(), 15578);
  EXPECT_EQ(with("short1$").error().number(), 15116);
  EXPECT_EQ(with("simplesimple").error().number(), 15118);
  EXPECT_EQ(one.instance.master().master_key(), nullptr);
}

TEST_F(KeyTest, AWrongPasswordOpensNothing15313) {
  EXPECT_EQ(keys::open_by_password(one.instance, database, kPassword).error().number(), 15581);
  ASSERT_TRUE(create_master_key(database));

  EXPECT_EQ(keys::open_by_password(one.instance, database, kOther).error().number(), 15313);
}

TEST_F(KeyTest, WithoutTheServiceCopyBackgroundWorkGets15581AndASessionOpensByHand) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Dialogs"));
  ASSERT_TRUE(drop_service_copy());

  const auto background = keys::private_key(one.instance, database, certificate("Dialogs"));
  ASSERT_FALSE(background);
  EXPECT_EQ(background.error().number(), 15581);
  EXPECT_EQ(background.error().state, 3);
  EXPECT_FALSE(keys::is_encrypted_by_server(one.instance, database));
  EXPECT_EQ(keys::open_master_key(one.instance, database, opened).error().number(), 15581);
  EXPECT_EQ(create_certificate("Second").error().number(), 15581);

  open_by_hand(kPassword);
  EXPECT_TRUE(keys::open_master_key(one.instance, database, opened));
  EXPECT_TRUE(create_certificate("Second"));
  EXPECT_FALSE(keys::private_key(one.instance, database, certificate("Second")));
}

TEST_F(KeyTest, AddingTheServiceCopyAgainMakesTheKeyOpenByItself) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Dialogs"));
  ASSERT_TRUE(drop_service_copy());
  const auto add = [&] {
    return one.run([&](Transaction& t) {
      return keys::add_service_master_key_encryption(one.instance, t, database, opened, kNow);
    });
  };

  EXPECT_EQ(add().error().number(), 15581);
  open_by_hand(kPassword);
  ASSERT_TRUE(add());
  opened.clear();

  const auto key = keys::private_key(one.instance, database, certificate("Dialogs"));
  ASSERT_TRUE(key);
  EXPECT_TRUE(signs(*key, "Dialogs"));
}

TEST_F(KeyTest, DroppingWhatDoesNotProtectTheKeyFailsWith15558) {
  ASSERT_TRUE(create_master_key(database));
  const auto drop_password = [&](std::string_view password) {
    return one.run([&](Transaction& t) {
      return keys::drop_password_encryption(one.instance, t, database, password, opened, kNow);
    });
  };

  EXPECT_EQ(drop_password(kOther).error().number(), 15558);
  EXPECT_EQ(drop_password(kPassword).error().number(), 15558);  // the last one
  open_by_hand(kPassword);
  ASSERT_TRUE(drop_service_copy());
  EXPECT_EQ(drop_service_copy().error().number(), 15558);
}

TEST_F(KeyTest, PasswordsAreAddedOnceAndDroppedDownToOne) {
  ASSERT_TRUE(create_master_key(database));
  const auto add = [&](std::string_view password) {
    return one.run([&](Transaction& t) {
      return keys::add_password_encryption(one.instance, t, database, password, opened, kNow);
    });
  };

  EXPECT_EQ(add("simplesimple").error().number(), 15118);
  EXPECT_EQ(add(kPassword).error().number(), 15579);
  ASSERT_TRUE(add(kOther));
  EXPECT_TRUE(keys::open_by_password(one.instance, database, kOther));
  ASSERT_TRUE(one.run([&](Transaction& t) {
    return keys::drop_password_encryption(one.instance, t, database, kPassword, opened, kNow);
  }));
  EXPECT_EQ(keys::open_by_password(one.instance, database, kPassword).error().number(), 15313);
  EXPECT_TRUE(keys::open_by_password(one.instance, database, kOther));
}

TEST_F(KeyTest, DropMasterKeyNamesTheCertificateThatDependsOnIt15580) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("UnderPassword", std::string(kOther)));
  ASSERT_TRUE(create_certificate("Dependant"));
  const auto drop = [&] {
    return one.run(
        [&](Transaction& t) { return keys::drop_master_key(one.instance, t, database); });
  };

  EXPECT_EQ(drop().error(),
            proto::Error(proto::ErrorCode::master_key_in_use, "certificate", "Dependant"));
  ASSERT_TRUE(one.run([&](Transaction& t) {
    return keys::drop_certificate(one.instance, t, database, "Dependant");
  }));
  EXPECT_TRUE(drop());
  EXPECT_EQ(drop().error().number(), 15151);
}

TEST_F(KeyTest, RegenerateKeepsPrivateKeysUsableAndReplacesThePasswords) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Dialogs"));
  const auto before = keys::open_by_service_master_key(one.instance, database);
  const std::string blob = certificate("Dialogs").private_key();
  open_by_hand(kPassword);

  ASSERT_TRUE(regenerate(kOther, false));

  const auto after = keys::open_by_service_master_key(one.instance, database);
  ASSERT_TRUE(after);
  EXPECT_FALSE(*before == *after);
  EXPECT_NE(certificate("Dialogs").private_key(), blob);
  EXPECT_EQ(keys::open_by_password(one.instance, database, kPassword).error().number(), 15313);
  const auto key = keys::private_key(one.instance, database, certificate("Dialogs"));
  ASSERT_TRUE(key);
  EXPECT_TRUE(signs(*key, "Dialogs"));
  EXPECT_TRUE(opened.at(database) == *after);
}

TEST_F(KeyTest, AKeyOpenedBeforeARegenerateThatWasRolledBackOpensNothingWrong) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Dialogs"));
  open_by_hand(kPassword);
  const proto::Secret before = opened.at(database).clone();
  Transaction transaction = one.instance.begin();
  ASSERT_TRUE(keys::regenerate_master_key(one.instance, transaction, database, kOther, false,
                                          opened, kNow));

  one.instance.roll_back(std::move(transaction));

  const auto key = keys::open_master_key(one.instance, database, opened);
  ASSERT_TRUE(key);
  EXPECT_TRUE(*key == before);
  EXPECT_TRUE(keys::private_key(one.instance, database, certificate("Dialogs")));
}

TEST_F(KeyTest, RegenerateOfAClosedKeyFailsWith15329AndForceLosesWhatItProtects) {
  EXPECT_EQ(regenerate(kOther, false).error().number(), 15581);
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Lost"));
  ASSERT_TRUE(drop_service_copy());

  EXPECT_EQ(regenerate(kOther, false).error().number(), 15329);
  ASSERT_TRUE(regenerate(kOther, true));

  open_by_hand(kOther);
  const auto key =
      keys::private_key_for_session(one.instance, database, certificate("Lost"), opened, {});
  EXPECT_EQ(key.error().number(), 15466);
}

TEST_F(KeyTest, ABlobMovedToAnotherCertificateDoesNotOpen) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("First"));
  ASSERT_TRUE(create_certificate("Second"));
  pb::Certificate moved = certificate("First");
  moved.set_private_key(certificate("Second").private_key());

  EXPECT_EQ(keys::private_key(one.instance, database, moved).error().number(), 15466);
}

TEST_F(KeyTest, PrivateKeysForDialogsAnswer9733And9737) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("UnderPassword", std::string(kOther)));
  ASSERT_TRUE(create_certificate("Removed"));
  ASSERT_TRUE(one.run([&](Transaction& t) {
    return keys::remove_private_key(one.instance, t, database, "Removed");
  }));

  EXPECT_EQ(keys::private_key(one.instance, database, certificate("Removed")).error(),
            proto::Error(proto::ErrorCode::certificate_without_private_key, "dbo", "1", "Removed"));
  EXPECT_EQ(
      keys::private_key(one.instance, database, certificate("UnderPassword")).error(),
      proto::Error(proto::ErrorCode::private_key_under_password, "dbo", "1", "UnderPassword"));
}

TEST_F(KeyTest, SealedBytesOpenOnlyUnderTheirKeyAndPurpose) {
  const proto::Secret key{proto::as_bytes(std::string(32, 'k'))};
  const proto::Secret other{proto::as_bytes(std::string(32, 'o'))};
  auto sealed = keys::seal_under(key, "session key 1", proto::as_bytes("clear"));

  EXPECT_EQ(proto::as_text(keys::open_under(key, "session key 1", sealed)->view()), "clear");
  EXPECT_FALSE(keys::open_under(key, "session key 2", sealed));
  EXPECT_FALSE(keys::open_under(other, "session key 1", sealed));
  EXPECT_FALSE(keys::open_under(key, "session key 1", {}));
  EXPECT_NE(keys::seal_under(key, "session key 1", proto::as_bytes("clear")), sealed);
  sealed.back() ^= 1;
  EXPECT_FALSE(keys::open_under(key, "session key 1", sealed));
}

TEST_F(KeyTest, BackupAndRestoreOfAMasterKeyBringLostPrivateKeysBack) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Dialogs"));
  ASSERT_TRUE(keys::backup_master_key(one.instance, database, "dmk", kOther, opened));
  EXPECT_EQ(keys::backup_master_key(one.instance, database, "dmk", kOther, opened).error().number(),
            15240);
  ASSERT_TRUE(drop_service_copy());
  ASSERT_TRUE(regenerate(kPassword, true));  // the old key is gone, and with it the private key
  const auto restore = [&](std::string_view password, bool force) {
    return one.run([&](Transaction& t) {
      return keys::restore_master_key(one.instance, t, database, "dmk", password, kOther, force,
                                      opened, kNow);
    });
  };

  EXPECT_EQ(restore("Wr0ngPa$$", false).error().number(), 15466);
  EXPECT_EQ(restore(kOther, false).error().number(), 15329);
  const auto restored = restore(kOther, true);
  ASSERT_TRUE(restored);
  EXPECT_TRUE(restored->empty());

  open_by_hand(kOther);
  const auto key =
      keys::private_key_for_session(one.instance, database, certificate("Dialogs"), opened, {});
  ASSERT_TRUE(key);
  EXPECT_TRUE(signs(*key, "Dialogs"));
  const auto again = restore(kOther, false);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), 1U);
  EXPECT_EQ(again->front().number(), 15588);
}

TEST_F(KeyTest, RestoreWithoutAMasterKeyMakesOneThatTheServerDoesNotOpen) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(keys::backup_master_key(one.instance, database, "dmk", kOther, opened));
  const auto restored = one.run([&](Transaction& t) {
    return keys::restore_master_key(one.instance, t, kMaster, "dmk", kOther, kPassword, false,
                                    opened, kNow);
  });

  ASSERT_TRUE(restored);
  EXPECT_FALSE(keys::is_encrypted_by_server(one.instance, kMaster));
  EXPECT_TRUE(*keys::open_by_password(one.instance, kMaster, kPassword) ==
              *keys::open_by_service_master_key(one.instance, database));
}

TEST_F(KeyTest, RestoreSealsPrivateKeysUnderTheRestoredKey) {
  ASSERT_TRUE(create_master_key(kMaster));
  ASSERT_TRUE(keys::backup_master_key(one.instance, kMaster, "other", kOther, opened));
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_certificate("Dialogs"));

  ASSERT_TRUE(one.run([&](Transaction& t) {
    return keys::restore_master_key(one.instance, t, database, "other", kOther, kPassword, false,
                                    opened, kNow);
  }));

  EXPECT_TRUE(*keys::open_by_service_master_key(one.instance, database) ==
              *keys::open_by_service_master_key(one.instance, kMaster));
  EXPECT_TRUE(keys::private_key(one.instance, database, certificate("Dialogs")));
}

TEST_F(KeyTest, KeyFilesThatAreNoneAnswer15317) {
  ASSERT_TRUE(keys::backup_service_master_key(one.instance, "smk", kOther));
  one.files.contents["garbage"] = proto::to_bytes("not a key file, but long enough to be one....");
  const auto restore = [&](std::string_view file) {
    return one.run([&](Transaction& t) {
      return keys::restore_master_key(one.instance, t, database, file, kOther, kOther, false,
                                      opened, kNow);
    });
  };

  EXPECT_EQ(restore("missing").error().number(), 15317);
  EXPECT_EQ(restore("garbage").error().number(), 15317);
  EXPECT_EQ(restore("smk").error().number(), 15317);  // of the other kind
}

TEST_F(KeyTest, RegenerateServiceMasterKeySealsEveryCopyAgain) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(create_master_key(kMaster));
  const proto::Secret before = one.instance.service_master_key().clone();
  const auto master_key = keys::open_by_service_master_key(one.instance, database);

  ASSERT_TRUE(regenerate_service_master_key(false));

  EXPECT_FALSE(one.instance.service_master_key() == before);
  EXPECT_TRUE(*keys::open_by_service_master_key(one.instance, database) == *master_key);
  EXPECT_TRUE(keys::is_encrypted_by_server(one.instance, kMaster));
}

TEST_F(KeyTest, RegenerateServiceMasterKeyStopsAtACopyThatDoesNotOpen15320) {
  ASSERT_TRUE(create_master_key(database));
  pb::MasterKey row = *one.instance.database(database)->master_key();
  row.set_under_service_master_key("sealed by another instance, then restored here");
  ASSERT_TRUE(one.run([&](Transaction& t) -> proto::Result<void> {
    one.instance.database(database)->put(t, catalog::kMasterKeyId, row);
    return {};
  }));
  const proto::Secret before = one.instance.service_master_key().clone();

  const auto refused = regenerate_service_master_key(false);
  EXPECT_EQ(refused.error(),
            proto::Error(proto::ErrorCode::regeneration_failed, "master key of database", "app"));
  EXPECT_TRUE(one.instance.service_master_key() == before);
  ASSERT_TRUE(regenerate_service_master_key(true));

  EXPECT_FALSE(one.instance.service_master_key() == before);
  EXPECT_TRUE(one.instance.database(database)->master_key()->under_service_master_key().empty());
  EXPECT_TRUE(keys::open_by_password(one.instance, database, kPassword));
}

TEST_F(KeyTest, AServiceMasterKeyComesBackFromItsBackup) {
  ASSERT_TRUE(create_master_key(database));
  ASSERT_TRUE(keys::backup_service_master_key(one.instance, "smk", kOther));
  const proto::Secret before = one.instance.service_master_key().clone();
  const auto restore = [&](std::string_view password) {
    return one.run([&](Transaction& t) {
      return keys::restore_service_master_key(one.instance, t, "smk", password, false, kNow);
    });
  };

  const auto same = restore(kOther);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->front().number(), 15588);
  ASSERT_TRUE(regenerate_service_master_key(false));
  EXPECT_EQ(restore("Wr0ngPa$$").error().number(), 15466);
  ASSERT_TRUE(restore(kOther));

  EXPECT_TRUE(one.instance.service_master_key() == before);
  EXPECT_TRUE(keys::is_encrypted_by_server(one.instance, database));
}

TEST_F(KeyTest, RegenerateServiceMasterKeyWaitsForTheWriteLocks) {
  ASSERT_TRUE(create_master_key(database));
  Transaction other = one.instance.begin();
  ASSERT_TRUE(one.instance.lock(other, database));

  EXPECT_EQ(regenerate_service_master_key(false).error().number(), 1222);
  one.instance.roll_back(std::move(other));
  EXPECT_TRUE(regenerate_service_master_key(false));
}

TEST(KeyHierarchyTest, KeysOpenByThemselvesAfterARestartAndNoneIsInTheFiles) {
  TemporaryFolder folder;
  proto::Secret pkcs8;
  {
    TestInstance one(folder.path());
    const auto database = one.make_database("app");
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::create_master_key(one.instance, t, database, kPassword, kNow);
    }));
    keys::NewCertificate wanted;
    wanted.name = "Dialogs";
    wanted.subject = "Dialogs";
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::create_certificate(one.instance, t, database, wanted, {}, kNow);
    }));
    wanted.name = "UnderPassword";
    wanted.encryption_password = kOther;
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::create_certificate(one.instance, t, database, wanted, {}, kNow);
    }));
    one.store.flush();
    one.store.checkpoint();

    const std::string bytes = folder.bytes();
    const auto key =
        keys::private_key(one.instance, database,
                          *one.instance.database(database)->table<pb::Certificate>().find(256));
    ASSERT_TRUE(key);
    pkcs8 = key->to_pkcs8();
    const auto master_key = keys::open_by_service_master_key(one.instance, database);
    // The certificate itself is there in clear, so the search looks where it should.
    EXPECT_NE(
        bytes.find(one.instance.database(database)->table<pb::Certificate>().find(256)->der()),
        std::string::npos);
    EXPECT_EQ(bytes.find(proto::as_text(master_key->view())), std::string::npos);
    EXPECT_EQ(bytes.find(proto::as_text(one.instance.service_master_key().view())),
              std::string::npos);
    EXPECT_EQ(bytes.find(std::string(kPassword)), std::string::npos);
    EXPECT_EQ(bytes.find(std::string(kOther)), std::string::npos);
    for (std::size_t index = 0; index < 2; ++index) {
      // Any 32 bytes of the PKCS#8 behind the modulus: private exponent, primes and the rest.
      const proto::Secret der = pooled_key(index).to_pkcs8();
      const std::string_view clear = proto::as_text(der.view());
      for (std::size_t at = 200; at + 32 <= clear.size(); at += 16) {
        EXPECT_EQ(bytes.find(clear.substr(at, 32)), std::string::npos) << index << " " << at;
      }
    }
  }

  TestInstance two(folder.path());

  const auto& table = two.instance.database("app")->table<pb::Certificate>();
  const auto key = keys::private_key(two.instance, 5, *table.find("Dialogs"));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->to_pkcs8() == pkcs8);
  EXPECT_TRUE(keys::open_by_password(two.instance, 5, kPassword));
}

TEST(KeyHierarchyTest, WithoutItsMachineKeyAnInstanceRepairsItselfByPasswords) {
  TemporaryFolder folder;
  {
    TestInstance one(folder.path());
    ASSERT_TRUE(one.run([&](Transaction& t) {
      return keys::create_master_key(one.instance, t, kMaster, kPassword, kNow);
    }));
    one.store.flush();
  }

  TestInstance two(folder.path(), kNow, "another machine key");
  const auto regenerate = [&](bool force) {
    return two.run([&](Transaction& t) {
      return keys::regenerate_service_master_key(two.instance, t, force, kNow);
    });
  };
  OpenMasterKeys opened;

  EXPECT_EQ(keys::open_by_service_master_key(two.instance, kMaster).error().number(), 15581);
  EXPECT_EQ(two.run([&](Transaction& t) {
                 return keys::create_master_key(two.instance, t, catalog::kMsdb, kPassword, kNow);
               })
                .error()
                .number(),
            33094);
  EXPECT_EQ(keys::backup_service_master_key(two.instance, "smk", kOther).error().number(), 33094);
  EXPECT_EQ(regenerate(false).error().number(), 15329);
  ASSERT_TRUE(regenerate(true));
  opened.emplace(kMaster, keys::open_by_password(two.instance, kMaster, kPassword).value());
  ASSERT_TRUE(two.run([&](Transaction& t) {
    return keys::add_service_master_key_encryption(two.instance, t, kMaster, opened, kNow);
  }));

  EXPECT_TRUE(keys::is_encrypted_by_server(two.instance, kMaster));
}

}  // namespace
}  // namespace ssb::broker::tests
