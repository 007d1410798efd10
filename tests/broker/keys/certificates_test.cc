#include "broker/keys/certificates.h"

#include "broker/crypto/pvk.h"
#include "proto/error_code.h"
#include "tests/broker/catalog/test_instance.h"
#include "tests/broker/keys/passwords.h"

namespace ssb::broker::tests {
namespace {

using catalog::kMaster;
using catalog::Transaction;
using keys::NewCertificate;
using keys::OpenMasterKeys;
using keys::PrivateKeyOptions;
namespace pb = catalog::pb;

NewCertificate self_signed(const std::string& name) {
  NewCertificate wanted;
  wanted.name = name;
  wanted.subject = name + " subject";
  return wanted;
}
NewCertificate from_file(const std::string& name, const std::string& file) {
  NewCertificate wanted;
  wanted.name = name;
  wanted.file = file;
  return wanted;
}
PrivateKeyOptions key_file(const std::string& file, const std::optional<std::string>& decryption,
                           const std::optional<std::string>& encryption = {}) {
  PrivateKeyOptions options;
  options.file = file;
  options.decryption_password = decryption;
  options.encryption_password = encryption;
  return options;
}

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() {
    for (const store::DatabaseId id : {kMaster, catalog::kMsdb}) {
      EXPECT_TRUE(one.run([&](Transaction& t) {
        return keys::create_master_key(one.instance, t, id, kPassword, kNow);
      }));
    }
  }

  proto::Result<keys::CreatedCertificate> create(const NewCertificate& wanted,
                                                 store::DatabaseId database = kMaster) {
    return one.run([&](Transaction& t) {
      return keys::create_certificate(one.instance, t, database, wanted, opened, kNow);
    });
  }
  proto::Result<void> backup(const std::string& name, const std::string& file,
                             const std::optional<PrivateKeyOptions>& key = {}) {
    return one.run([&](Transaction& t) {
      return keys::backup_certificate(one.instance, t, kMaster, name, file, key, opened, kNow);
    });
  }
  proto::Result<void> change(const std::string& name, const PrivateKeyOptions& options) {
    return one.run([&](Transaction& t) {
      return keys::change_private_key(one.instance, t, kMaster, name, options, opened);
    });
  }
  proto::Result<void> drop(const std::string& name) {
    return one.run(
        [&](Transaction& t) { return keys::drop_certificate(one.instance, t, kMaster, name); });
  }
  const pb::Certificate& certificate(std::string_view name, store::DatabaseId database = kMaster) {
    return *one.instance.database(database)->table<pb::Certificate>().find(name);
  }
  proto::TimePoint start(std::string_view name) {
    return keys::parsed(certificate(name)).not_before();
  }
  proto::TimePoint expiry(std::string_view name) {
    return keys::parsed(certificate(name)).not_after();
  }

