// Two `ssbsim node` processes talk once; no secret of theirs is in a data folder, log, capture or output of theirs.
//
//   Shape   all that they wrote is kept for every test. A search that finds nothing proves nothing, so there is always something that it must
//           find.
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/crypto/pvk.h"
#include "broker/keys/key_hierarchy.h"
#include "proto/bytes.h"
#include "sim/attackers/sealing.h"
#include "tests/e2e/canaries.h"
#include "tests/e2e/child.h"

namespace ssb::e2e {
namespace {

namespace fs = std::filesystem;
namespace attackers = sim::attackers;
using proto::Bytes;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSecuredReply = "heron-in-the-secured-reply";
constexpr std::string_view kOpenRequest = "heron-in-the-open-request";

struct Spoken {
  Artefacts logs;      // standard error
  Artefacts output;    // standard output
  Artefacts captures;  // of a transport that signs and does not encrypt
  Artefacts data;      // of the data folders, of running nodes and after their end
  bool went_well = false;

  [[nodiscard]] Artefacts all() const {
    Artefacts out = data;
    for (const Artefacts* part : {&logs, &output, &captures})
      out.insert(part->begin(), part->end());
    return out;
  }
};

class TwoNodes {
 public:
  TwoNodes() : folder_("ssbsim_canaries_") {
    const std::string block = std::to_string(getpid() % 200 + 20);
    const std::string a = "127.78." + block + ".2";
    const std::string b = "127.78." + block + ".3";
    a_ = start("A", a, "HOST_B=" + b, "text");
    b_ = start("B", b, "HOST_A=" + a, "json");
    spoken_.went_well = set_up() && talk() && blunder();
    add_folder(spoken_.data, "running A/", folder_.path() / "A");
    add_folder(spoken_.data, "running B/", folder_.path() / "B");
    read_limits();
    spoken_.went_well = spoken_.went_well && a_->end(SIGTERM) == 0 && b_->end(SIGTERM) == 0;
    add_folder(spoken_.data, "A/", folder_.path() / "A");
    add_folder(spoken_.data, "B/", folder_.path() / "B");
    for (const char* name : {"A", "B"}) {
      spoken_.logs[std::string(name) + ".log"] = contents_of(log_of(name));
      spoken_.captures[std::string(name) + ".pcap"] = contents_of(capture_of(name));
    }
    spoken_.output["output of A"] = a_->output();
    spoken_.output["output of B"] = b_->output();
  }

  [[nodiscard]] const Spoken& spoken() const { return spoken_; }
  [[nodiscard]] fs::path file(const std::string& node, const std::string& name) const {
    return folder_.path() / node / "files" / name;
  }
  [[nodiscard]] const std::string& limits() const { return limits_; }

 private:
  [[nodiscard]] fs::path log_of(const std::string& name) const {
    return folder_.path() / (name + ".log");
  }
  [[nodiscard]] fs::path capture_of(const std::string& name) const {
    return folder_.path() / (name + ".pcap");
  }
  [[nodiscard]] std::unique_ptr<Child> start(const std::string& name, const std::string& listen,
                                             const std::string& peer,
                                             const std::string& format) const {
    return std::make_unique<Child>(
        std::vector<std::string>{SSB_PROGRAM, "node", "HOST_" + name, "--data",
                                 (folder_.path() / name).string(), "--listen", listen, "--peer",
                                 peer, "--log-level", "debug", "--log-format", format, "--pcap",
                                 capture_of(name).string()},
        log_of(name));
  }
  // Says a batch and waits for its end.
  static bool does(Child& node, const std::string& batch) {
    node.say(batch + "\nPRINT 'batch ' + 'done';\nGO\n");
    return node.wait_for("batch done", std::chrono::steady_clock::now() + std::chrono::minutes(2));
  }
  void copy(const std::string& from, const std::string& to, const std::string& name) const {
    fs::create_directories(file(to, ""));
    fs::copy_file(file(from, name), file(to, name));
  }

