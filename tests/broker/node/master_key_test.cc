// Established dialogs while the broker cannot open the database master key, and after the key has been replaced (reference 2.4).
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

using proto::EventClass;

constexpr const char* kDrop = "ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY;";
constexpr const char* kOpen = "OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Database_key_1!';";
constexpr const char* kAdd = "ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY;";
constexpr const char* kRegenerate =
    "ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = 'Database_key_2!';";
constexpr const char* kForceRegenerate =
    "ALTER MASTER KEY FORCE REGENERATE WITH ENCRYPTION BY PASSWORD = 'Database_key_2!';";
constexpr const char* kSend =
    "DECLARE @h uniqueidentifier; SELECT @h = conversation_handle FROM sys.conversation_endpoints;"
    "SEND ON CONVERSATION @h MESSAGE TYPE ";

// A dialog over which a message has gone each way.
class Established {
 public:
  explicit Established(Pair::Mode mode) {
    std::filesystem::remove_all(folder_);
    pair_ = std::make_unique<Pair>(mode, folder_);
    pair_->a.must(pair_->begin_and_send(1));
    EXPECT_TRUE(pair_->deliver());
    reply();
    EXPECT_TRUE(pair_->deliver());
    EXPECT_EQ(delivered(), "1 1");
  }
  Established(const Established&) = delete;
  Established& operator=(const Established&) = delete;
  ~Established() {
    pair_.reset();
    std::filesystem::remove_all(folder_);
  }

  void sender(const std::string& text) { pair_->a.must("USE Sender; " + text); }
  void receiver(const std::string& text) { pair_->b.must("USE Receiver; " + text); }
  void request() { sender(kSend + std::string("Request (N'0')")); }
  void reply() { receiver(kSend + std::string("Reply (N'0')")); }
  // Through all retries of two minutes.
  void pass() {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(pair_->deliver());
      pair_->advance(64s);
    }
    ASSERT_TRUE(pair_->deliver());
  }
  static void restart(Machine& machine) {
    machine.kill();
    machine.sent.clear();
    machine.start();
  }
  // Messages of both queues.
  std::string delivered() {
    return pair_->a.value("Sender", "SELECT COUNT(*) FROM SenderQueue") + " " + pair_->delivered();
  }
  Machine& a() { return pair_->a; }
  Machine& b() { return pair_->b; }
  Pair& pair() { return *pair_; }

 private:
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("ssb_node_master_key_" + std::to_string(::getpid()));
  std::unique_ptr<Pair> pair_;
};

std::string status_of(Machine& machine, const std::string& database) {
  return machine.value(database, "SELECT TOP (1) transmission_status FROM sys.transmission_queue");
}
std::string state_of(Machine& machine, const std::string& database) {
  return machine.value(database, "SELECT state FROM sys.conversation_endpoints");
}

class NodeMasterKeyTest : public testing::TestWithParam<std::tuple<Pair::Mode, bool>> {
 protected:
  Established dialog_{std::get<0>(GetParam())};
  // What the tests do in between where it must make no difference.
  void maybe_restart(Machine& machine) {
    if (std::get<1>(GetParam())) Established::restart(machine);
  }
};
INSTANTIATE_TEST_SUITE_P(ModesAndRestarts, NodeMasterKeyTest,
                         testing::Combine(testing::Values(Pair::Mode::full, Pair::Mode::anonymous),
                                          testing::Bool()));

TEST_P(NodeMasterKeyTest, AClosedKeyAtTheTargetRefusesWith28054UntilTheCopyIsBack) {
  dialog_.receiver(kDrop);
  maybe_restart(dialog_.b());
  dialog_.b().traces.clear();

  dialog_.request();
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 1");
  EXPECT_EQ(dialog_.pair().pending(), "1");
  EXPECT_GE(dialog_.b().count(EventClass::error_log, 28054), 1U);
  EXPECT_GE(dialog_.b().count(EventClass::message_undeliverable, 11229), 1U);
  EXPECT_GE(dialog_.b().count(EventClass::audit_conversation), 1U);
  EXPECT_EQ(dialog_.b().count(EventClass::message_undeliverable, 11233), 0U);

  dialog_.receiver(std::string(kOpen) + kAdd + "CLOSE MASTER KEY;");
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 2");
  EXPECT_EQ(dialog_.pair().pending(), "0");
}

