// Opening a sealed body under a session key: what first and later messages share.
#pragma once

#include <optional>

#include "broker/dialog/security.h"

namespace ssb::broker::dialog {

// The body, or nullopt when the tag does not fit. It stands at the begin of `memory`, which grows as it must and is never made smaller.
// A message key is kept only once it has opened something: incarnation ids cost a sender nothing to invent.
[[nodiscard]] std::optional<proto::ByteView> open_sealed(const Arrived& message,
                                                         const SessionKey& key, DatabaseKeys& keys,
                                                         proto::Bytes& memory);

}  // namespace ssb::broker::dialog
