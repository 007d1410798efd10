// The conversation in which a database has asked a Broker Configuration service, seen from that service.
#include "broker/conversation/message_log.h"
#include "proto/stored.pb.h"
#include "sim/why/own_cause.h"

namespace ssb::sim::why {
namespace {

template <typename See>
void each_conversation(const Side& side, See see) {
  for (const auto& [key, bytes] : side.subject->instance->store().records(
           side.objects->id(), broker::conversation::kConversationTable)) {
    proto::stored::Conversation row;
    const auto handle = proto::Guid::from_bytes(
        proto::ByteView(key).subspan(broker::conversation::kConversationNumberBytes));
    if (handle && row.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())))
      see(handle->text(), row);
  }
}

}  // namespace

std::optional<OpenRequest> open_request(const doctor::Instances& instances,
                                        const Waiting& waiting) {
  const Side own = own_side(instances, waiting);
  std::string conversation;
  each_conversation(own, [&](const std::string&, const proto::stored::Conversation& row) {
    const bool is_it = row.asks_for() != 0 && row.asks_about() == waiting.far_service;
    if (is_it) conversation = row.conversation_id();
  });
  if (conversation.empty()) return std::nullopt;
  for (const doctor::Subject& one : instances.all) {
    if (one.instance == nullptr) continue;
    for (const auto& [id, objects] : one.instance->databases()) {
      std::optional<OpenRequest> found;
      each_conversation(side_at(one, *objects), [&](const std::string& handle,
                                                    const proto::stored::Conversation& row) {
        // Ended there, its answer is on its way.
        const bool is_open = row.state() == "SI" || row.state() == "CO" || row.state() == "DI";
        if (!row.is_initiator() && is_open && row.conversation_id() == conversation)
          found = OpenRequest{side_at(one, *objects), handle};
      });
      if (found) return found;
    }
  }
  return std::nullopt;
}

}  // namespace ssb::sim::why
