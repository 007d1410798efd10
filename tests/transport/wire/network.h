// Servers joined by an in-memory network: what one writes the other reads, in order, time standing still unless a test moves it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proto/error_code.h"
#include "transport/wire/server.h"
#include "transport/wire/state.h"

namespace ssb::wire::test {

inline constexpr proto::TimePoint kNoon =
    proto::from_unix_us(1'227'700'800'000'000);  // 2008-11-26 12:00

// Files that all hosts of a network share: copying a certificate to another host is nothing.
class SharedFiles : public broker::catalog::Files {
 public:
  boost::system::result<proto::Bytes, std::string> read(std::string_view name) override {
    const auto found = files_.find(name);
    if (found == files_.end()) return std::string("no such file");
    return found->second;
  }
  boost::system::result<void, std::string> create(std::string_view name,
                                                  proto::ByteView contents) override {
    if (!files_.emplace(std::string(name), proto::to_bytes(contents)).second)
      return std::string("exists");
    return {};
  }

 private:
  std::map<std::string, proto::Bytes, std::less<>> files_;
};

// Key pairs from a pool: generation is the slowest step of a set-up.
inline broker::crypto::RsaPrivateKey pooled_key() {
  static const std::array<broker::crypto::RsaPrivateKey, 4> pool{
      broker::crypto::RsaPrivateKey::generate(2048), broker::crypto::RsaPrivateKey::generate(2048),
      broker::crypto::RsaPrivateKey::generate(2048), broker::crypto::RsaPrivateKey::generate(2048)};
  static std::size_t next = 0;
  return pool.at(next++ % pool.size());
}

class Network {
 public:
  struct Host {
    std::string name;
    std::unique_ptr<Server> server;
    std::map<EndpointKind, std::uint16_t> listening;
    std::vector<proto::TraceRecord> traces;
    std::vector<broker::tsql::Output> outputs;
    std::deque<Input> inputs;
    bool reads = true;  // false: what is written to it stays on the way
  };

  Host& add(const std::string& name) {
    auto host = std::make_unique<Host>();
    host->name = name;
    broker::NodeOptions options;
    options.name = name;
    options.store.in_memory = true;
    host->server = std::make_unique<Server>(
        std::move(options), files_, [](int) { return pooled_key(); }, proto::Secret(32), now);
    host->inputs.emplace_back(broker::Event(broker::SessionOpened{1, {}}));
    hosts_[name] = std::move(host);
    run();
    return *hosts_.at(name);
  }
  Host& at(const std::string& name) { return *hosts_.at(name); }

  // Runs batches separated by GO lines; fails the test when one has an error.
  void sql(const std::string& host, const std::string& script) {
    std::size_t from = 0;
    while (from < script.size()) {
      std::size_t to = script.find("\nGO\n", from);
      if (to == std::string::npos) to = script.size();
      batch(host, script.substr(from, to - from));
      from = to + 4;
    }
  }
  void batch(const std::string& host, const std::string& text) {
    Host& on = at(host);
    on.outputs.clear();
    on.inputs.emplace_back(broker::Event(broker::BatchSubmitted{1, text}));
    run();
    for (const auto& output : on.outputs) {
      for (const auto& item : output) {
        const auto* message = std::get_if<broker::tsql::ServerMessage>(&item);
        if (message != nullptr && message->severity > 10) {
          ADD_FAILURE() << host << ": " << message->error.number() << " " << message->error.text()
                        << " in " << text;
        }
      }
    }
  }
  // The first value of the first row, or "none".
  std::string ask(const std::string& host, const std::string& query, int database = 1) {
    for (const auto& item : at(host).server->node().look(database, query, now)) {
      const auto* rows = std::get_if<broker::tsql::RowSet>(&item);
      if (rows == nullptr || rows->rows.empty()) continue;
      const auto& value = rows->rows.front().front();
      if (const auto* text = std::get_if<std::string>(&value)) return *text;
      if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
      return "NULL";
    }
    return "none";
  }

  // Until nothing is on its way.
  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [name, host] : hosts_) moved = step(*host) || moved;
    }
  }
  // Moves the time from deadline to deadline.
  void advance(proto::Duration by) {
    const proto::TimePoint end = now + by;
    for (int guard = 0; guard < 10'000; ++guard) {
      proto::TimePoint next = end;
      for (const auto& [name, host] : hosts_)
        next = std::min(next, std::max(now, host->server->deadline()));
      now = next;
      for (auto& [name, host] : hosts_)
        host->inputs.emplace_back(broker::Event(broker::TimerDue{}));
      run();
      if (now == end) return;
    }
    ADD_FAILURE() << "time does not pass";
  }
  // Breaks every connection, as a network does.
  void cut() {
    for (const auto& [end, other] : ends_)
      at(end.first).inputs.emplace_back(Closed{end.second, "10054"});
    ends_.clear();
    run();
  }

  [[nodiscard]] std::size_t connections(const std::string& host) {
    std::size_t count = 0;
    for (const auto& [end, other] : ends_) count += end.first == host ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::vector<proto::TraceRecord> traced(const std::string& host,
                                                       proto::EventClass event,
                                                       std::string_view subclass = {}) {
    std::vector<proto::TraceRecord> found;
    for (const auto& record : at(host).traces) {
      if (record.event == event && (subclass.empty() || record.subclass_name == subclass))
        found.push_back(record);
    }
    return found;
  }

  proto::TimePoint now = kNoon;
  std::set<std::uint16_t> ports_in_use;                                // elsewhere: 9692
  std::function<void(const std::string& host, proto::Bytes&)> tamper;  // of what a host writes
  std::uint64_t bytes_written = 0;

 private:
  using End = std::pair<std::string, ConnectionId>;

  bool step(Host& host) {
    Outputs outputs;
    const bool had_input = !host.inputs.empty();
    for (const Input& input : std::exchange(host.inputs, {})) host.server->handle(input, now);
    host.server->commit(now, outputs);
    for (Output& output : outputs) perform(host, output);
    return had_input || !outputs.empty();
  }
  void perform(Host& host, Output& output) {
    if (auto* trace = std::get_if<broker::Trace>(&output)) host.traces.push_back(trace->record);
    if (auto* batch = std::get_if<broker::BatchOutput>(&output))
      host.outputs.push_back(batch->items);
    if (auto* connect = std::get_if<Connect>(&output)) connect_to(host, *connect);
    if (auto* write = std::get_if<Write>(&output)) {
      bytes_written += write->bytes.size();
      if (tamper) tamper(host.name, write->bytes);
      const auto other = ends_.find({host.name, write->connection});
      if (other == ends_.end() || !at(other->second.first).reads) return;
      host.inputs.emplace_back(Written{write->connection, write->bytes.size()});
      at(other->second.first).inputs.emplace_back(Received{other->second.second, write->bytes});
    }
    if (auto* close = std::get_if<CloseConnection>(&output)) {
      const auto other = ends_.find({host.name, close->connection});
      if (other == ends_.end()) return;
      const End end = other->second;
      ends_.erase(other);
      ends_.erase(end);
      at(end.first).inputs.emplace_back(Closed{end.second, ""});
    }
    if (auto* listen = std::get_if<Listen>(&output)) {
      std::optional<proto::Error> error;
      if (ports_in_use.contains(listen->port)) error = proto::Error(proto::ErrorCode::port_in_use);
      if (!error) host.listening[listen->kind] = listen->port;
      host.inputs.emplace_back(ListenResult{listen->kind, listen->port, error});
    }
    if (auto* stop = std::get_if<StopListening>(&output)) host.listening.erase(stop->kind);
  }
  void connect_to(Host& from, const Connect& connect) {
    const auto to = hosts_.find(connect.host);
    if (to == hosts_.end()) {
      from.inputs.emplace_back(ConnectFailed{
          connect.connection, proto::Error(proto::ErrorCode::host_unknown, connect.host)});
      return;
    }
    for (const auto& [kind, port] : to->second->listening) {
      if (port != connect.port) continue;
      const ConnectionId id = to->second->server->next_connection();
      ends_[{from.name, connect.connection}] = {to->first, id};
      ends_[{to->first, id}] = {from.name, connect.connection};
      to->second->inputs.emplace_back(
          Accepted{id, kind, from.name + ":" + std::to_string(40'000 + connect.connection)});
      from.inputs.emplace_back(Connected{connect.connection});
      return;
    }
    from.inputs.emplace_back(ConnectFailed{
        connect.connection,
        proto::Error(proto::ErrorCode::connection_failed, connect.host, "10061, refused")});
  }

  SharedFiles files_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::map<End, End> ends_;
};

// The outbound half of every host: master key, certificate, endpoint, the certificate's file.
inline std::string outbound_script(const std::string& host,
                                   const std::string& encryption = "REQUIRED ALGORITHM AES",
                                   const std::string& expiry = "20091130") {
  return "CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Passw0rd!1';\n"
         "CREATE CERTIFICATE " +
         host + "_cert WITH SUBJECT = '" + host + "', EXPIRY_DATE = '" + expiry +
         "';\n"
         "CREATE ENDPOINT broker STATE = STARTED AS TCP (LISTENER_PORT = 4022) FOR SERVICE_BROKER "
         "(AUTHENTICATION = CERTIFICATE " +
         host + "_cert, ENCRYPTION = " + encryption +
         ");\n"
         "BACKUP CERTIFICATE " +
         host + "_cert TO FILE = '" + host + ".cer';";
}
// The inbound half: who comes from `peer` is let in.
inline std::string inbound_script(const std::string& peer, bool with_connect = true) {
  return "CREATE LOGIN " + peer +
         "_login WITH PASSWORD = 'Passw0rd!1';\n"
         "CREATE USER " +
         peer + "_user FOR LOGIN " + peer +
         "_login;\n"
         "CREATE CERTIFICATE " +
         peer + "_cert AUTHORIZATION " + peer + "_user FROM FILE = '" + peer + ".cer';\n" +
         (with_connect ? "GRANT CONNECT ON ENDPOINT::broker TO " + peer + "_login;" : "");
}
// A database with a service that sends to and answers the service of `peer`; no dialog security.
inline std::string service_script(const std::string& host, const std::string& peer) {
  return "CREATE DATABASE d;\nGO\nUSE d;\n"
         "CREATE QUEUE q;\nCREATE SERVICE " +
         host +
         "_service ON QUEUE q ([DEFAULT]);\n"
         "GRANT SEND ON SERVICE::" +
         host +
         "_service TO public;\n"
         "CREATE ROUTE to_peer WITH SERVICE_NAME = '" +
         peer + "_service', ADDRESS = 'TCP://" + peer +
         ":4022';\nGO\n"
         "USE msdb;\nCREATE ROUTE to_" +
         host + " WITH SERVICE_NAME = '" + host + "_service', ADDRESS = 'LOCAL';\nGO\nUSE d;";
}
inline std::string send_script(const std::string& host, const std::string& peer,
                               const std::string& body) {
  return "DECLARE @h uniqueidentifier;\n"
         "BEGIN DIALOG @h FROM SERVICE " +
         host + "_service TO SERVICE '" + peer +
         "_service' WITH ENCRYPTION = OFF;\n"
         "SEND ON CONVERSATION @h (" +
         body + ");";
}

}  // namespace ssb::wire::test
