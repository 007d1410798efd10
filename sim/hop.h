// What a forwarder between two instances does to the dialog messages that pass it: loses, repeats, delays, reorders, changes a byte.
//
//   The messages are whole and, unless the dialog is clear, sealed: no key is needed for any of this. A changed message of a dialog
//   with security must be refused; in a dialog without any, nobody can tell.
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
  double corrupt = 0;  // one byte of the header or of the body
  proto::Duration delay{0};
  // end: an END CONVERSATION; error: one WITH ERROR, or what the broker itself found wrong.
  enum class Kind : std::uint8_t { begin, sequenced, ack, error, end };
  std::optional<Kind> only;
  std::optional<proto::ConversationId> only_conversation;
  std::string only_type;  // a message type's name, byte for byte; empty: all
};

class Hop {
 public:
  // Hands a message to the node after all.
  using Pass = std::function<void(broker::MessageArrived arrived)>;
  // Counts what was done: "hop.lost", "hop.repeated", "hop.delayed", "hop.reordered", "hop.corrupted".
  using Probe = std::function<void(const char* name)>;

  Hop(Scheduler& scheduler, Random random, Probe probe)
      : scheduler_(scheduler), random_(std::move(random)), probe_(std::move(probe)) {}

  HopFaults faults;

  // As wire::Server::Interceptor. `pass` is called later, if at all.
  [[nodiscard]] bool take(const broker::MessageArrived& arrived, const Pass& pass);

 private:
  [[nodiscard]] bool hits(const broker::MessageArrived& arrived) const;
  // With one byte of the header or the body changed.
  [[nodiscard]] broker::MessageArrived corrupted(const broker::MessageArrived& arrived);
  void pass_after(proto::Duration delay, broker::MessageArrived arrived, const Pass& pass);

  Scheduler& scheduler_;
  Random random_;
  Probe probe_;
};

}  // namespace ssb::sim
