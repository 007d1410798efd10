#include "broker/conversation/endpoint.h"

#include <algorithm>
#include <array>

#include "proto/check.h"
#include "proto/dialog_message.h"

namespace ssb::broker::conversation {
namespace {

struct StateName {
  EndpointState state;
  const char* code;
  const char* description;
};
constexpr std::array<StateName, 7> kStates{{
    {EndpointState::started_outbound, "SO", "STARTED_OUTBOUND"},
    {EndpointState::started_inbound, "SI", "STARTED_INBOUND"},
    {EndpointState::conversing, "CO", "CONVERSING"},
    {EndpointState::disconnected_inbound, "DI", "DISCONNECTED_INBOUND"},
    {EndpointState::disconnected_outbound, "DO", "DISCONNECTED_OUTBOUND"},
    {EndpointState::error, "ER", "ERROR"},
    {EndpointState::closed, "CD", "CLOSED"},
}};

const StateName& name_of(EndpointState state) {
  const auto found = std::find_if(kStates.begin(), kStates.end(),
                                  [state](const StateName& n) { return n.state == state; });
  SSB_CHECK(found != kStates.end());
  return *found;
}

}  // namespace

const char* state_code(EndpointState state) {
  return name_of(state).code;
}
const char* state_description(EndpointState state) {
  return name_of(state).description;
}

std::optional<EndpointState> parse_state(std::string_view code) {
  const auto found = std::find_if(kStates.begin(), kStates.end(),
                                  [code](const StateName& n) { return code == n.code; });
  if (found == kStates.end()) return std::nullopt;
  return found->state;
}

std::uint32_t PendingMessage::fragment_count() const {
  const std::uint64_t fragments =
      (length + proto::kFragmentBodyBytesMax - 1) / proto::kFragmentBodyBytesMax;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(fragments, 1));
}

bool Endpoint::is_active() const {
  return state != EndpointState::closed && state != EndpointState::error;
}

dialog::EndpointKeys Endpoint::keys() const {
  dialog::EndpointKeys out;
  out.type = parties.type;
  out.is_initiator = is_initiator;
  out.outbound = outbound && !outbound->key.empty() ? &*outbound : nullptr;
  out.inbound = inbound && !inbound->key.empty() ? &*inbound : nullptr;
  return out;
}

}  // namespace ssb::broker::conversation
