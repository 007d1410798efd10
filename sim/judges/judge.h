// A judge: one property that no run may break, whatever its scenario expects, checked by watching.
//
//   A finding is a sentence for a person, with what was expected and what was seen. Bodies and keys never go into one.
//   A judge keeps a bounded amount; what it had to forget it does not judge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/time.h"
#include "sim/judges/inside.h"
#include "sim/observer.h"

namespace ssb::sim::judges {

struct Finding {
  std::string judge;
  std::string node;
  proto::TimePoint at{};  // the world's time
  std::string text;
};

// Of one judge: the first ones tell what is wrong, a thousand more do not.
inline constexpr std::size_t kFindingsMax = 8;
// Conversations that a judge keeps in mind; of later ones it knows nothing.
inline constexpr std::size_t kConversationsMax = 50'000;

class Judge : public Observer {
 public:
  Judge(const Inside& inside, std::string_view name) : inside_(inside), name_(name) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  // The property, in one line.
  [[nodiscard]] virtual std::string_view statement() const = 0;
  // From now on somebody else than its owner has the private key of the certificate with that SHA-256, too.
  virtual void disclosed(const broker::crypto::Sha256Digest&) {}
  // All faults are healed, every instance runs, and the network has had time to settle.
  virtual void at_healed_end() {}
  // The run is over, in whatever state.
  virtual void at_end() {}
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

 protected:
  [[nodiscard]] const Inside& inside() const { return inside_; }
  void find(Host host, std::string text) {
    if (findings_.size() < kFindingsMax)
      findings_.push_back({std::string(name_), inside_.name(host), inside_.now(), std::move(text)});
  }

 private:
  const Inside& inside_;
  std::string_view name_;
  std::vector<Finding> findings_;
};

// ---- reading trace records ----

inline constexpr int kSendMessage = 1;  // subclasses of event 124 that judges read
inline constexpr int kEndConversation = 2;
inline constexpr int kEndWithError = 3;
inline constexpr int kTerminateDialog = 5;
inline constexpr int kBeginDialog = 11;
inline constexpr int kDialogCreated = 12;
inline constexpr int kEndWithCleanup = 13;

[[nodiscard]] inline std::string detail_of(const proto::TraceRecord& record, std::string_view key) {
  const std::string* value = record.find(key);
  return value == nullptr ? std::string() : *value;
}
// A number of the detail; 0 when there is none.
[[nodiscard]] std::uint64_t number_of(const proto::TraceRecord& record, std::string_view key);
[[nodiscard]] inline bool is_of_initiator(const proto::TraceRecord& record) {
  return detail_of(record, "role") == "initiator";
}
[[nodiscard]] inline bool is_conversation(const proto::TraceRecord& record, int subclass) {
  return record.event == proto::EventClass::conversation && record.subclass == subclass;
}
[[nodiscard]] inline bool is_acknowledgement_received(const proto::TraceRecord& record) {
  constexpr int kFirstReceived = 3;  // 1 and 2 were sent
  return record.event == proto::EventClass::remote_message_acknowledgement &&
         record.subclass >= kFirstReceived;
}
[[nodiscard]] inline EndpointPlace place_of(Host host, const proto::TraceRecord& record) {
  return {host, record.database, detail_of(record, "conversation_handle")};
}

// The messages of a conversation in one direction.
struct Direction {
  std::string conversation;
  bool from_initiator = false;
  friend auto operator<=>(const Direction&, const Direction&) = default;
};
[[nodiscard]] std::string text_of(const Direction& direction);

}  // namespace ssb::sim::judges
