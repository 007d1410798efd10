// Two nodes joined by a wire that a test controls: it may lose, repeat, hold or change what passes. No transport, so no TLS.
#pragma once

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "broker/node.h"
#include "proto/envelope.pb.h"
#include "tests/broker/catalog/test_instance.h"

namespace ssb::broker::tests {

// 2048 bits, as the key exchange needs; made once a program.
inline crypto::RsaKeySource big_keys() {
  static const std::vector<crypto::RsaPrivateKey> pool{crypto::RsaPrivateKey::generate(2048),
                                                       crypto::RsaPrivateKey::generate(2048)};
  auto next = std::make_shared<std::size_t>(0);
  return [next](int) { return pool[(*next)++ % pool.size()]; };
}

inline proto::envelope::DialogHeader header_of(const proto::DialogMessage& message) {
  proto::envelope::DialogHeader header;
  EXPECT_TRUE(
      header.ParseFromArray(message.header.data(), static_cast<int>(message.header.size())));
  return header;
}

// One node with one client session.
class Machine {
 public:
  Machine(std::string name, std::filesystem::path folder,
          std::map<std::string, proto::Bytes>* shared_files, bool sign_every_dialog = false,
          std::size_t awake_endpoints_max = conversation::kAwakeEndpointsMax)
      : name_(std::move(name)),
        folder_(std::move(folder)),
        sign_every_dialog_(sign_every_dialog),
        awake_endpoints_max_(awake_endpoints_max) {
    files.contents = *shared_files;
    shared_files_ = shared_files;
    start();
  }

  void start() {
    NodeOptions options;
    options.name = name_;
    options.folder = folder_;
    options.store =
        store::StoreOptions{.in_memory = folder_.empty(), .flushed = false, .on_step = on_step};
    options.sign_every_dialog = sign_every_dialog_;
    options.awake_endpoints_max = awake_endpoints_max_;
    node = std::make_unique<Node>(options, files, big_keys(),
                                  proto::Secret(proto::as_bytes("machine key")), now);
    node->handle(SessionOpened{1, {}}, now);
  }
  void kill() { node.reset(); }

  // Runs a batch to its end or until it waits; what it sends goes to `sent`.
  tsql::Output run(std::string text) {
    output.clear();
    files.contents.insert(shared_files_->begin(), shared_files_->end());
    node->handle(BatchSubmitted{1, std::move(text)}, now);
    commit();
    while (node->is_busy(1) && node->deadline() == kAtOnce) tick();
    shared_files_->insert(files.contents.begin(), files.contents.end());
    return output;
  }
  // As run, and expects no error.
  tsql::Output must(const std::string& text) {
    tsql::Output out = run(text);
    for (const int number : errors(out))
      ADD_FAILURE() << name_ << ": error " << number << " in " << text;
    return out;
  }
  void commit() {
    NodeActions actions;
    node->commit(actions);
    for (NodeAction& action : actions) {
      if (auto* transmit = std::get_if<Transmit>(&action)) sent.push_back(std::move(*transmit));
      if (auto* trace = std::get_if<Trace>(&action)) traces.push_back(std::move(trace->record));
      if (auto* said = std::get_if<BatchOutput>(&action)) {
        for (auto& item : said->items) output.push_back(std::move(item));
      }
    }
  }
  void arrive(const proto::DialogMessage& message) {
    node->handle(MessageArrived{message, "peer"}, now);
    commit();
  }
  // What stood in the link's queue has left it.
  void give_room(const Transmit& transmit) {
    node->handle(LinkRoom{transmit.address, proto::link_bytes_of(transmit.message)}, now);
    commit();
  }
  void tick() {
    node->handle(TimerDue{}, now);
    commit();
  }
  static std::vector<int> errors(const tsql::Output& out) {
    std::vector<int> found;
    for (const auto& item : out) {
      const auto* message = std::get_if<tsql::ServerMessage>(&item);
      if (message != nullptr && message->severity > 10) found.push_back(message->error.number());
    }
    return found;
  }
  // The first value of the last result set, as text.
  std::string value(const std::string& database, const std::string& select) {
    const catalog::Catalog* found = node->instance().database(std::string_view(database));
    if (found == nullptr) return "no database";
    const tsql::Output out = node->look(found->id(), select, now);
    for (const auto& item : out) {
      if (const auto* rows = std::get_if<tsql::RowSet>(&item)) {
        if (rows->rows.empty()) return "no rows";
        const auto& cell = rows->rows[0][0];
        if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
        if (const auto* text = std::get_if<std::string>(&cell)) return *text;
        return "other";
      }
    }
    return errors(out).empty() ? "no result" : "error " + std::to_string(errors(out).front());
  }
  std::size_t count(proto::EventClass event, int number = 0) const {
    std::size_t found = 0;
    for (const auto& record : traces) {
      if (record.event == event &&
          (number == 0 || (record.error && record.error->number() == number)))
        ++found;
    }
    return found;
  }

  MemoryFiles files;
  std::unique_ptr<Node> node;
  std::deque<Transmit> sent;
  std::vector<proto::TraceRecord> traces;
  tsql::Output output;
  proto::TimePoint now = kNow;
  std::function<void(std::string_view)> on_step;

 private:
  std::string name_;
  std::filesystem::path folder_;
  bool sign_every_dialog_;
  std::size_t awake_endpoints_max_;
  std::map<std::string, proto::Bytes>* shared_files_;
};

// Initiator a (database Sender) and target b (database Receiver).
class Pair {
 public:
  enum class Mode { full, anonymous, none };
  // What the wire does with a message of a to b (true) or back: how many copies pass; may change it.
  using Wire = std::function<int(bool from_a, proto::DialogMessage& message)>;

