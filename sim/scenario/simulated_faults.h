// Sets the faults that a scenario asks for, in a World.
//
//   Errors  a Reason for an instance that is not there or not running, and for what it does not have.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim/scenario/backend.h"
#include "sim/world.h"

namespace ssb::sim::scenario {

// How the scenario's names are understood.
struct FaultNames {
  std::function<std::optional<HostNumber>(const std::string& node)> host;
  // Of the handle that a variable of an open session holds.
  std::function<std::optional<proto::ConversationId>(const std::string& variable)> conversation;
};

[[nodiscard]] Outcome<> apply_fault(World& world, const FaultNames& names, const Step& fault);

}  // namespace ssb::sim::scenario
