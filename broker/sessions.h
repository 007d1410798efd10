// The sessions of one instance, by the number that who opened them gave them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "broker/tsql/session.h"

namespace ssb::broker {

using SessionId = std::uint32_t;
using Sessions = std::map<SessionId, std::unique_ptr<tsql::Session>>;

}  // namespace ssb::broker