  TestInstance one;
  OpenMasterKeys opened;
};

proto::TimePoint at(std::string_view date) {
  return proto::parse_datetime(date).value();
}

TEST_F(CertificatesTest, ASelfSignedCertificateIsActiveUnderTheMasterKeyForOneYear) {
  const auto created = create(self_signed("HOST_A_cert"));

  ASSERT_TRUE(created);
  EXPECT_EQ(created->id, 256);
  EXPECT_TRUE(created->warnings.empty());
  const pb::Certificate& row = certificate("host_a_cert");
  EXPECT_EQ(row.owner(), catalog::kDbo);
  EXPECT_EQ(row.private_key_protection(), "MK");
  EXPECT_TRUE(row.is_active_for_begin_dialog());
  EXPECT_EQ(start("HOST_A_cert"), kNow);
  EXPECT_EQ(expiry("HOST_A_cert"), at("2009-11-26 09:00:00"));
  EXPECT_EQ(keys::parsed(row).subject(), "CN=HOST_A_cert subject");
  EXPECT_TRUE(keys::private_key(one.instance, kMaster, row));
}

TEST_F(CertificatesTest, DatesAreReadAndTheDefaultExpiryIsACalendarYearLater) {
  NewCertificate wanted = self_signed("Dated");
  wanted.start_date = "2008-02-29";
  ASSERT_TRUE(create(wanted));
  wanted.name = "Both";
  wanted.start_date = "20081031";
  wanted.expiry_date = "11/30/2013";
  ASSERT_TRUE(create(wanted));
  wanted.name = "Bad";
  wanted.expiry_date = "soon";

  EXPECT_EQ(expiry("Dated"), at("2009-02-28"));
  EXPECT_EQ(start("Both"), at("2008-10-31"));
  EXPECT_EQ(expiry("Both"), at("2013-11-30"));
  EXPECT_EQ(create(wanted).error(), proto::Error(proto::ErrorCode::bad_date_text, "soon"));
  EXPECT_EQ(keys::one_year_later(at("2000-03-01 12:30:00")), at("2001-03-01 12:30:00"));
}

TEST_F(CertificatesTest, OddDatesAreWarningsAndTheCertificateIsMade) {
  NewCertificate wanted = self_signed("Expired");
  wanted.start_date = "2007-01-01";
  const auto expired = create(wanted);
  wanted = self_signed("Future");
  wanted.start_date = "2009-01-01";
  const auto future = create(wanted);
  wanted = self_signed("Reversed");
  wanted.start_date = "2008-01-01";
  wanted.expiry_date = "2007-01-01";
  const auto reversed = create(wanted);

  ASSERT_TRUE(expired);
  ASSERT_EQ(expired->warnings.size(), 1U);
  EXPECT_EQ(expired->warnings[0], proto::Error(proto::ErrorCode::certificate_already_expired,
                                               "Expired", "2008-01-01 00:00:00.000"));
  ASSERT_TRUE(future);
  ASSERT_EQ(future->warnings.size(), 1U);
  EXPECT_EQ(future->warnings[0].number(), 15215);
  ASSERT_TRUE(reversed);
  ASSERT_EQ(reversed->warnings.size(), 2U);
  EXPECT_EQ(reversed->warnings[0].number(), 15213);
  EXPECT_EQ(reversed->warnings[1].number(), 15214);
}

TEST_F(CertificatesTest, CreateRefusesNamesSubjectsAndOwners) {
  ASSERT_TRUE(create(self_signed("Taken")));
  NewCertificate empty = self_signed("Empty");
  empty.subject.clear();
  NewCertificate lengthy = self_signed("Lengthy");
  lengthy.subject = std::string(129, 'x');
  NewCertificate of_nobody = self_signed("OfNobody");
  of_nobody.authorization = "nobody";
  NewCertificate of_role = self_signed("OfRole");
  of_role.authorization = "db_owner";
  NewCertificate of_guest = self_signed("OfGuest");
  of_guest.authorization = "GUEST";

  EXPECT_EQ(create(self_signed("taken")).error().number(), 15232);
  EXPECT_EQ(create(empty).error().number(), 15212);
  EXPECT_EQ(create(lengthy).error().number(), 15212);
  EXPECT_EQ(create(of_nobody).error(),
            proto::Error(proto::ErrorCode::object_missing_or_denied, "user", "nobody"));
  EXPECT_EQ(create(of_role).error().number(), 15345);
  ASSERT_TRUE(create(of_guest));
  EXPECT_EQ(certificate("OfGuest").owner(), catalog::kGuest);
}

TEST_F(CertificatesTest, ASubjectOf128CharactersIsTaken) {
  NewCertificate wanted = self_signed("Longest");
  for (int i = 0; i < 64; ++i) wanted.subject += "\xC3\xA9";  // e acute, two bytes
  wanted.subject.resize(128);

  EXPECT_TRUE(create(wanted));
}

TEST_F(CertificatesTest, WithoutAMasterKeyAPrivateKeyNeedsAPassword) {
  const auto database = one.make_database("bare");
  NewCertificate wanted = self_signed("Any");

  const auto refused = create(wanted, database);
  EXPECT_EQ(refused.error().number(), 15581);
  EXPECT_EQ(refused.error().state, 1);
  wanted.encryption_password = "simplesimple";
  EXPECT_EQ(create(wanted, database).error().number(), 15118);
  wanted.encryption_password = kOther;
  ASSERT_TRUE(create(wanted, database));
  EXPECT_EQ(certificate("Any", database).private_key_protection(), "PW");
}

TEST_F(CertificatesTest, ThePublicPartTravelsByFile) {
  ASSERT_TRUE(create(self_signed("HOST_A_cert")));
  ASSERT_TRUE(backup("HOST_A_cert", "C:\\HOST_A_cert.cer"));

  const auto imported = create(from_file("HOST_A_cert", "C:\\HOST_A_cert.cer"), catalog::kMsdb);

  ASSERT_TRUE(imported);
  const pb::Certificate& row = certificate("HOST_A_cert", catalog::kMsdb);
  EXPECT_EQ(row.private_key_protection(), "NA");
  EXPECT_TRUE(row.private_key().empty());
  EXPECT_EQ(row.der(), certificate("HOST_A_cert").der());
  EXPECT_EQ(certificate("HOST_A_cert").private_key_backup_us(), 0);
  EXPECT_EQ(keys::private_key(one.instance, catalog::kMsdb, row).error().number(), 9733);
}

TEST_F(CertificatesTest, ThePublicPartTravelsAsBinary) {
  ASSERT_TRUE(create(self_signed("Original")));
  NewCertificate wanted;
  wanted.name = "Copy";
  wanted.binary = proto::to_bytes(certificate("Original").der());
  NewCertificate garbage;
  garbage.name = "Garbage";
  garbage.binary = proto::to_bytes("not DER");

  EXPECT_TRUE(create(wanted, catalog::kMsdb));
  EXPECT_EQ(create(garbage, catalog::kMsdb).error().number(), 15297);
}

TEST_F(CertificatesTest, ThePrivateKeyTravelsUnderItsPassword) {
  ASSERT_TRUE(create(self_signed("Original")));
  PrivateKeyOptions written;
  written.file = "original.pvk";
  written.encryption_password = kOther;
  ASSERT_TRUE(backup("Original", "original.cer", written));
  NewCertificate wanted = from_file("Copy", "original.cer");

  wanted.private_key = key_file("original.pvk", "Wr0ngPa$$");
  EXPECT_EQ(create(wanted, catalog::kMsdb).error().number(), 15465);
  wanted.private_key = key_file("original.pvk", std::nullopt);
  EXPECT_EQ(create(wanted, catalog::kMsdb).error().number(), 15465);
  wanted.private_key = key_file("missing.pvk", kOther);
  EXPECT_EQ(create(wanted, catalog::kMsdb).error().number(), 15208);
  wanted.private_key = key_file("original.cer", kOther);
  EXPECT_EQ(create(wanted, catalog::kMsdb).error().number(), 15208);
  wanted.private_key = key_file("original.pvk", kOther);
  ASSERT_TRUE(create(wanted, catalog::kMsdb));

  const auto key =
      keys::private_key(one.instance, catalog::kMsdb, certificate("Copy", catalog::kMsdb));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->matches(keys::parsed(certificate("Original")).public_key()));
  EXPECT_EQ(certificate("Original").private_key_backup_us(), proto::to_unix_us(kNow));
}

