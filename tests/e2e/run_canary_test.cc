// One script with secrets, given to `run`, `attack`, `crash-sweep` and `sweep`: none of what they write has one of them.
//
//   Left    bundles of `sweep` are scripts, and hold what the script itself says.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/crypto/rsa.h"
#include "tests/e2e/canaries.h"
#include "tests/e2e/child.h"

namespace ssb::e2e {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RunCanaryTest : public testing::Test {
 protected:
  RunCanaryTest() : folder_("ssbsim_run_canaries_") {
    fs::create_directories(folder_.path() / "tmp");
    ::setenv("TMPDIR", (folder_.path() / "tmp").c_str(), 1);
  }
  void TearDown() override { ::unsetenv("TMPDIR"); }

  // A secured dialog, open transport, and statements with passwords that succeed and that fail. Bodies are put together as the script
  // runs, so that no text of it has one.
  static std::string script() {
    return "--# scenario canaries\n"
           "--# catalogue C23\n"
           ":setvar transport DISABLED\n"
           ":r " SSB_SOURCE_DIR
           "/scenarios/setup/full_security_over.sqlcmd\n"
           ":connect HOST_A\n"
           "CREATE LOGIN joe WITH PASSWORD = '" +
           password("login") +
           "';\n"
           "CREATE CERTIFICATE kept WITH SUBJECT = 'kept';\n"
           "BACKUP CERTIFICATE kept TO FILE = 'kept.cer' WITH PRIVATE KEY (FILE = 'kept.pvk', "
           "ENCRYPTION BY PASSWORD = '" +
           password("file") +
           "');\nGO\n"
           "--# expect error 15313\n"
           "OPEN MASTER KEY DECRYPTION BY PASSWORD = '" +
           password("wrong") +
           "';\nGO\n"
           "--# expect error 102\n"
           "CREATE LOGIN jim WITH PASSWORD = '" +
           password("bogus") +
           "' BOGUS;\nGO\n"
           "--# expect error 18456\n"
           ":connect HOST_A -U joe -P " +
           password("wrong_login") +
           "\nGO\n"
           ":connect HOST_A -U joe -P " +
           password("login") +
           "\nSELECT 1 AS one;\nGO\n"
           "--# expect value '1'\n"
           ":connect HOST_A\nUSE Sender;\nDECLARE @h uniqueidentifier;\n"
           "BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT "
           "[OrderContract];\n"
           "SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'heron-' + "
           "N'in-the-secured-request');\nGO\n"
           "--# expect delivered 1 to [ReceiverQueue] on HOST_B.Receiver\n"
           "--# attack by configuration\n"
           "--# repeatable\nIF NOT EXISTS (SELECT * FROM sys.tables WHERE name = 'noted') CREATE "
           "TABLE noted (n int);\nSELECT 2 AS two;\nGO\n--# expect value '2'\n";
  }
  // The same, and then what nobody expects: a report that explains.
  static std::string failing_script() {
    return script() + "--# expect value '3'\nCREATE LOGIN jack WITH PASSWORD = '" +
           password("unexpected") + "' BOGUS;\nGO\n";
  }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  // Runs the program; its standard output and error become artefacts.
  int run(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SSB_PROGRAM);
    for (const std::string& more : {std::string("--key-pool"), path("keys")})
      arguments.push_back(more);
    Child child(arguments, path(name + ".err"));
    child.close_input();
    const int status = child.finish();
    artefacts_["output of " + name] = child.output();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Everything but the scripts and the pool of keys itself.
  [[nodiscard]] Artefacts artefacts() const {
    Artefacts all = artefacts_;
    add_folder(all, "", folder_.path());
    for (const char* own : {"good.sql", "bad.sql", "keys"}) all.erase(own);
    return all;
  }
  // The private numbers of the keys in the pool: a line, then u32 bits | u32 size | PKCS#8 each.
  [[nodiscard]] std::vector<Canary> pool_canaries() const {
    const std::string pool = contents_of(path("keys"));
    std::vector<Canary> canaries;
    const auto number = [&pool](std::size_t at) {
      std::size_t value = 0;
      for (std::size_t i = 0; i < 4; ++i)
        value = value << 8U | static_cast<unsigned char>(pool.at(at + i));
      return value;
    };
    for (std::size_t at = pool.find('\n') + 1; at + 8 < pool.size(); at += 8 + number(at + 4)) {
      const std::string pkcs8 = pool.substr(at + 8, number(at + 4));
      const auto key = broker::crypto::RsaPrivateKey::from_pkcs8(proto::as_bytes(pkcs8));
      if (!key) throw std::runtime_error("the pool of keys");
      add_private_numbers(canaries, "key at " + std::to_string(at), key->native());
    }
    return canaries;
  }
  void expect_no_canary() const {
    const Artefacts all = artefacts();
    EXPECT_THAT(found({text_canary("Canary_")}, all), IsEmpty());
    const auto keys = pool_canaries();
    EXPECT_GE(keys.size(), 16U);
    EXPECT_THAT(found(keys, {{"pool", contents_of(path("keys"))}}), SizeIs(keys.size()));
    EXPECT_THAT(found(keys, all), IsEmpty());
  }

