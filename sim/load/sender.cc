#include "sim/load/sender.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/load/clock.h"
#include "sim/load/setup_sql.h"

namespace ssb::sim::load {
namespace {

using broker::Client;
using broker::ClientStep;
using proto::Result;

// So many dialogs may wait before those behind them are not looked at: acknowledgements come nearly in the order of sending, and a look
// must not take longer than what it looks for.
constexpr std::size_t kWaitingMax = 64;

}  // namespace

Sender::Sender(net::Host& host, Workload workload, Window& window, OnFailure on_failure)
    : host_(host),
      workload_(workload),
      window_(window),
      on_failure_(std::move(on_failure)),
      body_(workload_.size_bytes) {
  for (std::uint32_t i = 0; i < workload_.dialogs; ++i)
    slots_.push_back(std::make_shared<Dialog>());
}

void Sender::begin(const Phases& phases) {
  phases_ = phases;
  if (!workload_.is_closed()) arrivals_.emplace(workload_.arrival, workload_.rate, workload_.seed);
  if (workload_.keeps_progress) return resume();
  start();
}

void Sender::find_queue(Client& client) {
  if (database_) return;
  database_ = client.database(kInitiatorDatabase);
  const auto queue = database_ ? client.queue_of(*database_, kInitiatorService) : std::nullopt;
  if (queue) queue_ = *queue;
}

void Sender::resume() {
  host_.run(
      [this](Client& client) -> Result<ClientStep> {
        find_queue(client);
        auto found = read_progress(client, database_.value_or(0));
        if (!found) return found.error();
        progress_ = std::move(*found);
        return ClientStep::done;
      },
      [this](const Result<void>& result) {
        if (!result) return fail("what was sent before", result.error());
        submitted_ = sent_ = progress_.messages;
        dialogs_ = progress_.dialogs;
        for (std::size_t i = 0; i < std::min(slots_.size(), progress_.next.size()); ++i) {
          slots_[i]->handle = progress_.next[i].first;
          slots_[i]->next = progress_.next[i].second;
        }
        // What the schedule had for them is done.
        for (std::uint64_t i = 0; arrivals_ && i < sent_; ++i) arrivals_->pop();
        start();
      });
}

void Sender::start() {
  is_started_ = true;
  // Asked again after each change: when acknowledgements came, and when something lies in the queue.
  host_.run(
      [this](Client& client) -> Result<ClientStep> {
        look_for_acknowledgements(client);
        return ClientStep::wait;
      },
      {});
  if (workload_.request_reply) take_replies();
  pump();
}

void Sender::fail(const std::string& text) {
  is_stopped_ = true;
  if (!std::exchange(has_failed_, true)) on_failure_(text);
}
void Sender::fail(const char* what, const proto::Error& error) {
  fail(fmt::format("{}: {} {}", what, error.number(), error.text()));
}

// ---- what may be sent ----

std::uint64_t Sender::on_the_way() const {
  // Nobody tells past the network what another machine has received: acknowledged is what it has durably.
  if (workload_.is_remote && !workload_.request_reply) return submitted_ - sent_ + unacknowledged_;
  return submitted_ - (workload_.request_reply ? replied_ : window_.received());
}

std::vector<Nanoseconds> Sender::due(std::size_t most) {
  const Nanoseconds now = monotonic_now();
  if (arrivals_) {
    auto out = arrivals_->due(now - phases_.begin, phases_.measured_until - phases_.begin, most);
    for (Nanoseconds& at : out) at += phases_.begin;
    return out;
  }
  if (now >= phases_.measured_until) return {};
  // Not in driblets: a transaction of one message for each that was received would be another load.
  const std::uint64_t wanted = std::min<std::uint64_t>(most, workload_.in_flight);
  const auto has_room = [&] { return on_the_way() + wanted <= workload_.in_flight; };
  if (!has_room()) {
    if (workload_.request_reply || workload_.is_remote) return {};
    window_.wait();
    if (!has_room()) return {};
  }
  std::vector<Nanoseconds> out(wanted);
  std::fill(out.begin(), out.end(), now);
  return out;
}

Sender::DialogPointer* Sender::free_slot() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    DialogPointer& slot = slots_[(next_slot_ + i) % slots_.size()];
    if (slot->is_busy) continue;
    next_slot_ = (next_slot_ + i + 1) % slots_.size();
    return &slot;
  }
  return nullptr;
}

