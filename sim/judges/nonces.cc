#include "sim/judges/nonces.h"

#include <fmt/format.h>

#include "broker/crypto/aes.h"
#include "broker/crypto/digest.h"
#include "proto/envelope.pb.h"

namespace ssb::sim::judges {

using proto::EventClass;
using proto::TraceRecord;
using proto::envelope::DialogHeader;

namespace {

// proto/PROTOCOL.md, written down a second time: HKDF-SHA-256 of the session key with the incarnation id as salt.
proto::Secret message_key(const broker::dialog::SessionKey& key, const DialogHeader& header) {
  proto::Bytes info = proto::to_bytes(std::string("ssbsim 1 message"));
  for (const std::string& part :
       {header.security().session_key_id(), header.conversation_id(),
        std::string(1, static_cast<char>(header.from_initiator() ? 1 : 0))}) {
    const proto::ByteView bytes = proto::as_bytes(part);
    info.insert(info.end(), bytes.begin(), bytes.end());
  }
  constexpr std::size_t kMessageKeyBytes = 16;
  return broker::crypto::hkdf_sha256(
      key.key.view(), proto::as_bytes(header.security().incarnation_id()), info, kMessageKeyBytes);
}

// Four zero bytes, then the counter, big-endian.
proto::Bytes nonce(std::uint64_t counter) {
  proto::Bytes out(12, 0);
  for (std::size_t i = 0; i < 8; ++i)
    out[4 + i] = static_cast<std::uint8_t>(counter >> (8 * (7 - i)));
  return out;
}

bool opens(const proto::Secret& key, const DialogHeader& header,
           const proto::DialogMessage& message) {
  broker::crypto::AesGcm gcm(key);
  return gcm.open(nonce(header.security().nonce_counter()), message.header, message.body)
      .has_value();
}

}  // namespace

void Nonces::traced(Host host, const TraceRecord& record) {
  if (is_conversation(record, kBeginDialog) || is_conversation(record, kDialogCreated))
    made(host, record);
  if (record.event != EventClass::message_sent || record.find("nonce") == nullptr) return;
  check_nonce(host, record);
  check_session_key(host, record);
  expect(host, record);
}

void Nonces::made(Host host, const TraceRecord& record) {
  if (places_.size() < 2 * kConversationsMax)
    places_[{record.conversation_id, is_of_initiator(record)}] = place_of(host, record);
}

void Nonces::check_nonce(Host host, const TraceRecord& record) {
  const std::string id = detail_of(record, "incarnation");
  const std::uint64_t counter = number_of(record, "nonce");
  const auto opening = std::tuple(host, starts_[host], record.database);
  const auto [place, is_new] = incarnations_.try_emplace(id, Incarnation{opening, 0, true});
  Incarnation& incarnation = place->second;
  if (!incarnation.is_judged) return;
  if (incarnation.opening != opening) {
    find(host, fmt::format("incarnation id {} came back: at {} before, now at {} in {}", id,
                           inside().name(std::get<0>(incarnation.opening)), inside().name(host),
                           record.database));
    incarnation.is_judged = false;
  } else if (!is_new && counter < incarnation.next) {
    find(host,
         fmt::format("conversation {}: nonce {} of incarnation {} sealed a second time ({} {})",
                     record.conversation_id, counter, id, detail_of(record, "kind"),
                     detail_of(record, "sequence")));
    incarnation.is_judged = false;
  }
  incarnation.next = counter + 1;
}

void Nonces::check_session_key(Host host, const TraceRecord& record) {
  const std::string id = detail_of(record, "session_key");
  if (session_keys_.size() >= kConversationsMax && !session_keys_.contains(id)) return;
  // Acknowledgements and the broker's errors answer under the key of the message that they answer; they do not name a security. A key
  // that only answers use was made by a peer that is no instance of this world, and what it does with its keys is its own affair.
  const std::string security = detail_of(record, "security");
  if (security.empty() && !session_keys_.contains(id)) return;
  const auto [place, is_new] =
      session_keys_.try_emplace(id, KeyUse{.conversation = record.conversation_id});
  KeyUse& use = place->second;
  if (!use.is_judged) return;
  if (use.conversation != record.conversation_id) {
    find(host, fmt::format("session key {} serves conversation {} and conversation {}", id,
                           use.conversation, record.conversation_id));
    use.is_judged = false;
    return;
  }
  if (security != "full") return;
  (is_of_initiator(record) ? use.by_initiator : use.by_target) = true;
  if (!use.by_initiator || !use.by_target) return;
  find(host, fmt::format("session key {} serves both directions of conversation {}", id,
                         record.conversation_id));
  use.is_judged = false;
}

void Nonces::expect(Host host, const TraceRecord& record) {
  const std::string key = detail_of(record, "session_key");
  const auto place = places_.find({record.conversation_id, is_of_initiator(record)});
  const bool is_here = place != places_.end() && place->second.host == host;
  if (!is_here || opened_.size() >= 2 * kConversationsMax) return;
  if (++opened_[{key, is_of_initiator(record)}] > kOpenedOfAKey) return;
  Seal seal{detail_of(record, "incarnation"), number_of(record, "nonce")};
  expected_order_.push_back(seal);
  expected_[std::move(seal)] = {place->second, key};
  if (expected_order_.size() <= kExpectedMax) return;
  expected_.erase(expected_order_.front());
  expected_order_.pop_front();
}

void Nonces::came_to_hop(Host, const broker::MessageArrived& arrived) {
  if (expected_.empty()) return;
  DialogHeader header;
  const proto::Bytes& bytes = arrived.message.header;
  if (!header.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !header.has_security())
    return;
  const auto incarnation =
      proto::Guid::from_bytes(proto::as_bytes(header.security().incarnation_id()));
  if (!incarnation) return;
  const auto found = expected_.find({incarnation->text(), header.security().nonce_counter()});
  if (found == expected_.end()) return;
  const Expected expected = found->second;
  expected_.erase(found);
  const auto key = inside().session_key(expected.sender, expected.session_key);
  if (!key || opens(message_key(*key, header), header, arrived.message)) return;
  // Altered on its way it opens with no key; sealed under a key of another derivation it opens with that one.
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  const broker::dialog::MessageKeyName name{key->id, conversation.value_or(proto::ConversationId{}),
                                            header.from_initiator(), *incarnation};
  if (!opens(broker::dialog::derive_message_key(*key, name), header, arrived.message)) return;
  find(expected.sender.host,
       fmt::format("conversation {}: the message key does not follow from session key, "
                   "conversation, direction and incarnation as the protocol says",
                   name.conversation.text()));
}

}  // namespace ssb::sim::judges
