// The back end on real sockets: every instance is a net::Host on a loopback address of its own, all on one thread.
//
//   Addresses  127.a.b.2 and up, in a block that this process holds by a bound guard socket, so that several runs on one machine never
//              meet; every script may use port 4022 or 1433 on each host.
//   Time       one clock for all, which goes with the real one while nothing but the network is waited for, and not while the
//              processor works: a slow machine changes nothing. The directives of the scenario move it; and once sockets and queues
//              have been quiet, it goes to the next deadline at once.
//   Errors     a Reason with is_environment for ports, folders and the like.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "broker/conversation/engine.h"
#include "broker/crypto/rsa.h"
#include "sim/scenario/backend.h"

namespace ssb::sim::scenario {

struct TcpOptions {
  broker::crypto::RsaKeySource keys;
  std::filesystem::path folder;        // of all instances' data; made when absent
  bool keeps_folder = false;           // it stays behind
  std::filesystem::path capture_file;  // pcap of everything between the instances; empty: none
  bool as_product = false;             // no tombstones (A03)
  std::size_t awake_endpoints_max = broker::conversation::kAwakeEndpointsMax;  // of a database
  std::chrono::seconds batch_timeout{120};  // of real time; a batch that runs longer is cancelled
};

// Thrown out of any call when SIGINT or SIGTERM came; the back end is then only good for its destruction, which tidies up.
struct Interrupted {
  int signal = 0;
};

// Throws std::runtime_error when no block of loopback addresses is free.
[[nodiscard]] std::unique_ptr<Backend> make_tcp_backend(TcpOptions options);

}  // namespace ssb::sim::scenario
