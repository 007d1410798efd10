// The initiator's part of a load: begins dialogs, sends when the loop says so, and times what comes back.
//
//   On the strand of its host alone. A dialog has one transaction under way at a time; each transaction sends on one dialog.
//   Closed loop   a message is sent when fewer than `in_flight` are on the way: sent and not received (or answered).
//   Open loop     each message has its intended start; what is late is sent late, as many in one transaction as may be.
//   Memory        the schedule is drawn when it is due: a backlog takes none. Bounded by what is not acknowledged.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/load/arrivals.h"
#include "sim/load/body.h"
#include "sim/load/measures.h"
#include "sim/load/order_check.h"
#include "sim/load/progress.h"
#include "sim/load/window.h"
#include "transport/net/host.h"

namespace ssb::sim::load {

class Sender {
 public:
  using OnFailure = std::function<void(const std::string& text)>;
  Sender(net::Host& host, Workload workload, Window& window, OnFailure on_failure);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() = default;

  void begin(const Phases& phases);
  // Sends what may be sent now; called whenever that may have changed.
  void pump();
  // Nothing more is sent, however late it is.
  void stop() { is_stopped_ = true; }
  // All that was meant to be sent is committed; all replies are there.
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] std::uint64_t sent() const { return sent_; }  // committed
  [[nodiscard]] std::uint64_t replied() const { return replied_; }
  [[nodiscard]] std::uint64_t dialogs() const { return dialogs_; }  // begun
  [[nodiscard]] std::uint64_t unacknowledged() const { return unacknowledged_; }

  // What was measured since the last time.
  [[nodiscard]] Measures take_measures();

 private:
  struct Sent {
    std::uint64_t sequence = 0;
    Nanoseconds intended = 0;
    Nanoseconds committed = 0;
  };
  // A dialog in use, and afterwards until all of it has been acknowledged.
  struct Dialog {
    std::optional<proto::ConversationHandle> handle;
    std::uint64_t next = 0;  // sequence of the next message
    bool is_busy = false;
    bool is_listed = false;    // in unacknowledged dialogs
    std::deque<Sent> waiting;  // for their acknowledgement
  };
  using DialogPointer = std::shared_ptr<Dialog>;
  struct Batch {
    DialogPointer dialog;
    std::vector<Nanoseconds> intended;
    std::uint64_t first = 0;
    bool ends = false;
  };

  void find_queue(broker::Client& client);
  void resume();  // what a node that was killed has sent
  void start();
  [[nodiscard]] DialogPointer* free_slot();
  [[nodiscard]] std::vector<Nanoseconds> due(std::size_t most);
  [[nodiscard]] std::uint64_t on_the_way() const;
  void submit(DialogPointer& slot, std::vector<Nanoseconds> intended);
  [[nodiscard]] proto::Result<broker::ClientStep> send(broker::Client& client, const Batch& batch);
  void committed(const std::shared_ptr<Batch>& batch);
  void look_for_acknowledgements(broker::Client& client);
  void take_replies();
  [[nodiscard]] proto::Result<broker::ClientStep> receive(broker::Client& client);
  void fail(const std::string& text);
  void fail(const char* what, const proto::Error& error);

  net::Host& host_;
  const Workload workload_;
  Window& window_;
  OnFailure on_failure_;
  Body body_;
  Phases phases_;
  std::optional<Arrivals> arrivals_;
  std::vector<DialogPointer> slots_;
  std::size_t next_slot_ = 0;
  std::deque<DialogPointer> unacknowledged_dialogs_;
  std::optional<broker::store::DatabaseId> database_;
  std::int32_t queue_ = 0;
  Progress progress_;                 // as it was read
  std::vector<Nanoseconds> replies_;  // intended starts, of the RECEIVE under way
  OrderCheck replies_check_;
  Measures measures_;
  std::uint64_t submitted_ = 0, sent_ = 0, replied_ = 0, dialogs_ = 0, unacknowledged_ = 0;
  bool is_started_ = false;  // what was sent before is known
  bool is_stopped_ = false;
  bool has_failed_ = false;
};

}  // namespace ssb::sim::load
