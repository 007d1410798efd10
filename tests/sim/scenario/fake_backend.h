// A back end whose answers a test writes down: batches by their text, looks by their SELECT, and a clock that is a number.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "sim/scenario/backend.h"
#include "sim/scenario/runner.h"

namespace ssb::sim::scenario {

[[nodiscard]] inline broker::tsql::ServerMessage error_message(int number, std::string text,
                                                               int state = 1, int line = 1) {
  broker::tsql::ServerMessage message;
  message.error =
      proto::Error(static_cast<proto::ErrorCode>(number), std::move(text)).with_state(state);
  message.severity = message.error.severity();
  message.line = line;
  return message;
}
[[nodiscard]] inline broker::tsql::ServerMessage print_message(std::string text) {
  broker::tsql::ServerMessage message;
  message.error.parameters = {std::move(text)};
  return message;
}
[[nodiscard]] inline broker::tsql::RowSet row_set(std::vector<std::string> columns,
                                                  std::vector<broker::store::Row> rows) {
  broker::tsql::RowSet set;
  for (std::string& name : columns) {
    broker::tsql::ResultColumn& column = set.columns.emplace_back();
    column.name = std::move(name);
    column.type.type = broker::tsql::SqlType::nvarchar;
  }
  set.rows = std::move(rows);
  return set;
}

class FakeBackend : public Backend {
 public:
  // What a batch answers; one that is not here answers nothing.
  std::map<std::string, broker::tsql::Output> batches;
  std::function<broker::tsql::Output(const std::string& node, const std::string& database,
                                     const std::string& select)>
      on_look;
  std::function<void(FakeBackend&, BackendSession)> on_batch;
  std::function<void(FakeBackend&)> on_step;  // what happens while `within` waits
  std::map<std::string, std::string> variables;
  std::vector<NodeRecord> recorded;
  std::vector<JudgeFinding> findings;
  struct Sent {
    std::string from, to, text;
  };
  std::vector<Sent> sent;
  std::vector<std::string> calls;  // "start A", "batch A: SELECT 1", ...
  std::set<std::string> running;
  std::set<std::string> waiting;  // batches that do not end
  std::set<BackendSession> lost;  // whose instance has gone down
  proto::TimePoint time = default_start();

  std::optional<std::string> unsupported(const Step& step) const override {
    if (std::holds_alternative<NetFault>(step.action)) return "needs the simulator";
    return std::nullopt;
  }
  std::optional<std::string> unsupported(const InstanceOptions&) const override {
    return std::nullopt;
  }
  void declare(const std::string& node, const InstanceOptions*) override {
    calls.push_back("declare " + node);
  }
  bool is_running(const std::string& node) const override { return running.contains(node); }
  Outcome<> start(const std::string& node) override {
    calls.push_back("start " + node);
    running.insert(node);
    return {};
  }
  Outcome<> stop(const std::string& node) override {
    calls.push_back("stop " + node);
    running.erase(node);
    return {};
  }
  Outcome<> crash(const std::string& node) override {
    calls.push_back("crash " + node);
    running.erase(node);
    return {};
  }
  Outcome<> copy_file(const CopyFile& copy) override {
    calls.push_back("copy " + copy.from_name + " to " + copy.to_node);
    return {};
  }
  Outcome<BackendSession> open_session(const std::string& node, const std::string& login,
                                       const std::string& password) override {
    if (password == "wrong")
      return Reason{.text = "error 18456: Login failed for '" + login + "'."};
    calls.push_back("open " + node + (login.empty() ? "" : " as " + login));
    node_of_[++sessions_] = node;
    return sessions_;
  }
  void close_session(BackendSession) override { calls.emplace_back("close"); }
  bool is_open(BackendSession session) const override { return !lost.contains(session); }
  Outcome<> begin_batch(BackendSession session, const std::string& text) override {
    begun_[session] = text.substr(0, text.find('\n'));
    calls.push_back("batch " + node_of_[session] + ": " + begun_[session]);
    if (on_batch) on_batch(*this, session);
    return {};
  }
  void go_on(BackendSession) override {}
  bool has_ended(BackendSession session) const override {
    const auto found = begun_.find(session);
    return found == begun_.end() || !waiting.contains(found->second);
  }
  Outcome<broker::tsql::Output> end_batch(BackendSession session) override {
    const std::string text = std::exchange(begun_[session], "");
    if (waiting.contains(text)) return Reason{.text = "it was cancelled"};
    const auto found = batches.find(text);
    return found == batches.end() ? broker::tsql::Output{} : found->second;
  }
  std::optional<std::string> variable(BackendSession, const std::string& name) override {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  }
  void set_start(proto::TimePoint start) override { time = start; }
  proto::TimePoint now() const override { return time; }
  void advance_to(proto::TimePoint to) override { time = to; }
  void skew(const std::string& node, proto::Duration by) override {
    calls.push_back("skew " + node + " " + duration_text(by));
  }
  void jump(const std::string& node, proto::Duration by) override {
    calls.push_back("jump " + node + " " + duration_text(by));
  }
  void drift(const std::string& node, std::int64_t ppm) override {
    calls.push_back("drift " + node + " " + std::to_string(ppm));
  }
  void settle(proto::Duration) override { calls.emplace_back("settle"); }
  bool step(proto::TimePoint until) override {
    if (time >= until) return false;
    time += std::chrono::seconds(1);
    if (on_step) on_step(*this);
    return time < until;
  }
  Outcome<> apply(const Step&) override {
    calls.emplace_back("apply");
    return {};
  }
  std::vector<JudgeFinding> judge() override { return findings; }
  const std::vector<NodeRecord>& records() const override { return recorded; }
  std::uint64_t wire_position() const override { return sent.size(); }
  WireFinding find_on_wire(const std::string& text, std::uint64_t from, const std::string& one,
                           const std::string& other) const override {
    WireFinding finding;
    for (std::size_t i = from; i < sent.size(); ++i) {
      if (!one.empty() && (sent[i].from != one || sent[i].to != other)) continue;
      finding.bytes_seen += sent[i].text.size();
      finding.is_found = finding.is_found || sent[i].text.find(text) != std::string::npos;
    }
    return finding;
  }
  Outcome<broker::tsql::Output> look(const std::string& node, const std::string& database,
                                     const std::string& select) override {
    return on_look ? on_look(node, database, select) : broker::tsql::Output{};
  }

 private:
  std::map<BackendSession, std::string> node_of_, begun_;
  BackendSession sessions_ = 0;
};

}  // namespace ssb::sim::scenario