TEST_F(CertificatesTest, AnImportedKeyMayStayUnderAPassword) {
  ASSERT_TRUE(create(self_signed("Original")));
  NewCertificate wanted;
  wanted.name = "Copy";
  wanted.binary = proto::to_bytes(certificate("Original").der());
  wanted.private_key.emplace();
  wanted.private_key->binary = crypto::write_pvk(pooled_key(0), kPassword);
  wanted.private_key->decryption_password = kPassword;
  wanted.private_key->encryption_password = "simplesimple";

  EXPECT_EQ(create(wanted, catalog::kMsdb).error().number(), 15118);
  wanted.private_key->encryption_password = kOther;
  ASSERT_TRUE(create(wanted, catalog::kMsdb));

  const pb::Certificate& row = certificate("Copy", catalog::kMsdb);
  EXPECT_EQ(row.private_key_protection(), "PW");
  EXPECT_EQ(keys::private_key(one.instance, catalog::kMsdb, row).error().number(), 9737);
  EXPECT_EQ(
      keys::private_key_for_session(one.instance, catalog::kMsdb, row, opened, {}).error().number(),
      15334);
  EXPECT_EQ(keys::private_key_for_session(one.instance, catalog::kMsdb, row, opened, kPassword)
                .error()
                .number(),
            15465);
  EXPECT_TRUE(keys::private_key_for_session(one.instance, catalog::kMsdb, row, opened, kOther));
}

TEST_F(CertificatesTest, AKeyOfAnotherCertificateIsRefused15474) {
  ASSERT_TRUE(create(self_signed("First")));  // drawn from the pool: keys 0 and 1
  ASSERT_TRUE(create(self_signed("Second")));
  ASSERT_TRUE(backup("First", "first.cer"));
  PrivateKeyOptions written;
  written.file = "second.pvk";
  written.encryption_password = kOther;
  ASSERT_TRUE(backup("Second", "second.cer", written));
  NewCertificate wanted = from_file("Mixed", "first.cer");
  wanted.private_key = key_file("second.pvk", kOther);

  EXPECT_EQ(create(wanted, catalog::kMsdb).error().number(), 15474);
}

