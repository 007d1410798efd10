// One node of a load with what drives it: it is told what to do down a socket, and says what came of it.
//
//   Two threads: the node's strand, with the sender or the receiver on it; and the one that calls, for the socket, the clock of the
//   schedule and the intervals. So the schedule is kept while the node is busy, and its lateness is known apart from the node's.
//   Shape   JSON objects, a line each.
//           to it: {"do": "sql", "text": t} | {"do": "begin", "begin": ns, "from": ns, "until": ns} | {"do": "state"} | {"do": "stop"} |
//                  {"do": "control", "text": line for the far side} | {"do": "rest"} | {"do": "finish"}
//           from it: {"type": "sql", "error": t or ""} | {"type": "interval", measures} once a second of the measured time |
//                    {"type": "state", "messages": n, "replies": n, "dialogs": n, "unacknowledged": n, "done": bool, "trouble": t} |
//                    {"type": "rest", measures} for rest, and for finish its last | {"type": "control", "text": line of the far side} |
//                    {"type": "failure", "text": t}
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "broker/crypto/rsa.h"
#include "sim/load/setup_sql.h"
#include "sim/load/window.h"
#include "sim/load/workload.h"

namespace ssb::sim::load {

struct PartyOptions {
  Side side = Side::initiator;
  Workload workload;
  std::filesystem::path folder;  // of its data
  std::vector<broker::crypto::RsaPrivateKey>
      keys;                 // of its certificates, in the order in which they are made
  std::string address;      // that it listens on, with the port of the set up
  bool has_process = true;  // of its own: all processor time of the process is its
};

// Serves until it has finished, or the socket ends. The descriptor is closed.
void serve_party(const PartyOptions& options, Window& window, int socket);

}  // namespace ssb::sim::load