  static std::string common(const std::string& host) {
    const std::string at = "at_" + host;
    return "CREATE MASTER KEY ENCRYPTION BY PASSWORD = '" + password("master_" + at) +
           "';\nCREATE CERTIFICATE endpoint_" + host + " WITH SUBJECT = 'endpoint of " + host +
           "';\nBACKUP CERTIFICATE endpoint_" + host +
           " TO FILE = 'endpoint.cer' WITH PRIVATE KEY "
           "(FILE = 'endpoint.pvk', ENCRYPTION BY PASSWORD = '" +
           password("endpoint_file_" + at) +
           "');\nBACKUP SERVICE MASTER KEY TO FILE = 'service.key' ENCRYPTION BY PASSWORD = '" +
           password("service_file_" + at) + "';\nCREATE LOGIN joe WITH PASSWORD = '" +
           password("login_" + at) + "';\nALTER LOGIN joe WITH PASSWORD = N'" +
           password("login_again_" + at) +
           "';\nCREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022)\n"
           "  FOR SERVICE_BROKER (AUTHENTICATION = CERTIFICATE endpoint_" +
           host +
           ", ENCRYPTION = DISABLED);\nGRANT CONNECT ON ENDPOINT::broker TO public;\n"
           "CREATE DATABASE Shop;\nGO\nUSE Shop;\nCREATE MASTER KEY ENCRYPTION BY PASSWORD = '" +
           password("shop_" + at) +
           "';\nBACKUP MASTER KEY TO FILE = 'shop.key' ENCRYPTION BY PASSWORD = '" +
           password("shop_file_" + at) +
           "';\nCREATE USER svc WITHOUT LOGIN;\nCREATE QUEUE q;\nGRANT RECEIVE ON q TO svc;\n"
           "CREATE CERTIFICATE signer_of_" +
           host + " AUTHORIZATION svc WITH SUBJECT = 'signer of " + host +
           "';\nBACKUP CERTIFICATE signer_of_" + host + " TO FILE = '" + host +
           ".cer' WITH PRIVATE KEY (FILE = '" + host + ".pvk', ENCRYPTION BY PASSWORD = '" +
           password("signer_file_" + at) +
           "');\nCREATE CERTIFICATE locked ENCRYPTION BY PASSWORD = '" + password("locked_" + at) +
           "' WITH SUBJECT = 'under a password';\n";
  }

  bool set_up() {
    bool done = does(*a_, common("A") + "CREATE SERVICE Initiator AUTHORIZATION svc ON QUEUE q;\n");
    done = done && does(*b_, common("B") +
                                 "CREATE SERVICE Target AUTHORIZATION svc ON QUEUE q ([DEFAULT]);\n"
                                 "CREATE SERVICE OpenTarget ON QUEUE q ([DEFAULT]);\n"
                                 "GRANT SEND ON SERVICE::OpenTarget TO public;\n");
    if (!done) return false;
    copy("A", "B", "A.cer");
    copy("B", "A", "B.cer");
    return does(*a_,
                "CREATE USER target_proxy WITHOUT LOGIN;\n"
                "CREATE CERTIFICATE signer_of_B AUTHORIZATION target_proxy FROM FILE = 'B.cer';\n"
                "CREATE REMOTE SERVICE BINDING b TO SERVICE 'Target' WITH USER = target_proxy;\n"
                "CREATE ROUTE r WITH SERVICE_NAME = 'Target', ADDRESS = 'TCP://HOST_B:4022';\n"
                "CREATE ROUTE o WITH SERVICE_NAME = 'OpenTarget', ADDRESS = "
                "'TCP://HOST_B:4022';\n") &&
           does(*b_,
                "CREATE USER sender WITHOUT LOGIN;\n"
                "CREATE CERTIFICATE signer_of_A AUTHORIZATION sender FROM FILE = 'A.cer';\n"
                "GRANT SEND ON SERVICE::Target TO sender;\n"
                "CREATE ROUTE r WITH SERVICE_NAME = 'Initiator', ADDRESS = 'TCP://HOST_A:4022';\n");
  }

  // Waits until so many messages are in the queue: a text in the output tells.
  static bool has(Child& node, int count) {
    for (int i = 0; i < 100; ++i) {
      node.say(
          "SELECT 'count=' + CAST(COUNT(*) AS varchar(9)) + ';' FROM Shop.dbo.q;\n"
          "WAITFOR DELAY '00:00:00.100';\nPRINT 'asked';\nGO\n");
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      if (node.wait_for("count=" + std::to_string(count) + ";",
                        std::chrono::steady_clock::now() + std::chrono::seconds(1)))
        return node.wait_for("asked", until);
    }
    return false;
  }

  bool talk() {
    const std::string send =
        "DECLARE @h uniqueidentifier;\nBEGIN DIALOG @h FROM SERVICE Initiator TO SERVICE ";
    return does(*a_, send + "'Target';\nSEND ON CONVERSATION @h (N'" +
                         std::string(kSecuredRequest) + "');\n") &&
           does(*a_, send + "'OpenTarget' WITH ENCRYPTION = OFF;\nSEND ON CONVERSATION @h ('" +
                         std::string(kOpenRequest) + "');\n") &&
           has(*b_, 2) &&
           does(*b_,
                "DECLARE @h uniqueidentifier;\nSELECT @h = conversation_handle FROM q WHERE "
                "service_name = 'Target';\nSEND ON CONVERSATION @h ('" +
                    std::string(kSecuredReply) + "');\n") &&
           has(*a_, 1);
  }

