// The target's part of a load: RECEIVEs, checks, counts, and answers when it is asked to.
//
//   On the strand of its host alone. `receivers` transactions are under way or wait, each takes messages of one conversation group.
//   Errors  what is lost, repeated, out of order or changed is a violation: the run has failed, whatever its figures.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/load/body.h"
#include "sim/load/measures.h"
#include "sim/load/order_check.h"
#include "sim/load/progress.h"
#include "sim/load/window.h"
#include "transport/net/host.h"

namespace ssb::sim::load {

class Receiver {
 public:
  using OnFailure = std::function<void(const std::string& text)>;
  Receiver(net::Host& host, Workload workload, Window& window, OnFailure on_failure);
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() = default;

  void begin(const Phases& phases);
  [[nodiscard]] std::uint64_t received() const { return received_; }  // and committed
  // What was measured since the last time.
  [[nodiscard]] Measures take_measures();

 private:
  // Of one transaction.
  struct Batch {
    std::vector<Nanoseconds> intended;
    std::uint64_t ended = 0;
    std::optional<proto::ConversationHandle> dialog;  // all of a transaction are of one
    std::uint64_t next = 0;                           // of it
  };

  void find_queue(broker::Client& client);
  void resume();  // what a node that was killed has received
  void ask(std::size_t receiver);
  [[nodiscard]] proto::Result<broker::ClientStep> receive(broker::Client& client, Batch& batch);
  void check(const broker::conversation::QueuedMessage& message, Batch& batch);
  [[nodiscard]] proto::Result<void> answer(broker::Client& client,
                                           broker::conversation::QueuedMessage& message,
                                           Batch& batch);
  void committed(const Batch& batch);
  void violated(const std::string& text);

  net::Host& host_;
  const Workload workload_;
  Window& window_;
  OnFailure on_failure_;
  Body body_;
  Phases phases_;
  OrderCheck check_;
  std::optional<broker::store::DatabaseId> database_;
  std::int32_t queue_ = 0;
  std::vector<Batch> batches_;  // one a receiver
  Measures measures_;
  Progress progress_;  // as it was read
  std::uint64_t received_ = 0;
  bool has_failed_ = false;
};

}  // namespace ssb::sim::load