  explicit Pair(Mode mode, const std::filesystem::path& folder = {}, bool sign_every_dialog = false,
                std::size_t awake_endpoints_max = conversation::kAwakeEndpointsMax)
      : a("A", folder.empty() ? folder : folder / "a", &files, sign_every_dialog,
          awake_endpoints_max),
        b("B", folder.empty() ? folder : folder / "b", &files, sign_every_dialog,
          awake_endpoints_max) {
    objects();
    if (mode != Mode::none) target_certificate(mode == Mode::anonymous);
    if (mode == Mode::full)
      initiator_certificate();
    else
      b.must("USE Receiver; GRANT SEND ON SERVICE::ReceiverService TO public;");
    if (mode == Mode::none) with_ = " WITH ENCRYPTION = OFF";
  }

  std::string begin_and_send(int messages) const {
    return "USE Sender; DECLARE @h uniqueidentifier, @i int; SET @i = 0;"
           "BEGIN DIALOG @h FROM SERVICE SenderService TO SERVICE 'ReceiverService' ON CONTRACT C" +
           with_ +
           ";"
           "WHILE @i < " +
           std::to_string(messages) +
           " BEGIN SEND ON CONVERSATION @h MESSAGE TYPE Request (CAST(@i AS nvarchar(20))); SET @i "
           "= @i + 1; END";
  }
  // Lets everything pass that was sent, and what it causes, until both are silent. False: it never ends.
  bool deliver(const Wire& wire = {}) {
    for (int round = 0; round < 20000; ++round) {
      const bool from_a = !a.sent.empty();
      if (!from_a && b.sent.empty()) return true;
      Machine& from = from_a ? a : b;
      Machine& to = from_a ? b : a;
      Transmit transmit = std::move(from.sent.front());
      from.sent.pop_front();
      from.give_room(transmit);
      const int copies = wire ? wire(from_a, transmit.message) : 1;
      for (int i = 0; i < copies; ++i) to.arrive(transmit.message);
    }
    return false;
  }
  void advance(proto::Duration by) {
    a.now += by;
    b.now += by;
    a.tick();
    b.tick();
  }
  std::string delivered() { return b.value("Receiver", "SELECT COUNT(*) FROM ReceiverQueue"); }
  std::string pending() { return a.value("Sender", "SELECT COUNT(*) FROM sys.transmission_queue"); }
  std::string wrong_order() {
    return b.value("Receiver",
                   "SELECT COUNT(*) FROM ReceiverQueue WHERE CAST(message_body AS nvarchar(20)) <> "
                   "CAST(message_sequence_number AS nvarchar(20))");
  }

  std::map<std::string, proto::Bytes> files;
  Machine a;
  Machine b;

 private:
  void objects() {
    const std::string common =
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Database_key_1!'; CREATE USER svc WITHOUT "
        "LOGIN;"
        "CREATE MESSAGE TYPE Request; CREATE MESSAGE TYPE Reply;"
        "CREATE CONTRACT C (Request SENT BY INITIATOR, Reply SENT BY TARGET);";
    a.must("CREATE DATABASE Sender");
    a.must("USE Sender;" + common +
           "CREATE QUEUE SenderQueue; GRANT RECEIVE ON SenderQueue TO svc;"
           "CREATE SERVICE SenderService AUTHORIZATION svc ON QUEUE SenderQueue;"
           "CREATE ROUTE r WITH SERVICE_NAME = 'ReceiverService', ADDRESS = 'TCP://B:4022';");
    b.must("CREATE DATABASE Receiver");
    b.must("USE Receiver;" + common +
           "CREATE QUEUE ReceiverQueue; GRANT RECEIVE ON ReceiverQueue TO svc;"
           "CREATE SERVICE ReceiverService AUTHORIZATION svc ON QUEUE ReceiverQueue (C);"
           "CREATE ROUTE r WITH SERVICE_NAME = 'SenderService', ADDRESS = 'TCP://A:4022';");
  }
  void target_certificate(bool anonymous) {
    b.must(
        "USE Receiver; CREATE CERTIFICATE target AUTHORIZATION svc WITH SUBJECT = 'target', "
        "EXPIRY_DATE = '2030-01-01';"
        "BACKUP CERTIFICATE target TO FILE = 'target.cer';");
    a.must(std::string("USE Sender; CREATE USER proxy WITHOUT LOGIN;"
                       "CREATE CERTIFICATE target AUTHORIZATION proxy FROM FILE = 'target.cer';"
                       "CREATE REMOTE SERVICE BINDING rsb TO SERVICE 'ReceiverService' WITH USER = "
                       "proxy, ANONYMOUS = ") +
           (anonymous ? "ON" : "OFF"));
  }
  void initiator_certificate() {
    a.must(
        "USE Sender; CREATE CERTIFICATE initiator AUTHORIZATION svc WITH SUBJECT = 'initiator', "
        "EXPIRY_DATE = '2030-01-01';"
        "BACKUP CERTIFICATE initiator TO FILE = 'initiator.cer';");
    b.must(
        "USE Receiver; CREATE USER sender WITHOUT LOGIN;"
        "CREATE CERTIFICATE initiator AUTHORIZATION sender FROM FILE = 'initiator.cer';"
        "GRANT SEND ON SERVICE::ReceiverService TO sender;");
  }
  std::string with_;
};

}  // namespace ssb::broker::tests