  // Statements with passwords that fail, in each of the ways in which they can.
  bool blunder() {
    for (const std::string& batch :
         {"OPEN MASTER KEY DECRYPTION BY PASSWORD = '" + password("wrong_for_open") + "';",
          "CREATE LOGIN jim WITH PASSWORD = '" + password("before_bogus") + "' BOGUS;",
          "CREATE LOGIN jim WITH PASSWORD BOGUS '" + password("after_bogus") + "';",
          "EXEC('CREATE LOGIN jim WITH PASSWORD = ''" + password("dynamic") + "'' BOGUS');",
          "CREATE CERTIFICATE again FROM FILE = 'A.cer' WITH PRIVATE KEY (FILE = 'A.pvk', "
          "DECRYPTION BY PASSWORD = '" +
              password("wrong_for_file") + "');",
          "RESTORE MASTER KEY FROM FILE = 'shop.key' DECRYPTION BY PASSWORD = '" +
              password("wrong_for_restore") + "' ENCRYPTION BY PASSWORD = '" +
              password("new_of_restore") + "';",
          "ALTER LOGIN nobody WITH PASSWORD = '" + password("of_nobody") + "' OLD_PASSWORD = '" +
              password("old_of_nobody") + "';",
          "DECLARE @p nvarchar(60), @s nvarchar(400);\nSET @p = N'" + password("in_a_variable") +
              "';\nSET @s = N'CREATE LOGIN jack WITH PASSWORD = ''' + @p + N''' BOGUS';\nEXEC "
              "(@s);"}) {
      a_->say(batch + "\nGO\n");
    }
    return does(*a_, "");
  }

  void read_limits() {
    std::ifstream in("/proc/" + std::to_string(a_->pid()) + "/limits");
    limits_.assign(std::istreambuf_iterator<char>(in), {});
  }

  Folder folder_;
  std::unique_ptr<Child> a_;
  std::unique_ptr<Child> b_;
  std::string limits_;
  Spoken spoken_;
};

// The bytes that travelled in one direction of each connection of a capture (Ethernet, IPv4, TCP).
std::map<std::string, Bytes> streams_of(const std::string& pcap) {
  constexpr std::size_t kFileHeader = 24;
  constexpr std::size_t kRecordHeader = 16;
  constexpr std::size_t kAddresses = 14 + 12;  // source and destination
  std::map<std::string, Bytes> streams;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(pcap.at(at)));
  };
  for (std::size_t at = kFileHeader; at + kRecordHeader < pcap.size();) {
    const std::size_t size =
        byte(at + 8) | byte(at + 9) << 8U | byte(at + 10) << 16U | byte(at + 11) << 24U;
    const std::size_t packet = at + kRecordHeader;
    const std::size_t payload = packet + 14 + 20 + (byte(packet + 14 + 20 + 12) >> 4U) * 4;
    Bytes& stream = streams[pcap.substr(packet + kAddresses, 8 + 4)];
    for (std::size_t i = payload; i < packet + size; ++i)
      stream.push_back(static_cast<std::uint8_t>(byte(i)));
    at = packet + size;
  }
  return streams;
}

// What the records of application data of TLS 1.2 without encryption carry.
Bytes opened_records(const Bytes& stream) {
  constexpr std::size_t kHeader = 5;
  constexpr std::size_t kMac = 20;
  Bytes out;
  for (std::size_t at = 0; at + kHeader <= stream.size();) {
    const std::size_t size = std::size_t{stream[at + 3]} << 8U | stream[at + 4];
    const bool is_record = stream[at] == 0x17 && stream[at + 1] == 3 && stream[at + 2] == 3 &&
                           size > kMac && at + kHeader + size <= stream.size();
    if (!is_record) {
      ++at;
      continue;
    }
    const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at + kHeader);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(size - kMac));
    at += kHeader + size;
  }
  return out;
}