TEST_P(NodeMasterKeyTest, AClosedKeyAtTheInitiatorNeitherSendsNorAcceptsUntilTheCopyIsBack) {
  dialog_.sender(kDrop);
  maybe_restart(dialog_.a());
  dialog_.a().traces.clear();

  dialog_.request();
  dialog_.pass();
  EXPECT_NE(status_of(dialog_.a(), "Sender").find("master key of database 'Sender'"),
            std::string::npos);
  EXPECT_EQ(dialog_.a().count(EventClass::message_status, 28050), 1U);
  EXPECT_EQ(dialog_.a().count(EventClass::message_sent), 0U);
  dialog_.reply();
  dialog_.pass();
  EXPECT_GE(dialog_.a().count(EventClass::error_log, 28054), 1U);
  EXPECT_EQ(dialog_.delivered(), "1 1");

  dialog_.sender(std::string(kOpen) + kAdd + "CLOSE MASTER KEY;");
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "2 2");
}

TEST_P(NodeMasterKeyTest, RegenerateKeepsTheDialog) {
  maybe_restart(dialog_.b());

  dialog_.receiver(kRegenerate);
  maybe_restart(dialog_.b());
  dialog_.request();
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 2");
}

TEST_P(NodeMasterKeyTest, RegenerateOfAKeyThatOnlyTheSessionOpenedKeepsTheDialog) {
  dialog_.receiver(kDrop);
  maybe_restart(dialog_.b());

  dialog_.receiver(std::string(kOpen) + kRegenerate + kAdd + "CLOSE MASTER KEY;");
  dialog_.request();
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 2");
}

TEST_P(NodeMasterKeyTest, ForceRegenerateOfAKeyThatOpensKeepsTheDialog) {
  maybe_restart(dialog_.b());

  dialog_.receiver(kForceRegenerate);
  dialog_.request();
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 2");
}

TEST_P(NodeMasterKeyTest, ForceRegenerateOfAKeyThatDoesNotOpenErrorsTheDialogWith28052) {
  dialog_.receiver(kDrop);
  maybe_restart(dialog_.b());

  dialog_.receiver(kForceRegenerate);

  EXPECT_EQ(state_of(dialog_.b(), "Receiver"), "ER");
  EXPECT_EQ(dialog_.b().value("Receiver",
                              "SELECT COUNT(*) FROM ReceiverQueue WHERE CAST(message_body AS "
                              "nvarchar(400)) LIKE N'%<Code>-28052</Code>%'"),
            "1");
  dialog_.request();
  dialog_.pass();
  EXPECT_EQ(dialog_.delivered(), "1 2");  // the message and the error; nothing more is accepted
  EXPECT_EQ(dialog_.pair().pending(), "1");
}

TEST_P(NodeMasterKeyTest, AnotherMasterKeyThanTheDroppedOneErrorsTheDialogWith28052) {
  dialog_.sender("DROP REMOTE SERVICE BINDING rsb; ");
  if (std::get<0>(GetParam()) == Pair::Mode::full) dialog_.sender("DROP CERTIFICATE initiator;");
  dialog_.sender("DROP MASTER KEY;");
  maybe_restart(dialog_.a());
  EXPECT_EQ(state_of(dialog_.a(), "Sender"), "CO");

  dialog_.sender("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Database_key_3!';");

  EXPECT_EQ(state_of(dialog_.a(), "Sender"), "ER");
}

TEST_P(NodeMasterKeyTest, ADropThatIsRolledBackChangesNothing) {
  dialog_.receiver(std::string("BEGIN TRAN; ") + kDrop + " ROLLBACK;");
  dialog_.receiver(std::string("BEGIN TRAN; ") + kForceRegenerate + " ROLLBACK;");
  maybe_restart(dialog_.b());

  dialog_.request();
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 2");
}

TEST_P(NodeMasterKeyTest, AnotherServiceMasterKeyKeepsTheDialog) {
  dialog_.receiver("ALTER SERVICE MASTER KEY REGENERATE;");
  maybe_restart(dialog_.b());

  dialog_.request();
  dialog_.pass();

  EXPECT_EQ(dialog_.delivered(), "1 2");
}

}  // namespace
}  // namespace ssb::broker::tests