TEST_F(CertificatesTest, BadCertificateFilesAnswer15208WithTheReason) {
  one.files.contents["pem.cer"] = proto::to_bytes("-----BEGIN CERTIFICATE-----\nMIIB");
  one.files.contents["garbage.cer"] = proto::to_bytes("garbage");

  EXPECT_EQ(create(from_file("A", "missing.cer")).error(),
            proto::Error(proto::ErrorCode::certificate_file_bad, "missing.cer", "no such file"));
  EXPECT_EQ(create(from_file("A", "pem.cer")).error(),
            proto::Error(proto::ErrorCode::certificate_file_bad, "pem.cer", "this is PEM"));
  EXPECT_EQ(create(from_file("A", "garbage.cer")).error().number(), 15208);
}

TEST_F(CertificatesTest, TheSameCertificateUnderAnotherNameIsRefused15232) {
  ASSERT_TRUE(create(self_signed("Original")));
  ASSERT_TRUE(backup("Original", "original.cer"));

  EXPECT_EQ(create(from_file("Other", "original.cer")).error(),
            proto::Error(proto::ErrorCode::certificate_exists, "Original"));
}

TEST_F(CertificatesTest, BackupRefusesAndWritesNothing) {
  ASSERT_TRUE(create(self_signed("Original")));
  NewCertificate under_password = self_signed("UnderPassword");
  under_password.encryption_password = kPassword;
  ASSERT_TRUE(create(under_password));
  PrivateKeyOptions options;
  options.file = "a.pvk";

  EXPECT_EQ(backup("Missing", "a.cer").error().number(), 15151);
  EXPECT_EQ(backup("Original", "a.cer", options).error().number(), 15146);
  options.encryption_password = "simplesimple";
  EXPECT_EQ(backup("Original", "a.cer", options).error().number(), 15118);
  options.encryption_password = kOther;
  EXPECT_EQ(backup("UnderPassword", "a.cer", options).error().number(), 15334);
  options.decryption_password = kOther;
  EXPECT_EQ(backup("UnderPassword", "a.cer", options).error().number(), 15465);
  EXPECT_EQ(backup("Original", "a.cer", options).error().number(), 15147);
  EXPECT_TRUE(one.files.contents.empty());
  options.decryption_password = kPassword;
  ASSERT_TRUE(backup("UnderPassword", "a.cer", options));
  EXPECT_EQ(backup("Original", "a.cer").error(),
            proto::Error(proto::ErrorCode::cannot_write_file, "a.cer", "it exists already"));
  EXPECT_EQ(backup("UnderPassword", "b.cer", options).error().number(), 15240);
}

TEST_F(CertificatesTest, RemovePrivateKeyLeavesThePublicPart) {
  ASSERT_TRUE(create(self_signed("Original")));
  const auto remove = [&](std::string_view name) {
    return one.run(
        [&](Transaction& t) { return keys::remove_private_key(one.instance, t, kMaster, name); });
  };

  EXPECT_EQ(remove("Missing").error().number(), 15151);
  ASSERT_TRUE(remove("Original"));
  EXPECT_EQ(certificate("Original").private_key_protection(), "NA");
  EXPECT_EQ(remove("Original").error().number(), 15246);
  PrivateKeyOptions options;
  options.file = "a.pvk";
  options.encryption_password = kOther;
  EXPECT_EQ(backup("Original", "a.cer", options).error().number(), 15246);
}

TEST_F(CertificatesTest, APrivateKeyIsLoadedOnlyWhereThereIsNone) {
  ASSERT_TRUE(create(self_signed("Original")));
  PrivateKeyOptions options;
  options.binary = crypto::write_pvk(pooled_key(0), kPassword);
  options.decryption_password = kPassword;

  EXPECT_EQ(change("Original", options).error().number(), 15332);
  EXPECT_EQ(change("Missing", options).error().number(), 15151);
  ASSERT_TRUE(one.run([&](Transaction& t) {
    return keys::remove_private_key(one.instance, t, kMaster, "Original");
  }));
  PrivateKeyOptions mismatch = options;
  mismatch.binary = crypto::write_pvk(pooled_key(1), kPassword);
  EXPECT_EQ(change("Original", mismatch).error().number(), 15474);
  ASSERT_TRUE(change("Original", options));
  EXPECT_EQ(certificate("Original").private_key_protection(), "MK");
  EXPECT_TRUE(keys::private_key(one.instance, kMaster, certificate("Original")));
}

