// The other end of a party's socket: starts it in a process or a thread, tells it what to do, and hears what it says.
#pragma once

#include <optional>
#include <string>
#include <thread>

#include <boost/json/object.hpp>
#include <sys/types.h>

#include "sim/load/party.h"

namespace ssb::sim::load {

class Peer {
 public:
  explicit Peer(PartyOptions options) : options_(std::move(options)) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  // Ends it, in whatever state it is.
  ~Peer();

  // Before any thread of this process. Throws std::system_error.
  void start_process(Window& window);
  void start_thread(Window& window);
  // At once, as kill -9 does: nothing is said, nothing is saved. What it said before is still to be heard. It may be started again.
  void kill();
  void tell(const boost::json::object& line);
  // The next line that has been read whole; nullopt: read more.
  [[nodiscard]] std::optional<boost::json::object> next();
  // Reads what is there; false: the party has ended.
  [[nodiscard]] bool read();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const PartyOptions& options() const { return options_; }

 private:
  PartyOptions options_;
  int descriptor_ = -1;
  pid_t pid_ = -1;
  std::thread thread_;
  std::string got_;
};

}  // namespace ssb::sim::load
