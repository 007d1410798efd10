// Works of a client inside the host's process: what they write to tables goes with what they send, or not at all.
#include "proto/error_code.h"
#include "tests/broker/node/pair.h"

namespace ssb::broker::tests {
namespace {

constexpr const char* kInsert = "INSERT INTO \"dbo.Sent\"(n) VALUES(?1)";

class ClientTest : public testing::Test {
 protected:
  ClientTest() { pair_.a.must("USE Sender; CREATE TABLE Sent(n bigint NOT NULL PRIMARY KEY)"); }

  void run(std::function<proto::Result<ClientStep>(Client&)> work) {
    pair_.a.node->handle(ClientWork{1, std::move(work)}, pair_.a.now);
    pair_.a.commit();
  }
  // One row and one message.
  static proto::Result<ClientStep> write_and_send(Client& client, std::int64_t number) {
    const auto database = client.database("Sender");
    const auto written = client.execute(*database, kInsert, {number});
    if (!written) return written.error();
    conversation::BeginDialogRequest request;
    request.database = *database;
    request.from_service = "SenderService";
    request.to_service = "ReceiverService";
    request.contract = "C";
    request.encryption = false;
    const auto dialog = client.begin_dialog(request);
    if (!dialog) return dialog.error();
    if (auto sent = client.send(*database, *dialog, "Request", proto::Bytes{1}); !sent)
      return sent.error();
    return ClientStep::done;
  }
  std::string rows() { return pair_.a.value("Sender", "SELECT COUNT(*) FROM Sent"); }

  Pair pair_{Pair::Mode::none};
};

TEST_F(ClientTest, WhatAWorkWritesAndSendsIsThereTogether) {
  run([](Client& client) { return write_and_send(client, 7); });
  ASSERT_TRUE(pair_.deliver());

  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(pair_.delivered(), "1");
}

TEST_F(ClientTest, AWorkThatFailsOrWaitsHasDoneNothing) {
  run([](Client& client) -> proto::Result<ClientStep> {
    static_cast<void>(write_and_send(client, 7));
    return proto::Error(proto::ErrorCode::not_supported, "going on");
  });
  bool was_asked = false;
  run([&was_asked](Client& client) -> proto::Result<ClientStep> {
    if (!std::exchange(was_asked, true)) static_cast<void>(write_and_send(client, 8));
    return ClientStep::wait;
  });
  ASSERT_TRUE(pair_.deliver());

  EXPECT_EQ(rows(), "0");
  EXPECT_EQ(pair_.delivered(), "0");
}

TEST_F(ClientTest, AStatementThatCannotBeRunIsAnErrorAndNothingIsSent) {
  run([](Client& client) { return write_and_send(client, 7); });
  std::optional<proto::Error> error;
  run([&error](Client& client) -> proto::Result<ClientStep> {
    const auto twice = write_and_send(client, 7);
    if (!twice) error = twice.error();
    return twice;
  });
  ASSERT_TRUE(pair_.deliver());

  ASSERT_TRUE(error);
  EXPECT_EQ(rows(), "1");
  EXPECT_EQ(pair_.delivered(), "1");
}

TEST_F(ClientTest, AStatementBesideWhoChangesTheDatabaseIs1222) {
  pair_.a.must("USE Sender; BEGIN TRANSACTION; INSERT INTO Sent VALUES (1)");
  std::optional<proto::Error> error;

  run([&error](Client& client) -> proto::Result<ClientStep> {
    const auto sent = write_and_send(client, 7);
    if (!sent) error = sent.error();
    return sent;
  });

  ASSERT_TRUE(error);
  EXPECT_EQ(error->number(), 1222);
}

}  // namespace
}  // namespace ssb::broker::tests
