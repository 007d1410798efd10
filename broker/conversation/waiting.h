// One message that waits in a database's file, read apart from any engine: for those who look from outside.
//
//   Errors  heads that do not parse, or do not fit their bodies: StoreFailure.
//   Source  our own; the layout is message_log.h's.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/store/store.h"
#include "proto/bytes.h"

namespace ssb::broker::conversation {

// The body of the message that the endpoint of that handle has sent and that waits under that number; nullopt when none does, or it
// has no body. It is looked for first in `pack` and the one behind it, and `pack` becomes the one where it was: who asks for
// one message after the other need not read the others' heads again. Whatever `pack` is, the answer is the same.
[[nodiscard]] std::optional<proto::Bytes> find_waiting_body(const store::Store& store,
                                                            store::DatabaseId database,
                                                            proto::ByteView handle,
                                                            std::uint64_t sequence,
                                                            std::uint64_t& pack);

}  // namespace ssb::broker::conversation