// The headers of dialog messages in a capture.
std::vector<attackers::Fields> dialog_headers_of(const std::string& pcap) {
  std::vector<attackers::Fields> headers;
  for (const auto& [name, stream] : streams_of(pcap)) {
    Bytes bytes = opened_records(stream);
    while (const auto frame = attackers::take_frame(bytes)) {
      if (!frame->header.has(attackers::adjacent::kData)) continue;
      proto::ByteView rest = frame->payload;
      const auto take = [&rest]() {
        std::size_t size = 0;
        for (std::size_t i = 0; i < 4; ++i) size = size << 8U | rest[i];
        const proto::ByteView part = rest.subspan(4, size);
        rest = rest.subspan(4 + size);
        return part;
      };
      while (rest.size() > 8) {
        if (auto header = attackers::Fields::parse(take())) headers.push_back(std::move(*header));
        static_cast<void>(take());  // the body
      }
    }
  }
  return headers;
}

class NodeCanaryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { nodes = std::make_unique<TwoNodes>(); }
  static void TearDownTestSuite() { nodes.reset(); }
  void SetUp() override {
    ASSERT_TRUE(nodes->spoken().went_well) << nodes->spoken().logs.at("A.log").substr(0, 4000);
  }
  static const Spoken& spoken() { return nodes->spoken(); }

  static broker::crypto::RsaPrivateKey private_key(const std::string& node, const std::string& name,
                                                   const std::string& word) {
    const std::string bytes = contents_of(nodes->file(node, name));
    auto key = broker::crypto::read_pvk(proto::as_bytes(bytes), word, name);
    if (!key) throw std::runtime_error("the private key of " + name);
    return *std::move(key);
  }
  static attackers::Identity identity(const std::string& node) {
    const auto key = private_key(node, node + ".pvk", password("signer_file_at_" + node));
    return {"Shop", "signer_of_" + node,
            *attackers::Certificate::parse(
                proto::as_bytes(contents_of(nodes->file(node, node + ".cer")))),
            *attackers::Rsa::from_pkcs8(key.to_pkcs8().view())};
  }
  // The key in a file of BACKUP [SERVICE] MASTER KEY: magic, version and kind, salt, iterations, what is sealed.
  static proto::Secret master_key(const std::string& node, const std::string& name,
                                  const char* purpose, const std::string& word) {
    const std::string bytes = contents_of(nodes->file(node, name));
    broker::catalog::pb::PasswordCopy copy;
    copy.set_salt(bytes.substr(8, 16));
    std::int32_t iterations = 0;
    for (std::size_t i = 24; i < 28; ++i)
      iterations = iterations << 8 | static_cast<unsigned char>(bytes.at(i));
    copy.set_iterations(iterations);
    copy.set_sealed(bytes.substr(28));
    auto clear = broker::keys::open_under_password(word, purpose, copy);
    if (!clear || clear->size() != 48) throw std::runtime_error("the master key in " + name);
    return proto::Secret(clear->view().subspan(16));
  }

  static std::unique_ptr<TwoNodes> nodes;
};
std::unique_ptr<TwoNodes> NodeCanaryTest::nodes;

TEST_F(NodeCanaryTest, TheSearchFindsWhatMayBeFound) {
  EXPECT_THAT(found({text_canary("signer_of_A")}, spoken().logs), Contains(HasSubstr("A.log")));
  EXPECT_THAT(found({text_canary(std::string(kOpenRequest))}, spoken().captures), SizeIs(2));
  // Each form of a secret.
  const Bytes bytes = proto::to_bytes("0123456789abcdefghijklmnopqrstuv");
  const Canary canary = bytes_canary("known", bytes);
  for (const char* text :
       {"x0123456789abcdefy", "xfedcba9876543210y", "x30313233343536373839616263646566y",
        "MDEyMzQ1Njc4OWFi", "eDAxMjM0NTY3ODlhYmNkZWY="}) {
    EXPECT_THAT(found({canary}, {{"text", text}}), SizeIs(1)) << text;
  }
  EXPECT_THAT(found({canary}, {{"text", "0123456789abcde"}}), IsEmpty());
  EXPECT_THAT(found({text_canary("ab")}, {{"text", std::string("a\0b\0", 4)}}), SizeIs(1));
}

TEST_F(NodeCanaryTest, PasswordsAreInNothingThatANodeWrites) {
  // All of them begin alike.
  EXPECT_THAT(found({text_canary("Canary_")}, spoken().all()), IsEmpty());
  // And those batches did fail: their errors are in the output.
  const std::string& output = spoken().output.at("output of A");
  for (const char* number : {"Msg 15313", "Msg 102", "Msg 15465"})
    EXPECT_THAT(output, HasSubstr(number));
}

