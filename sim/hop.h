// What a forwarder between two instances does to the dialog messages that pass it: loses, repeats, delays, reorders.
//
//   The messages are whole and, unless the dialog is clear, sealed: no key is needed for any of this.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "proto/envelope.pb.h"
#include "proto/ids.h"
#include "sim/random.h"
#include "sim/scheduler.h"
#include "transport/wire/server.h"

namespace ssb::sim {

// Of one direction. Probabilities are 0 to 1; a filter that is absent lets every message be hit.
struct HopFaults {
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;
  proto::Duration delay{0};
  std::optional<proto::envelope::DialogHeader::Kind> only;
  std::optional<proto::ConversationId> only_conversation;
};

class Hop {
 public:
  // Hands a message to the node after all.
  using Pass = std::function<void(broker::MessageArrived arrived)>;
  // Counts what was done: "hop.lost", "hop.repeated", "hop.delayed", "hop.reordered".
  using Probe = std::function<void(const char* name)>;

  Hop(Scheduler& scheduler, Random random, Probe probe)
      : scheduler_(scheduler), random_(random), probe_(std::move(probe)) {}

  HopFaults faults;

  // As wire::Server::Interceptor. `pass` is called later, if at all.
  [[nodiscard]] bool take(const broker::MessageArrived& arrived, const Pass& pass);

 private:
  [[nodiscard]] bool hits(const broker::MessageArrived& arrived) const;
  void pass_after(proto::Duration delay, broker::MessageArrived arrived, const Pass& pass);

  Scheduler& scheduler_;
  Random random_;
  Probe probe_;
};

}  // namespace ssb::sim
