// An Inside of hand-made rows, and records as nodes write them, for judges that are given a stream by hand.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/judges/judge.h"
#include "tests/sim/judges/two_hosts.h"

namespace ssb::sim::judges {

class FakeInside final : public Inside {
 public:
  std::vector<StoredEndpoint> rows;
  std::map<std::pair<std::string, std::uint64_t>, std::string> bodies;  // by handle and sequence
  std::vector<WaitingEndpoint> waits;
  HeldBack held;
  Contents tables;
  std::vector<std::string> problems;
  std::vector<broker::conversation::Fill> full;
  std::map<Host, std::vector<CertificateFacts>> all_certificates;
  std::vector<std::string> refused;  // permissions that nobody has
  std::string broker = "broker";
  bool has_lied = false;
  bool runs = true;
  proto::TimePoint time{};

  std::size_t hosts() const override { return 2; }
  std::string name(Host host) const override { return host == kA ? "A" : "B"; }
  bool is_running(Host) const override { return runs; }
  proto::TimePoint now() const override { return time; }
  proto::TimePoint now_at(Host) const override { return time; }
  bool is_disk_honest(Host) const override { return !has_lied; }
  std::vector<StoredEndpoint> endpoints(Host host) const override {
    std::vector<StoredEndpoint> out;
    for (const StoredEndpoint& row : rows) {
      if (row.place.host == host) out.push_back(row);
    }
    return out;
  }
  std::optional<StoredEndpoint> endpoint(const EndpointPlace& place) const override {
    for (const StoredEndpoint& row : rows) {
      if (row.place == place) return row;
    }
    return std::nullopt;
  }
  std::optional<proto::Bytes> waiting_body(const EndpointPlace& place,
                                           std::uint64_t sequence) const override {
    const auto found = bodies.find({place.handle, sequence});
    if (found == bodies.end()) return std::nullopt;
    return proto::to_bytes(found->second);
  }
  std::vector<WaitingEndpoint> waiting(Host host) const override {
    return host == kA ? waits : std::vector<WaitingEndpoint>();
  }
  HeldBack held_back(const StoredEndpoint&) const override { return held; }
  Contents contents(Host) const override { return tables; }
  std::vector<std::string> damage(Host) const override { return problems; }
  std::vector<broker::conversation::Fill> fills(Host) const override { return full; }
  std::vector<std::string> databases(Host) const override { return {"Db"}; }
  bool has_service(Host, const std::string&, const std::string&) const override { return true; }
  std::string broker_id(Host, const std::string&) const override { return broker; }
  std::vector<CertificateFacts> certificates(Host host, const std::string&) const override {
    const auto found = all_certificates.find(host);
    return found == all_certificates.end() ? std::vector<CertificateFacts>() : found->second;
  }
  bool may(Host, const std::string&, std::int32_t, const char* permission,
           const std::string&) const override {
    for (const std::string& one : refused) {
      if (one == permission) return false;
    }
    return true;
  }
  std::optional<broker::dialog::SessionKey> session_key(const EndpointPlace&,
                                                        const std::string&) const override {
    return std::nullopt;
  }
};

inline const std::string kConversation = "11111111-2222-3333-4444-555555555555";
inline const std::string kInitiator = "AAAAAAAA-0000-0000-0000-000000000000";  // handles
inline const std::string kTarget = "BBBBBBBB-0000-0000-0000-000000000000";

using Details = std::vector<std::pair<std::string, std::string>>;

// Of the initiator on A, or the target on B.
inline proto::TraceRecord record_of(proto::EventClass event, bool is_initiator,
                                    std::string subclass_name, Details more = {}) {
  proto::TraceRecord record;
  record.event = event;
  record.subclass_name = std::move(subclass_name);
  record.database = "Db";
  record.conversation_id = kConversation;
  record.detail = {{"from_service", is_initiator ? "a_service" : "b_service"},
                   {"to_service", is_initiator ? "b_service" : "a_service"},
                   {"role", is_initiator ? "initiator" : "target"},
                   {"conversation_handle", is_initiator ? kInitiator : kTarget}};
  record.detail.insert(record.detail.end(), more.begin(), more.end());
  return record;
}
inline proto::TraceRecord conversation_record(int subclass, bool is_initiator, Details more = {}) {
  auto record = record_of(proto::EventClass::conversation, is_initiator, "", std::move(more));
  record.subclass = subclass;
  return record;
}
inline proto::TraceRecord ack_received(Details more) {
  constexpr int kAckReceived = 4;
  auto record = record_of(proto::EventClass::remote_message_acknowledgement, true, "Ack Received",
                          std::move(more));
  record.subclass = kAckReceived;
  return record;
}
inline proto::TraceRecord sent_record(bool is_initiator, Details more) {
  return record_of(proto::EventClass::message_sent, is_initiator, "", std::move(more));
}
// Accepted for a queue that is off.
inline proto::TraceRecord held_record(std::uint64_t sequence) {
  return record_of(proto::EventClass::message_status, false, "Held",
                   {{"sequence", std::to_string(sequence)}});
}
inline proto::TraceRecord delivered_record(std::uint64_t sequence) {
  return record_of(proto::EventClass::message_delivered, false, "Delivered",
                   {{"sequence", std::to_string(sequence)}});
}
inline proto::TraceRecord send_record(std::uint64_t sequence) {
  return conversation_record(kSendMessage, true, {{"sequence", std::to_string(sequence)}});
}
inline StoredEndpoint row_of(bool is_initiator) {
  StoredEndpoint out;
  out.place = {is_initiator ? Host{0} : Host{1}, "Db", is_initiator ? kInitiator : kTarget};
  out.conversation = kConversation;
  out.row.set_is_initiator(is_initiator);
  out.row.set_end_sequence(-1);
  out.row.set_state("CO");
  return out;
}

// What a judge found, a line each.
inline std::string text_of(const Judge& judge) {
  std::string out;
  for (const Finding& finding : judge.findings()) out += finding.text + "\n";
  return out;
}

}  // namespace ssb::sim::judges
