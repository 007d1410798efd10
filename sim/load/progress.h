// How far each dialog of a load is, in a table of the node's own database: written in the transactions that send or receive, so that it
// and the messages are durable together or not at all. A node that was killed goes on with it.
//
//   Shape   LoadProgress(dialog, next): a row for each dialog in use with the sequence of its next message, and one for each sum: 'messages'
//           and 'dialogs', of all that ever were.
//   Source  our own.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "broker/client.h"

namespace ssb::sim::load {

struct Progress {
  std::uint64_t messages = 0;
  std::uint64_t dialogs = 0;
  std::vector<std::pair<proto::ConversationHandle, std::uint64_t>> next;  // by handle
};

[[nodiscard]] proto::Result<Progress> read_progress(broker::Client& client,
                                                    broker::store::DatabaseId database);

// What a transaction adds to it.
struct ProgressStep {
  proto::ConversationHandle dialog;
  std::uint64_t next = 0;  // after it
  bool is_ended = false;   // the dialog's row goes
  std::uint64_t messages = 0;
  std::uint64_t dialogs = 0;
};
[[nodiscard]] proto::Result<void> write_progress(broker::Client& client,
                                                 broker::store::DatabaseId database,
                                                 const ProgressStep& step);

}  // namespace ssb::sim::load
