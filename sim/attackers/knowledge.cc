#include "sim/attackers/knowledge.h"

#include <algorithm>
#include <utility>

namespace ssb::sim::attackers {

void Knowledge::add(std::vector<Identity> identities) {
  std::move(identities.begin(), identities.end(), std::back_inserter(identities_));
}

bool Knowledge::learn(const proto::DialogMessage& message) {
  const Fields header = header_of(message);
  if (kind_of(header) != MessageKind::begin) return false;
  const Bytes id = header.message(dialog_header::kSecurity).bytes(security_part::kSessionKeyId);
  const bool is_known =
      std::any_of(keys_.begin(), keys_.end(), [&](const SessionKey& key) { return key.id == id; });
  if (is_known) return false;
  for (const Identity& identity : identities_) {
    auto key = open_session_key(header, identity);
    if (!key) continue;
    keys_.push_back(std::move(*key));
    owners_.push_back({header.bytes(dialog_header::kConversationId),
                       header.number(dialog_header::kFromInitiator) != 0});
    return true;
  }
  return false;
}

void Knowledge::learn_all(const std::deque<Sighting>& history) {
  for (const Sighting& sighting : history) learn(sighting.message);
}

std::optional<Bytes> Knowledge::open(const proto::DialogMessage& message) const {
  for (const SessionKey& key : keys_) {
    if (auto body = open_body(message, key)) return body;
  }
  return std::nullopt;
}

const SessionKey* Knowledge::key_of(const Bytes& conversation, bool from_initiator) const {
  const SessionKey* found = nullptr;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (owners_[i].conversation != conversation) continue;
    if (found == nullptr || owners_[i].from_initiator == from_initiator) found = &keys_[i];
  }
  return found;
}

}  // namespace ssb::sim::attackers