void Sender::pump() {
  while (is_started_ && !is_stopped_) {
    DialogPointer* slot = free_slot();
    if (slot == nullptr) return;
    std::uint64_t most = workload_.per_transaction;
    if (workload_.per_dialog > 0) most = std::min(most, workload_.per_dialog - (*slot)->next);
    auto intended = due(static_cast<std::size_t>(most));
    if (intended.empty()) return;
    submit(*slot, std::move(intended));
  }
}

bool Sender::is_done() const {
  const bool all_meant =
      is_stopped_ || !arrivals_ || phases_.begin + arrivals_->next() >= phases_.measured_until;
  return is_started_ && all_meant && submitted_ == sent_ &&
         (!workload_.request_reply || replied_ == sent_) &&
         (is_stopped_ || monotonic_now() >= phases_.measured_until);
}

// ---- a transaction ----

void Sender::submit(DialogPointer& slot, std::vector<Nanoseconds> intended) {
  const auto batch = std::make_shared<Batch>();
  batch->dialog = slot;
  batch->first = slot->next;
  slot->next += intended.size();
  slot->is_busy = true;
  submitted_ += intended.size();
  batch->intended = std::move(intended);
  if (workload_.per_dialog > 0 && slot->next >= workload_.per_dialog) {
    batch->ends = !workload_.request_reply;  // else once all of it has been answered
    slot = std::make_shared<Dialog>();
  }
  host_.run([this, batch](Client& client) { return send(client, *batch); },
            [this, batch](const Result<void>& result) {
              if (!result) return fail("a transaction of the initiator", result.error());
              committed(batch);
            });
}

Result<ClientStep> Sender::send(Client& client, const Batch& batch) {
  find_queue(client);
  Dialog& dialog = *batch.dialog;
  const bool is_new = !dialog.handle;
  if (is_new) {
    broker::conversation::BeginDialogRequest request;
    request.database = database_.value_or(0);
    request.from_service = kInitiatorService;
    request.to_service = kTargetService;
    request.contract = kContract;
    request.encryption = workload_.security != Security::none;
    auto handle = client.begin_dialog(request);
    if (!handle) return handle.error();
    dialog.handle = *handle;
    ++measures_.dialogs;
    ++dialogs_;
  }
  const Nanoseconds before = read_clock(CLOCK_THREAD_CPUTIME_ID);
  std::vector<proto::Bytes> bodies;
  bodies.reserve(batch.intended.size());
  for (std::size_t i = 0; i < batch.intended.size(); ++i)
    bodies.push_back(body_.stamped({.sequence = batch.first + i, .intended = batch.intended[i]}));
  measures_.generator_cpu += read_clock(CLOCK_THREAD_CPUTIME_ID) - before;
  for (proto::Bytes& body : bodies) {
    const auto sent = client.send(*database_, *dialog.handle, kRequest, std::move(body));
    if (!sent) return sent.error();
  }
  if (batch.ends) {
    const auto ended = client.end(*database_, *dialog.handle);
    if (!ended) return ended.error();
  }
  if (workload_.keeps_progress) {
    const auto written = write_progress(client, *database_,
                                        {.dialog = *dialog.handle,
                                         .next = batch.first + batch.intended.size(),
                                         .is_ended = batch.ends,
                                         .messages = batch.intended.size(),
                                         .dialogs = is_new ? 1U : 0U});
    if (!written) return written.error();
  }
  return ClientStep::done;
}

