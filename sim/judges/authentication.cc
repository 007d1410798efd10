#include "sim/judges/authentication.h"

#include <algorithm>

#include <fmt/format.h>

namespace ssb::sim::judges {

using proto::EventClass;
using proto::TraceRecord;
using proto::envelope::DialogHeader;

namespace {

constexpr int kReceivedFirst =
    6;  // subclasses of event 124: a message, END, END WITH ERROR, the broker's error
constexpr int kReceivedLast = 9;

bool is_acceptance(const TraceRecord& record) {
  return is_acknowledgement_received(record) ||
         (record.event == EventClass::conversation && record.subclass >= kReceivedFirst &&
          record.subclass <= kReceivedLast);
}

std::optional<broker::crypto::Sha256Digest> digest_of(const std::string& bytes) {
  broker::crypto::Sha256Digest out{};
  if (bytes.size() != out.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

const CertificateFacts* find_by_name(const std::vector<CertificateFacts>& all,
                                     const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const CertificateFacts& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const CertificateFacts* find_by_digest(const std::vector<CertificateFacts>& all,
                                       const broker::crypto::Sha256Digest& sha256) {
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const CertificateFacts& one) { return one.sha256 == sha256; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

void Authentication::traced(Host host, const TraceRecord& record) {
  if (is_conversation(record, kBeginDialog) || is_conversation(record, kDialogCreated)) {
    if (places_.size() < 2 * kConversationsMax)
      places_[{record.conversation_id, is_of_initiator(record)}] = place_of(host, record);
  }
  if (record.event == EventClass::message_sent && record.find("message_xxh3") != nullptr)
    sent(host, record);
  if (record.event == EventClass::security_decision &&
      (record.subclass_name == "Accepted" || record.subclass_name == "Confirmed"))
    confirmed_identity(host, record, record.subclass_name == "Confirmed");
  if (is_acceptance(record)) accepted(host, record);
}

// ---- who sent what ----

void Authentication::sent(Host host, const TraceRecord& record) {
  const Direction direction{record.conversation_id, is_of_initiator(record)};
  const std::string digest = detail_of(record, "message_xxh3");
  sent_[digest] = {host, direction, detail_of(record, "from_service"),
                   detail_of(record, "to_service")};
  sent_order_.push_back(digest);
  if (sent_order_.size() > kSentMax) {
    sent_.erase(sent_order_.front());
    sent_order_.pop_front();
    has_forgotten_ = true;
  }
  if (const auto place = places_.find(direction);
      place != places_.end() && peers_.size() < 2 * kConversationsMax)
    peers_[place->second].is_secured = true;
  if (detail_of(record, "kind") != "BEGIN" || held_.size() >= 2 * kConversationsMax) return;
  for (const CertificateFacts& certificate : inside().certificates(host, record.database)) {
    if (!certificate.has_private_key) continue;
    held_[direction].insert(certificate.sha256);
    honest_keys_.insert(certificate.sha256);
  }
}

bool Authentication::is_held_by_an_instance(const Digest& certificate) {
  if (honest_keys_.contains(certificate)) return true;
  for (Host host = 0; host < inside().hosts(); ++host) {
    for (const std::string& database : inside().databases(host)) {
      for (const CertificateFacts& one : inside().certificates(host, database)) {
        if (one.has_private_key) honest_keys_.insert(one.sha256);
      }
    }
  }
  return honest_keys_.contains(certificate);
}

void Authentication::disclosed(const Digest& certificate) {
  disclosed_.insert(certificate);
}

// Either private key opens the keys of the other side's messages.
bool Authentication::is_disclosed(const Pair& pair) const {
  return disclosed_.contains(pair.destination) ||
         (pair.source && disclosed_.contains(*pair.source));
}

bool Authentication::is_disclosed(const EndpointPlace& place, const Peer& peer) const {
  if (disclosed_.empty()) return false;
  if (peer.first && is_disclosed(*peer.first)) return true;
  const auto stored = inside().endpoint(place);
  if (!stored) return !peer.first;  // nobody can tell any more
  const auto destination = digest_of(stored->row.parties().destination_sha256());
  return destination && is_disclosed({.source = digest_of(stored->row.parties().source_sha256()),
                                      .destination = *destination});
}

bool Authentication::is_judged(const EndpointPlace& place, bool is_initiator, Peer& peer) {
  if (peer.is_judged || !is_initiator) return peer.is_judged;
  // The initiator seals for one certificate: whoever answers holds its key, or has the session key from who does.
  const auto stored = inside().endpoint(place);
  if (!stored) return false;
  const auto destination = digest_of(stored->row.parties().destination_sha256());
  peer.is_judged = destination && is_held_by_an_instance(*destination);
  return peer.is_judged;
}

void Authentication::accepted(Host host, const TraceRecord& record) {
  const auto peer = peers_.find(place_of(host, record));
  if (peer == peers_.end() || !peer->second.is_secured) return;
  const Direction direction{record.conversation_id, !is_of_initiator(record)};
  const std::string what = fmt::format("{} ({})", text_of(direction), record.subclass_name);
  const std::string* digest = record.find("message_xxh3");
  if (digest == nullptr) {
    find(host, fmt::format("{}: a message without security was acted on", what));
    return;
  }
  if (!is_judged(peer->first, is_of_initiator(record), peer->second) ||
      is_disclosed(peer->first, peer->second))
    return;
  const auto found = sent_.find(*digest);
  if (found == sent_.end()) {
    if (!has_forgotten_)
      find(host, fmt::format("{}: a message was acted on that no instance has sent", what));
    return;
  }
  const Sent& sent = found->second;
  if (sent.direction != direction) {
    find(host, fmt::format("{}: it was sent in {}", what, text_of(sent.direction)));
  } else if (sent.from_service != detail_of(record, "to_service") ||
             sent.to_service != detail_of(record, "from_service")) {
    find(host,
         fmt::format("{}: it was sent from {} to {}", what, sent.from_service, sent.to_service));
  }
}

// ---- whose certificates ----

void Authentication::passed_hop(Host host, const broker::MessageArrived& arrived) {
  DialogHeader header;
  const proto::Bytes& bytes = arrived.message.header;
  if (!header.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !header.security().has_first())
    return;
  proto::envelope::KeyExchangeGrant grant;
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  const auto destination = grant.ParseFromString(header.security().first().grant())
                               ? digest_of(grant.destination().sha256())
                               : std::nullopt;
  if (!conversation || !destination) return;
  Pair pair{.source = std::nullopt, .destination = *destination};
  if (grant.has_source()) {
    pair.source = digest_of(grant.source().sha256());
    if (!pair.source) return;
  }
  const Direction direction{conversation->text(), header.from_initiator()};
  std::optional<std::int32_t> binding_user;
  if (!header.from_initiator()) {
    const auto initiator = places_.find({conversation->text(), true});
    const auto stored =
        initiator == places_.end() ? std::nullopt : inside().endpoint(initiator->second);
    if (stored) binding_user = stored->row.parties().remote_user();
  }
  for (const std::string& database : inside().databases(host)) {
    if (!inside().has_service(host, database, header.to_service())) continue;
    if (!objection(host, database, header.to_service(), pair, binding_user).empty()) continue;
    if (allowed_on_arrival_.size() < 2 * kConversationsMax)
      allowed_on_arrival_.emplace(host, direction);
  }
}

std::string Authentication::objection(Host host, const std::string& database,
                                      const std::string& service, const Pair& pair,
                                      std::optional<std::int32_t> binding_user) const {
  const auto certificates = inside().certificates(host, database);
  const proto::TimePoint now = inside().now_at(host);
  const auto check = [&](const Digest& sha256, const char* role) -> std::string {
    const CertificateFacts* found = find_by_digest(certificates, sha256);
    if (found == nullptr) return fmt::format("its {} certificate is not in the database", role);
    if (now < found->not_before || now > found->not_after)
      return fmt::format("its {} certificate {} is not valid then", role, found->name);
    return {};
  };
  if (pair.source) {
    if (auto wrong = check(*pair.source, "source"); !wrong.empty()) return wrong;
  }
  if (auto wrong = check(pair.destination, "destination"); !wrong.empty()) return wrong;
  const CertificateFacts& destination = *find_by_digest(certificates, pair.destination);
  const std::int32_t sender =
      pair.source ? find_by_digest(certificates, *pair.source)->owner : broker::catalog::kPublic;
  if (!destination.has_private_key) return "the private key of its destination is not here";
  if (binding_user) {
    return sender == *binding_user ? "" : "its source certificate is not the binding user's";
  }
  if (sender != broker::catalog::kPublic &&
      !inside().may(host, database, sender, "CONNECT", service))
    return fmt::format("principal {} may not CONNECT", sender);
  if (!inside().may(host, database, sender, "SEND", service))
    return fmt::format("principal {} may not SEND to {}", sender, service);
  if (!inside().may(host, database, destination.owner, "CONTROL", service))
    return fmt::format(
        "the owner of its destination certificate, principal {}, lacks CONTROL of {}",
        destination.owner, service);
  return {};
}

void Authentication::confirmed_identity(Host host, const TraceRecord& record, bool is_reply) {
  const std::string security = detail_of(record, "security");
  if (security == "none") return;
  const EndpointPlace place = place_of(host, record);
  if (peers_.size() >= 2 * kConversationsMax && !peers_.contains(place)) return;
  Peer& peer = peers_[place];
  peer.is_secured = true;
  const Direction direction{record.conversation_id, !is_reply};
  const auto certificates = inside().certificates(host, record.database);
  const CertificateFacts* source =
      find_by_name(certificates, detail_of(record, "source_certificate"));
  const CertificateFacts* destination =
      find_by_name(certificates, detail_of(record, "destination_certificate"));
  const bool is_full = security == "full";
  const bool was_allowed = allowed_on_arrival_.erase({host, direction}) > 0;
  std::string wrong = "a certificate that it recorded is not in its database";
  if (destination != nullptr && (source != nullptr || !is_full)) {
    const Pair pair{.source = is_full ? std::optional(source->sha256) : std::nullopt,
                    .destination = destination->sha256};
    std::optional<std::int32_t> binding_user;
    if (is_reply) {
      const auto stored = inside().endpoint(place);
      if (stored) binding_user = stored->row.parties().remote_user();
    }
    wrong = objection(host, record.database, detail_of(record, "from_service"), pair, binding_user);
    check_agreement(host, record, pair, is_reply);
  } else if (!is_full) {
    peer.is_judged = places_.contains({record.conversation_id, true});
  }
  if (!wrong.empty() && !was_allowed)
    find(host,
         fmt::format("{}: its first message was accepted, and {}", text_of(direction), wrong));
}

// That the other side is who this one recorded, and means the same by this conversation.
void Authentication::check_agreement(Host host, const TraceRecord& record, const Pair& pair,
                                     bool is_reply) {
  Peer& peer = peers_[place_of(host, record)];
  peer.first = pair;
  const Direction direction{record.conversation_id, !is_reply};
  const auto far = places_.find({record.conversation_id, !is_reply});
  peer.is_judged = pair.source ? is_held_by_an_instance(*pair.source) : far != places_.end();
  if (!peer.is_judged || is_disclosed(pair)) return;
  const auto fail = [&](const char* what) {
    find(host, fmt::format("{}: {}", text_of(direction), what));
  };
  if (pair.source && !held_[direction].contains(*pair.source))
    return fail("who sent its first message does not hold the source certificate's private key");
  const auto here = inside().endpoint(place_of(host, record));
  const auto there = far == places_.end() ? std::nullopt : inside().endpoint(far->second);
  if (!here || !there) return;
  const auto own = here->row;
  const auto other = there->row;
  if (own.own_service() != other.far_service() || own.far_service() != other.own_service())
    return fail("both sides name different services");
  const auto broker = proto::BrokerId::from_bytes(proto::as_bytes(own.far_broker()));
  if (broker && broker->text() != inside().broker_id(far->second.host, far->second.database))
    return fail("it takes another broker for its peer than the one that has the conversation");
  const auto destination = digest_of(other.parties().destination_sha256());
  if (destination && *destination != pair.destination && !is_reply)
    return fail("it was sealed for another certificate than the one that it recorded");
}

}  // namespace ssb::sim::judges
