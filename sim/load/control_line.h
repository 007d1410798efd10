// Lines of text between the two sides of a load on two machines, over a dialog of their own: what a socket pair is between two processes.
//
//   Shape   a message a line, UTF-8; services LoadInitiatorControl and LoadTargetControl, each with a queue of its own. The initiator's
//           first line begins the dialog; the target answers on the one that it heard from last.
//   Secured as the load's own dialogs are.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/load/setup_sql.h"
#include "transport/net/host.h"

namespace ssb::sim::load {

class ControlLine {
 public:
  using OnLine = std::function<void(std::string text)>;
  using OnFailure = std::function<void(const std::string& text)>;
  // On the strand of the host. `is_secured`: as BEGIN DIALOG asks for it.
  ControlLine(net::Host& host, Side side, bool is_secured, OnLine on_line, OnFailure on_failure);
  ControlLine(const ControlLine&) = delete;
  ControlLine& operator=(const ControlLine&) = delete;
  ~ControlLine() = default;

  // Hears from now on. The service must be there.
  void open();
  void tell(std::string text);

 private:
  [[nodiscard]] proto::Result<broker::ClientStep> receive(broker::Client& client);
  [[nodiscard]] proto::Result<broker::ClientStep> send(broker::Client& client,
                                                       const std::string& text);
  void hear();

  net::Host& host_;
  const Side side_;
  const bool is_secured_;
  OnLine on_line_;
  OnFailure on_failure_;
  std::optional<proto::ConversationHandle> dialog_;
  std::vector<std::string> heard_;  // by the transaction under way
};

}  // namespace ssb::sim::load
