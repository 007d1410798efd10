#include "sim/hop.h"

namespace ssb::sim {

using proto::envelope::DialogHeader;

namespace {

// A message that is overtaken comes up to so much later.
constexpr std::uint64_t kReorderMaxUs = 50'000;

bool is_of_kind(const DialogHeader& header, HopFaults::Kind kind) {
  switch (kind) {
    case HopFaults::Kind::begin: return header.kind() == DialogHeader::BEGIN;
    case HopFaults::Kind::sequenced: return header.kind() == DialogHeader::SEQUENCED;
    case HopFaults::Kind::ack: return header.kind() == DialogHeader::ACK;
    case HopFaults::Kind::error: return header.kind() == DialogHeader::ERROR || header.is_error();
    case HopFaults::Kind::end: return header.is_end_dialog();
  }
  return false;
}

}  // namespace

bool Hop::hits(const broker::MessageArrived& arrived) const {
  if (!faults.only && !faults.only_conversation && faults.only_type.empty()) return true;
  DialogHeader header;
  if (!header.ParseFromArray(arrived.message.header.data(),
                             static_cast<int>(arrived.message.header.size())))
    return false;
  if (faults.only && !is_of_kind(header, *faults.only)) return false;
  if (!faults.only_type.empty() && header.message_type() != faults.only_type) return false;
  return !faults.only_conversation ||
         proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id())) ==
             faults.only_conversation;
}

void Hop::pass_after(proto::Duration delay, broker::MessageArrived arrived, const Pass& pass) {
  scheduler_.at(scheduler_.now() + delay, [pass, arrived = std::move(arrived)] { pass(arrived); });
}

broker::MessageArrived Hop::corrupted(const broker::MessageArrived& arrived) {
  broker::MessageArrived changed = arrived;
  proto::Bytes& header = changed.message.header;
  proto::Bytes& body = changed.message.body;
  const bool is_body = !body.empty() && (header.empty() || random_.chance(0.5));
  proto::Bytes& part = is_body ? body : header;
  if (!part.empty())
    part[random_.below(part.size())] ^= static_cast<std::uint8_t>(1 + random_.below(255));
  return changed;
}

bool Hop::take(const broker::MessageArrived& arrived, const Pass& pass) {
  if (!hits(arrived)) return false;
  if (random_.chance(faults.loss)) {
    probe_("hop.lost");
    return true;
  }
  if (random_.chance(faults.corrupt)) {
    probe_("hop.corrupted");
    pass_after(faults.delay, corrupted(arrived), pass);
    return true;
  }
  if (random_.chance(faults.duplicate)) {
    probe_("hop.repeated");
    pass_after(faults.delay + proto::Duration(1), arrived, pass);
  }
  if (random_.chance(faults.reorder)) {
    probe_("hop.reordered");
    const auto late = static_cast<std::int64_t>(1 + random_.below(kReorderMaxUs));
    pass_after(faults.delay + proto::Duration(late), arrived, pass);
    return true;
  }
  if (faults.delay.count() == 0) return false;
  probe_("hop.delayed");
  pass_after(faults.delay, arrived, pass);
  return true;
}

}  // namespace ssb::sim
