#include "sim/load/control_line.h"

#include <utility>

#include <fmt/format.h>

namespace ssb::sim::load {

using broker::Client;
using broker::ClientStep;
using proto::Result;

ControlLine::ControlLine(net::Host& host, Side side, bool is_secured, OnLine on_line,
                         OnFailure on_failure)
    : host_(host),
      side_(side),
      is_secured_(is_secured),
      on_line_(std::move(on_line)),
      on_failure_(std::move(on_failure)) {}

void ControlLine::open() {
  hear();
}

void ControlLine::hear() {
  host_.run([this](Client& client) { return receive(client); },
            [this](const Result<void>& result) {
              if (!result)
                return on_failure_(fmt::format("the control dialog: {} {}", result.error().number(),
                                               result.error().text()));
              for (std::string& text : std::exchange(heard_, {})) on_line_(std::move(text));
              hear();
            });
}

Result<ClientStep> ControlLine::receive(Client& client) {
  heard_.clear();
  const auto data = client.database(database(side_));
  const auto queue = data ? client.queue_of(*data, control_service(side_)) : std::nullopt;
  if (!queue) return ClientStep::wait;
  broker::conversation::ReceiveRequest request;
  request.database = *data;
  request.queue = *queue;
  const auto messages = client.receive(request);
  if (!messages) return messages.error();
  for (const auto& message : *messages) {
    if (message.message_type_name == kLine && message.message_body) {
      if (side_ == Side::target) dialog_ = message.conversation_handle;
      heard_.push_back(proto::to_string(*message.message_body));
    } else if (message.message_body) {  // an error of the far side
      on_failure_(fmt::format("the control dialog received '{}' {}", message.message_type_name,
                              proto::from_utf16le(*message.message_body)));
    }
  }
  return messages->empty() ? ClientStep::wait : ClientStep::done;
}

void ControlLine::tell(std::string text) {
  host_.run([this, text = std::move(text)](Client& client) { return send(client, text); },
            [this](const Result<void>& result) {
              if (!result)
                on_failure_(fmt::format("the control dialog: {} {}", result.error().number(),
                                        result.error().text()));
            });
}

Result<ClientStep> ControlLine::send(Client& client, const std::string& text) {
  const auto data = client.database(database(side_));
  if (!data || (!dialog_ && side_ == Side::target)) return ClientStep::wait;  // nobody to tell yet
  if (!dialog_) {
    broker::conversation::BeginDialogRequest request;
    request.database = *data;
    request.from_service = control_service(side_);
    request.to_service = control_service(other(side_));
    request.contract = kControl;
    request.encryption = is_secured_;
    auto handle = client.begin_dialog(request);
    if (!handle) return handle.error();
    dialog_ = *handle;
  }
  if (auto sent = client.send(*data, *dialog_, kLine, proto::to_bytes(text)); !sent)
    return sent.error();
  return ClientStep::done;
}

}  // namespace ssb::sim::load
