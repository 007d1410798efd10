#include "sim/hop.h"

namespace ssb::sim {

using proto::envelope::DialogHeader;

namespace {

// A message that is overtaken comes up to so much later.
constexpr std::uint64_t kReorderMaxUs = 50'000;

}  // namespace

bool Hop::hits(const broker::MessageArrived& arrived) const {
  if (!faults.only && !faults.only_conversation) return true;
  DialogHeader header;
  if (!header.ParseFromArray(arrived.message.header.data(),
                             static_cast<int>(arrived.message.header.size())))
    return false;
  if (faults.only && header.kind() != *faults.only) return false;
  return !faults.only_conversation ||
         proto::ConversationId::from_bytes(proto::as_bytes(header.conversation_id())) ==
             faults.only_conversation;
}

void Hop::pass_after(proto::Duration delay, broker::MessageArrived arrived, const Pass& pass) {
  scheduler_.at(scheduler_.now() + delay, [pass, arrived = std::move(arrived)] { pass(arrived); });
}

bool Hop::take(const broker::MessageArrived& arrived, const Pass& pass) {
  if (!hits(arrived)) return false;
  if (random_.chance(faults.loss)) {
    probe_("hop.lost");
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
