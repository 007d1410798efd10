// What a node asks its host for, released only after the covering commit is durable.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "proto/dialog_message.h"
#include "proto/trace.h"

namespace ssb::broker {

// Hand a dialog message to the adjacent layer, for "TCP://host:port" as a route names it. It may be lost: the engine retries. Once it
// waits no longer, sent or lost, the host says so with LinkRoom; the engine hands over no more than kLinkBytesMax beyond that.
struct Transmit {
  std::string address;
  proto::DialogMessage message;
};
struct Trace {
  proto::TraceRecord record;
};

// Of the conversation engine; the node adds those of its sessions (broker/node.h).
using Action = std::variant<Transmit, Trace>;
using Actions = std::vector<Action>;

}  // namespace ssb::broker