void Sender::committed(const std::shared_ptr<Batch>& batch) {
  const Nanoseconds now = monotonic_now();
  Dialog& dialog = *batch->dialog;
  dialog.is_busy = false;
  sent_ += batch->intended.size();
  measures_.messages += batch->intended.size();
  ++measures_.transactions;
  for (std::size_t i = 0; i < batch->intended.size(); ++i)
    dialog.waiting.push_back(
        {.sequence = batch->first + i, .intended = batch->intended[i], .committed = now});
  unacknowledged_ += batch->intended.size();
  if (!std::exchange(dialog.is_listed, true)) unacknowledged_dialogs_.push_back(batch->dialog);
  pump();
}

// ---- what comes back ----

void Sender::look_for_acknowledgements(Client& client) {
  const Nanoseconds now = monotonic_now();
  for (std::size_t i = 0; i < std::min(kWaitingMax, unacknowledged_dialogs_.size());) {
    Dialog& dialog = *unacknowledged_dialogs_[i];
    // One that is not there any more has been acknowledged to its end.
    const std::uint64_t up_to =
        client.acknowledged(*database_, *dialog.handle).value_or(UINT64_MAX);
    while (!dialog.waiting.empty() && dialog.waiting.front().sequence < up_to) {
      const Nanoseconds intended = dialog.waiting.front().intended;
      if (phases_.measures(intended)) measures_.to_ack.record(now - intended);
      dialog.waiting.pop_front();
      --unacknowledged_;
    }
    if (!dialog.waiting.empty()) {
      ++i;
      continue;
    }
    dialog.is_listed = false;
    unacknowledged_dialogs_.erase(unacknowledged_dialogs_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (workload_.is_remote) pump();  // what is acknowledged is its window
  if (workload_.request_reply || !database_ || client.is_empty(*database_, queue_)) return;
  // Nothing but errors can be there.
  broker::conversation::ReceiveRequest request;
  request.database = *database_;
  request.queue = queue_;
  request.top = 1;
  const auto messages = client.receive(request);
  if (messages && !messages->empty()) {
    const auto& body = messages->front().message_body;
    fail(fmt::format("the initiator's queue has '{}' {}", messages->front().message_type_name,
                     body ? proto::from_utf16le(*body) : ""));
  }
}

void Sender::take_replies() {
  host_.run([this](Client& client) { return receive(client); },
            [this](const Result<void>& result) {
              if (!result) return fail("a RECEIVE of the initiator", result.error());
              const Nanoseconds now = monotonic_now();
              for (const Nanoseconds intended : replies_) {
                if (phases_.measures(intended)) measures_.round_trip.record(now - intended);
              }
              replied_ += replies_.size();
              take_replies();
              pump();
            });
}

Result<ClientStep> Sender::receive(Client& client) {
  replies_.clear();
  if (!database_) return ClientStep::wait;
  broker::conversation::ReceiveRequest request;
  request.database = *database_;
  request.queue = queue_;
  request.top = workload_.per_transaction;
  const auto messages = client.receive(request);
  if (!messages) return messages.error();
  for (const auto& message : *messages) {
    const auto stamp = message.message_type_name == kReply && message.message_body
                           ? body_.read(*message.message_body)
                           : std::nullopt;
    std::string problem =
        stamp ? replies_check_.arrived(message.conversation_handle, stamp->sequence)
              : fmt::format("the initiator received '{}' {}", message.message_type_name,
                            message.message_body ? proto::from_utf16le(*message.message_body) : "");
    if (!problem.empty()) {
      fail(problem);
      return ClientStep::wait;
    }
    replies_.push_back(stamp->intended);
    if (workload_.per_dialog == 0 || stamp->sequence + 1 < workload_.per_dialog) continue;
    static_cast<void>(replies_check_.ended(message.conversation_handle, workload_.per_dialog));
    const auto ended = client.end(*database_, message.conversation_handle);
    if (!ended) return ended.error();
  }
  return replies_.empty() ? ClientStep::wait : ClientStep::done;
}

Measures Sender::take_measures() {
  return std::exchange(measures_, {});
}

}  // namespace ssb::sim::load
