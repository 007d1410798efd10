// After healing no message waits without a reason that somebody can see, and acknowledged work goes on.
//
//   Asked   only when told that everything is healed (at_healed_end): a run may well end in a partition.
//   Sees    each conversation with messages in its transmission queue then. A reason is a transmission status, or, within the last
//           kReasonAge, an event anywhere that refuses, drops or delays a message of that conversation (141 Delayed, 158, 160, 161, 191).
//           And that what was acknowledged goes on: once a sender knows that a message is stored, the next one is, too, unless there
//           is such a reason; so neither the window nor an acknowledgement may be stuck.
//   Not     messages that wait on their queue: receiving is the application's.
//   Disks   make no difference once they are healed.
#pragma once

#include <map>

#include "sim/judges/judge.h"

namespace ssb::sim::judges {

class Liveness final : public Judge {
 public:
  // Three times the longest pause between two tries of a message.
  static constexpr std::chrono::seconds kReasonAge{3 * 64};

  explicit Liveness(const Inside& inside) : Judge(inside, "liveness") {}

  [[nodiscard]] std::string_view statement() const override {
    return "after healing no message waits without a status or a refusal that explains it";
  }
  void traced(Host host, const proto::TraceRecord& record) override;
  void at_healed_end() override;

 private:
  std::map<std::string, proto::TimePoint> reasons_;  // by conversation, the last one
};

}  // namespace ssb::sim::judges
