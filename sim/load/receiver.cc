#include "sim/load/receiver.h"

#include <utility>

#include <fmt/format.h>

#include "sim/load/clock.h"
#include "sim/load/setup_sql.h"

namespace ssb::sim::load {
namespace {

using broker::Client;
using broker::ClientStep;
using proto::Result;

constexpr std::string_view kEndDialog = "http://schemas.microsoft.com/SQL/ServiceBroker/EndDialog";

}  // namespace

Receiver::Receiver(net::Host& host, Workload workload, Window& window, OnFailure on_failure)
    : host_(host),
      workload_(workload),
      window_(window),
      on_failure_(std::move(on_failure)),
      body_(workload_.size_bytes),
      batches_(workload_.receivers) {}

void Receiver::begin(const Phases& phases) {
  phases_ = phases;
  if (workload_.keeps_progress) return resume();
  for (std::size_t i = 0; i < batches_.size(); ++i) ask(i);
}

void Receiver::find_queue(Client& client) {
  if (database_) return;
  database_ = client.database(kTargetDatabase);
  const auto queue = database_ ? client.queue_of(*database_, kTargetService) : std::nullopt;
  if (queue) queue_ = *queue;
}

void Receiver::resume() {
  host_.run(
      [this](Client& client) -> Result<ClientStep> {
        find_queue(client);
        auto found = read_progress(client, database_.value_or(0));
        if (!found) return found.error();
        progress_ = std::move(*found);
        return ClientStep::done;
      },
      [this](const Result<void>& result) {
        if (!result)
          return violated(fmt::format("what was received before: {} {}", result.error().number(),
                                      result.error().text()));
        received_ = progress_.messages;
        for (const auto& [dialog, next] : progress_.next) check_.expect(dialog, next);
        for (std::size_t i = 0; i < batches_.size(); ++i) ask(i);
      });
}

void Receiver::ask(std::size_t receiver) {
  host_.run([this, receiver](Client& client) { return receive(client, batches_[receiver]); },
            [this, receiver](const Result<void>& result) {
              if (!result)
                return violated(fmt::format("a RECEIVE of the target: {} {}",
                                            result.error().number(), result.error().text()));
              committed(batches_[receiver]);
              ask(receiver);
            });
}

Result<ClientStep> Receiver::receive(Client& client, Batch& batch) {
  batch.intended.clear();
  batch.ended = 0;
  batch.dialog.reset();
  if (has_failed_) return ClientStep::wait;
  find_queue(client);
  broker::conversation::ReceiveRequest request;
  request.database = database_.value_or(0);
  request.queue = queue_;
  request.top = workload_.per_transaction;
  auto messages = client.receive(request);
  if (!messages) return messages.error();
  if (messages->empty()) return ClientStep::wait;
  const Nanoseconds before = read_clock(CLOCK_THREAD_CPUTIME_ID);
  for (const auto& message : *messages) check(message, batch);
  measures_.generator_cpu += read_clock(CLOCK_THREAD_CPUTIME_ID) - before;
  for (auto& message : *messages) {
    const auto answered = answer(client, message, batch);
    if (!answered) return answered.error();
  }
  if (workload_.keeps_progress && batch.dialog) {
    const auto written = write_progress(client, *database_,
                                        {.dialog = *batch.dialog,
                                         .next = batch.next,
                                         .is_ended = batch.ended > 0,
                                         .messages = batch.intended.size(),
                                         .dialogs = batch.ended});
    if (!written) return written.error();
  }
  return ClientStep::done;
}

void Receiver::check(const broker::conversation::QueuedMessage& message, Batch& batch) {
  batch.dialog = message.conversation_handle;
  if (message.message_type_name != kRequest) return;
  const auto stamp = message.message_body ? body_.read(*message.message_body) : std::nullopt;
  const std::string problem =
      stamp ? check_.arrived(message.conversation_handle, stamp->sequence)
            : fmt::format("dialog {}: message {} is not as it was sent",
                          message.conversation_handle.text(), message.message_sequence_number);
  if (!problem.empty()) violated(problem);
  batch.intended.push_back(stamp ? stamp->intended : 0);
  batch.next = stamp ? stamp->sequence + 1 : batch.next;
}

Result<void> Receiver::answer(Client& client, broker::conversation::QueuedMessage& message,
                              Batch& batch) {
  if (message.message_type_name == kRequest) {
    if (!workload_.request_reply) return {};
    return client.send(*database_, message.conversation_handle, kReply,
                       std::move(message.message_body));
  }
  if (message.message_type_name == kEndDialog) {
    const std::string problem = check_.ended(message.conversation_handle, workload_.per_dialog);
    if (!problem.empty()) violated(problem);
    ++batch.ended;
    return client.end(*database_, message.conversation_handle);
  }
  violated(fmt::format("the target received '{}' {}", message.message_type_name,
                       message.message_body ? proto::from_utf16le(*message.message_body) : ""));
  return {};
}

void Receiver::committed(const Batch& batch) {
  const Nanoseconds now = monotonic_now();
  for (const Nanoseconds intended : batch.intended) {
    // The clock of another machine has another begin.
    if (phases_.measures(intended) && !workload_.is_remote)
      measures_.to_receive.record(now - intended);
  }
  received_ += batch.intended.size();
  measures_.messages += batch.intended.size();
  measures_.dialogs += batch.ended;
  ++measures_.transactions;
  if (!batch.intended.empty()) window_.received(batch.intended.size());
}

void Receiver::violated(const std::string& text) {
  if (!std::exchange(has_failed_, true)) on_failure_(text);
}

Measures Receiver::take_measures() {
  return std::exchange(measures_, {});
}

}  // namespace ssb::sim::load