  Artefacts artefacts_;

 private:
  Folder folder_;
};

TEST_F(RunCanaryTest, ARunOverTcpWithEverythingItCanWrite) {
  const std::string good = write("good.sql", script());

  ASSERT_EQ(run("run", {"run", good, "--net", "tcp", "--keep", "--events", "all", "--results",
                        "--junit", path("junit.xml"), "--pcap", path("run.pcap"), "-v",
                        "Password=Canary_variable_1!"}),
            0)
      << artefacts_["output of run"];

  expect_no_canary();
  const Artefacts all = artefacts();
  const auto bodies = found({text_canary(std::string(kSecuredRequest))}, all);
  EXPECT_THAT(bodies, Not(IsEmpty()));
  EXPECT_THAT(bodies, Each(HasSubstr("/store/")));  // the queue's table, in the kept folder
  EXPECT_THAT(found({text_canary("ReceiverService")}, all), Contains(HasSubstr("run.pcap")));
  EXPECT_THAT(found({text_canary("kept")}, all), Contains(HasSubstr("/store/")));
}

TEST_F(RunCanaryTest, ReportsOfRunsThatFail) {
  const std::string bad = write("bad.sql", failing_script());

  EXPECT_EQ(run("sim", {"run", bad, "--net", "sim", "--events", "all", "--results", "--junit",
                        path("sim.xml"), "--pcap", path("sim.pcap")}),
            1);
  EXPECT_EQ(run("json", {"run", bad, "--net", "sim", "--json", "--junit", path("json.xml"), "-v",
                         "Password=Canary_variable_1!"}),
            1);
  EXPECT_EQ(run("both", {"run", bad, "--net", "both", "--results"}), 1);
  EXPECT_EQ(run("attack", {"attack", bad}), 1);
  EXPECT_EQ(run("attack json", {"attack", bad, "--json"}), 1);
  EXPECT_EQ(run("crash-sweep", {"crash-sweep", bad, "--json"}), 1);
  EXPECT_EQ(run("crash-sweep of one",
                {"crash-sweep", write("good.sql", script()), "--to", "2", "--json"}),
            0);

  expect_no_canary();
  EXPECT_THAT(found({text_canary(std::string(kSecuredRequest))}, artefacts()), IsEmpty());
  EXPECT_THAT(artefacts_["output of json"], HasSubstr("\"type\":\"event\""));
  EXPECT_THAT(artefacts_["output of sim"], HasSubstr("HOST_A_cert"));
  EXPECT_THAT(artefacts_["output of sim"], HasSubstr("BOGUS"));
}

// A bundle is the script, made small: what the script says stands in it, and nothing else of a sweep has it.
TEST_F(RunCanaryTest, ASweepWritesPasswordsIntoItsScriptsAlone) {
  const std::string bad = write("bad.sql", failing_script());

  EXPECT_EQ(run("sweep", {"sweep", bad, "--seeds", "0-1", "-j", "1", "--out", path("bundles"),
                          "--json", path("sweep.jsonl"), "--shrink-runs", "3"}),
            1);

  const auto places = found({text_canary("Canary_")}, artefacts());
  EXPECT_THAT(places, Contains(HasSubstr("bundles/")));
  EXPECT_THAT(places, Each(testing::EndsWith(".sql")));
  EXPECT_THAT(found({text_canary(std::string(kSecuredRequest))}, artefacts()), IsEmpty());
}

}  // namespace
}  // namespace ssb::e2e