TEST_F(CertificatesTest, TheProtectionChangesBetweenMasterKeyAndPasswords) {
  ASSERT_TRUE(create(self_signed("Original")));
  PrivateKeyOptions nothing;
  PrivateKeyOptions to_password;
  to_password.encryption_password = kPassword;
  PrivateKeyOptions to_other;
  to_other.decryption_password = kPassword;
  to_other.encryption_password = kOther;
  PrivateKeyOptions to_master_key;
  to_master_key.decryption_password = kOther;

  EXPECT_EQ(change("Original", nothing).error().number(), 15146);
  EXPECT_EQ(change("Original", to_other).error().number(), 15147);
  ASSERT_TRUE(change("Original", to_password));
  EXPECT_EQ(certificate("Original").private_key_protection(), "PW");
  EXPECT_EQ(change("Original", to_password).error().number(), 15334);
  EXPECT_EQ(change("Original", to_master_key).error().number(), 15465);
  ASSERT_TRUE(change("Original", to_other));
  ASSERT_TRUE(change("Original", to_master_key));
  EXPECT_EQ(certificate("Original").private_key_protection(), "MK");
  EXPECT_TRUE(keys::private_key(one.instance, kMaster, certificate("Original")));
}

TEST_F(CertificatesTest, ActiveForBeginDialogIsSwitched) {
  NewCertificate wanted = self_signed("Original");
  wanted.is_active_for_begin_dialog = false;
  ASSERT_TRUE(create(wanted));
  const auto set = [&](std::string_view name, bool active) {
    return one.run([&](Transaction& t) {
      return keys::set_active_for_begin_dialog(one.instance, t, kMaster, name, active);
    });
  };

  EXPECT_FALSE(certificate("Original").is_active_for_begin_dialog());
  ASSERT_TRUE(set("Original", true));
  EXPECT_TRUE(certificate("Original").is_active_for_begin_dialog());
  EXPECT_EQ(set("Missing", true).error().number(), 15151);
}

TEST_F(CertificatesTest, DropIsRefusedWhileAnEndpointOrAPrincipalUsesTheCertificate) {
  ASSERT_TRUE(create(self_signed("OfEndpoint")));
  ASSERT_TRUE(create(self_signed("OfLogin")));
  pb::Endpoint endpoint;
  endpoint.set_id(65536);
  endpoint.set_name("BrokerEndpoint");
  endpoint.set_certificate_id(certificate("OfEndpoint").id());
  one.put(one.instance.master(), endpoint);
  pb::Login login;
  login.set_id(256);
  login.set_name("HOST_B_login");
  login.set_type("C");
  login.set_certificate_id(certificate("OfLogin").id());
  one.put(one.instance.master(), login);

  EXPECT_EQ(drop("OfEndpoint").error(), proto::Error(proto::ErrorCode::certificate_mapped,
                                                     "OfEndpoint", "endpoint 'BrokerEndpoint'"));
  EXPECT_EQ(one.run([&](Transaction& t) {
                 return keys::remove_private_key(one.instance, t, kMaster, "OfEndpoint");
               })
                .error()
                .number(),
            15352);
  EXPECT_EQ(drop("OfLogin").error().number(), 15559);
  EXPECT_EQ(drop("Missing").error().number(), 15151);
  ASSERT_TRUE(one.run([&](Transaction& t) -> proto::Result<void> {
    one.instance.master().erase<pb::Endpoint>(t, 65536);
    return {};
  }));
  EXPECT_TRUE(drop("OfEndpoint"));
  EXPECT_EQ(one.instance.master().table<pb::Certificate>().find("OfEndpoint"), nullptr);
}

TEST_F(CertificatesTest, ParsedCertificatesAreKeptWithinTheirLimit) {
  ASSERT_TRUE(create(self_signed("First")));
  ASSERT_TRUE(create(self_signed("Second")));

  const auto& first = keys::parsed(certificate("First"));
  EXPECT_EQ(&keys::parsed(certificate("First")), &first);
  EXPECT_NE(&keys::parsed(certificate("Second")), &first);
  EXPECT_EQ(first.der(), proto::to_bytes(certificate("First").der()));
}

}  // namespace
}  // namespace ssb::broker::tests