TEST_F(NodeCanaryTest, PrivateKeysAreAtRestOnlyEncrypted) {
  std::vector<Canary> canaries;
  for (const std::string node : {"A", "B"}) {
    const auto signer = private_key(node, node + ".pvk", password("signer_file_at_" + node));
    const auto endpoint = private_key(node, "endpoint.pvk", password("endpoint_file_at_" + node));
    add_private_numbers(canaries, "signer of " + node, signer.native());
    add_private_numbers(canaries, "endpoint of " + node, endpoint.native());
    // In clear it would be found, as this one is.
    const Bytes pkcs8 = proto::to_bytes(signer.to_pkcs8().view());
    const Bytes in_clear = broker::crypto::write_pvk(signer, "");
    EXPECT_THAT(found(canaries, {{"PKCS#8", {pkcs8.begin(), pkcs8.end()}}}), SizeIs(4));
    EXPECT_THAT(found(canaries, {{".pvk", {in_clear.begin(), in_clear.end()}}}), SizeIs(4));
    if (node == "A") continue;
    EXPECT_THAT(canaries, SizeIs(16));
  }

  EXPECT_THAT(found(canaries, spoken().all()), IsEmpty());
}

TEST_F(NodeCanaryTest, MasterKeysAreAtRestOnlyEncryptedAndTheMachineKeyInItsFileAlone) {
  std::vector<Canary> canaries;
  for (const std::string node : {"A", "B"}) {
    canaries.push_back(bytes_canary("service master key of " + node,
                                    master_key(node, "service.key", "service master key file",
                                               password("service_file_at_" + node))
                                        .view()));
    canaries.push_back(bytes_canary(
        "master key of " + node,
        master_key(node, "shop.key", "master key file", password("shop_file_at_" + node)).view()));
  }
  const std::string machine = spoken().data.at("A/secrets/machine.key");
  const Canary machine_key = bytes_canary("machine key", proto::as_bytes(machine));

  EXPECT_THAT(found(canaries, spoken().all()), IsEmpty());
  EXPECT_THAT(found({machine_key}, spoken().all()),
              testing::UnorderedElementsAre("machine key in A/secrets/machine.key",
                                            "machine key in running A/secrets/machine.key"));
}

TEST_F(NodeCanaryTest, SessionKeysAreAtRestOnlyEncrypted) {
  const attackers::Identity a = identity("A");
  const attackers::Identity b = identity("B");
  std::vector<Canary> canaries;
  for (const auto& header : dialog_headers_of(spoken().captures.at("A.pcap"))) {
    const auto first = header.message(attackers::dialog_header::kSecurity)
                           .message(attackers::security_part::kFirst);
    const auto grant = attackers::Fields::parse(first.bytes(attackers::first_part::kGrant))
                           .value_or(attackers::Fields());
    for (const attackers::Identity* owner : {&a, &b}) {
      const auto kek = attackers::open_kek(grant, *owner);
      if (!kek) continue;
      canaries.push_back(bytes_canary("key exchange key for " + owner->name, *kek));
      const auto key = attackers::open_session_key(header, *owner);
      ASSERT_TRUE(key);
      canaries.push_back(bytes_canary("session key from a message to " + owner->name, key->key));
    }
  }

  // Of the request and of the reply.
  std::vector<std::string> names;
  names.reserve(canaries.size());
  for (const Canary& canary : canaries) names.push_back(canary.name);
  EXPECT_THAT(names, Contains("session key from a message to signer_of_A"));
  EXPECT_THAT(names, Contains("session key from a message to signer_of_B"));
  EXPECT_THAT(found(canaries, spoken().all()), IsEmpty());
}

TEST_F(NodeCanaryTest, BodiesAreInTheTablesOfTheirQueuesAndNowhereElse) {
  const std::vector<Canary> secured = {text_canary(std::string(kSecuredRequest)),
                                       text_canary(std::string(kSecuredReply))};

  EXPECT_THAT(found(secured, spoken().captures), IsEmpty());
  EXPECT_THAT(found(secured, spoken().logs), IsEmpty());
  EXPECT_THAT(found(secured, spoken().output), IsEmpty());
  EXPECT_THAT(found({text_canary(std::string(kOpenRequest))}, spoken().logs), IsEmpty());
  // A queue is a table, and tables are not encrypted; the files beside the databases hold nothing.
  const auto places = found(secured, spoken().data);
  EXPECT_THAT(places, Contains(HasSubstr("running B/store/")));
  EXPECT_THAT(places, Each(HasSubstr("/store/")));
}

TEST_F(NodeCanaryTest, ANodeLeavesNoCoreFile) {
  EXPECT_THAT(nodes->limits(), testing::ContainsRegex("Max core file size +0 +0"));
}

}  // namespace
}  // namespace ssb::e2e
