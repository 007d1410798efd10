#include "sim/judges/endpoints.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "proto/envelope.pb.h"

namespace ssb::sim::judges {

using proto::TimePoint;
using proto::TraceRecord;

namespace {
constexpr int kLocal = 1;  // of event 141
}

void Endpoints::traced(Host host, const TraceRecord& record) {
  if (is_conversation(record, kBeginDialog) || is_conversation(record, kDialogCreated))
    made(host, record);
  if (record.event == proto::EventClass::message_classify && record.subclass == kLocal &&
      is_of_initiator(record))
    heard_of_first_ack(host, record.conversation_id);  // in the commit that delivered
  if (record.event != proto::EventClass::conversation) return;
  TimePoint& latest = latest_[host];
  latest = std::max(latest, inside().now_at(host));
  const auto found = sides_.find({record.conversation_id, is_of_initiator(record)});
  if (found == sides_.end() || found->second.place != place_of(host, record)) return;
  Side& side = found->second;
  if (record.subclass == kEndConversation || record.subclass == kEndWithError ||
      record.subclass == kEndWithCleanup)
    side.ended = inside().now();
  if (record.subclass == kTerminateDialog) side.is_closed = true;
  if (record.subclass == kEndWithCleanup) side.is_cleaned_up = true;
}

void Endpoints::made(Host host, const TraceRecord& record) {
  const Direction key{record.conversation_id, is_of_initiator(record)};
  if (sides_.size() >= 2 * kConversationsMax && !sides_.contains(key)) return;
  Side side;
  side.place = place_of(host, record);
  side.service = detail_of(record, "from_service");
  side.broker_id = inside().broker_id(host, record.database);
  if (const auto stored = inside().endpoint(side.place)) side.expires_us = stored->row.expires_us();
  sides_[key] = std::move(side);
}

void Endpoints::passed_hop(Host host, const broker::MessageArrived& arrived) {
  proto::envelope::DialogHeader header;
  const proto::Bytes& bytes = arrived.message.header;
  if (!header.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !header.from_initiator() || !header.saw_first_ack())
    return;
  const auto conversation =
      proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id()));
  if (conversation) heard_of_first_ack(host, conversation->text());
}

void Endpoints::heard_of_first_ack(Host host, const std::string& conversation) {
  const auto target = sides_.find({conversation, false});
  const bool is_news = target != sides_.end() && target->second.place.host == host &&
                       !target->second.heard_of_first_ack;
  if (is_news) target->second.heard_of_first_ack = inside().now_at(host);
}

// ---- not before its time ----

bool Endpoints::was_dropped(const Side& side) const {
  return !inside().has_service(side.place.host, side.place.database, side.service) ||
         inside().broker_id(side.place.host, side.place.database) != side.broker_id;
}

void Endpoints::check_presence(Host host) {
  if (!inside().is_running(host) || !inside().is_disk_honest(host)) return;
  TimePoint& latest = latest_[host];
  latest = std::max(latest, inside().now_at(host));
  for (auto& [key, side] : sides_) {
    const bool is_closed_target = !key.from_initiator && side.is_closed && !side.is_cleaned_up;
    if (!is_closed_target || side.is_missed || side.place.host != host) continue;
    TimePoint stays_until = proto::kNever;
    if (side.heard_of_first_ack)
      stays_until = *side.heard_of_first_ack + kClosedRetention;
    else if (side.expires_us != 0)
      stays_until = proto::from_unix_us(side.expires_us) + kClosedRetention;
    if (latest >= stays_until || inside().endpoint(side.place) || was_dropped(side)) continue;
    side.is_missed = true;
    find(host,
         fmt::format("conversation {}: the closed row of its target in {} went before {}, "
                     "and nothing but it refuses a replay",
                     key.conversation, side.place.database,
                     stays_until == proto::kNever ? "its date" : proto::to_iso_text(stays_until)));
  }
}

void Endpoints::started(Host host) {
  check_presence(host);
}

void Endpoints::at_end() {
  for (Host host = 0; host < inside().hosts(); ++host) check_presence(host);
}

// ---- goes away ----

void Endpoints::at_healed_end() {
  for (Host host = 0; host < inside().hosts(); ++host) {
    std::set<EndpointPlace> waiting;
    for (const WaitingEndpoint& each : inside().waiting(host)) waiting.insert(each.place);
    for (const StoredEndpoint& endpoint : inside().endpoints(host)) {
      const auto own = sides_.find({endpoint.conversation, endpoint.row.is_initiator()});
      const auto far = sides_.find({endpoint.conversation, !endpoint.row.is_initiator()});
      const bool is_known = own != sides_.end() && far != sides_.end() &&
                            own->second.place == endpoint.place &&
                            !waiting.contains(endpoint.place);
      if (is_known) check_absence(endpoint, own->second, far->second);
    }
  }
}

void Endpoints::check_absence(const StoredEndpoint& endpoint, const Side& own, const Side& far) {
  if (!own.ended || !far.ended) return;
  const TimePoint both = std::max(*own.ended, *far.ended);
  if (inside().now() - both < kSettleTime) return;
  const Host host = endpoint.place.host;
  const auto& row = endpoint.row;
  const char* role = row.is_initiator() ? "initiator" : "target";
  if (row.state() != "CD") {
    find(host, fmt::format("conversation {}: both sides ended it at {}, and its {} is in state {}",
                           endpoint.conversation, proto::to_iso_text(both), role, row.state()));
    return;
  }
  const proto::Duration since = inside().now() - both;
  TimePoint due = inside().now_at(host) - since + kClosedRetention;
  if (row.security_timestamp_us() != 0)
    due = proto::from_unix_us(row.security_timestamp_us());
  else if (row.expires_us() != 0)
    due = proto::from_unix_us(row.expires_us()) + kClosedRetention;
  if (inside().now_at(host) <= due + kSlack) return;
  find(host, fmt::format("conversation {}: both sides ended it at {}, and the closed row of its {} "
                         "in {} should be gone since {}",
                         endpoint.conversation, proto::to_iso_text(both), role,
                         endpoint.place.database, proto::to_iso_text(due)));
}

}  // namespace ssb::sim::judges
