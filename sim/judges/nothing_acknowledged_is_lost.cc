#include "sim/judges/nothing_acknowledged_is_lost.h"

#include <algorithm>

#include <fmt/format.h>

namespace ssb::sim::judges {

using proto::EventClass;
using proto::TraceRecord;

void NothingAcknowledgedIsLost::traced(Host host, const TraceRecord& record) {
  if (is_conversation(record, kBeginDialog) || is_conversation(record, kDialogCreated)) {
    const Direction key{record.conversation_id, is_of_initiator(record)};
    if (const auto other = sides_.find(key);
        other != sides_.end() && other->second.place.host != host && !other->second.may_be_gone)
      found_.insert({key.conversation, !key.from_initiator});  // of two targets either may answer
    if (sides_.size() < 2 * kConversationsMax || sides_.contains(key)) {
      sides_[key] = {place_of(host, record), detail_of(record, "from_service"),
                     inside().broker_id(host, record.database)};
    }
  }
  if (is_conversation(record, kTerminateDialog) || is_conversation(record, kEndWithCleanup)) {
    const auto side = sides_.find({record.conversation_id, is_of_initiator(record)});
    if (side != sides_.end()) side->second.may_be_gone = true;
  }
  if (is_acknowledgement_received(record)) acknowledged(host, record);
}

void NothingAcknowledgedIsLost::acknowledged(Host host, const TraceRecord& record) {
  const Direction direction{record.conversation_id, is_of_initiator(record)};
  if (!sides_.contains(direction)) return;
  // What the sender made of the acknowledgement counts: one of a message that was never sent changes nothing.
  const auto sender = inside().endpoint(place_of(host, record));
  if (!sender) return;
  std::uint64_t& highest = acknowledged_[direction];
  highest = std::max(highest, std::min(sender->row.acknowledged(), number_of(record, "ack")));
  check(direction);
}

void NothingAcknowledgedIsLost::check(const Direction& direction) {
  const auto side = sides_.find({direction.conversation, !direction.from_initiator});
  const auto acknowledged = acknowledged_.find(direction);
  if (side == sides_.end() || acknowledged == acknowledged_.end()) return;
  const Host host = side->second.place.host;
  if (!inside().is_running(host) || !inside().is_disk_honest(host)) return;
  const auto receiver = inside().endpoint(side->second.place);
  if (!receiver || receiver->row.receive_sequence() >= acknowledged->second) return;
  if (!found_.insert(direction).second) return;
  find(host, fmt::format("{}: {} messages were acknowledged, and {} are stored", text_of(direction),
                         acknowledged->second, receiver->row.receive_sequence()));
}

void NothingAcknowledgedIsLost::check_presence(const Direction& direction, Side& side) {
  if (side.may_be_gone || inside().endpoint(side.place)) return;
  const bool was_dropped =
      !inside().has_service(side.place.host, side.place.database, side.service) ||
      inside().broker_id(side.place.host, side.place.database) != side.broker_id;
  side.may_be_gone = true;
  if (was_dropped) return;
  find(side.place.host,
       fmt::format("conversation {}: its {} endpoint in {} is gone after the restart",
                   direction.conversation, direction.from_initiator ? "initiator" : "target",
                   side.place.database));
}

void NothingAcknowledgedIsLost::ending(Host host, End end) {
  if (end == End::store_failed || !inside().is_running(host)) return;
  for (auto& [direction, side] : sides_) {
    if (side.place.host == host && !side.may_be_gone && !inside().endpoint(side.place))
      side.may_be_gone = true;
  }
}

void NothingAcknowledgedIsLost::started(Host host) {
  if (!inside().is_running(host) || !inside().is_disk_honest(host)) return;
  for (auto& [direction, side] : sides_) {
    if (side.place.host != host) continue;
    check_presence(direction, side);
    check({direction.conversation, !direction.from_initiator});
  }
}

}  // namespace ssb::sim::judges
