// What a node did for its messages, counted: cryptography of dialogs, the disk, the network. Beside processor time, which depends on the
// machine, these depend on the protocol and on how it is batched, and on nothing else.
//
//   Units   counts since the start of the process; bytes. `read_calls` and `write_calls` are the system's own (/proc/self/io), of files,
//           event descriptors and the load's own lines alike, 0 where it does not tell or where two nodes share a process; sockets are
//           in `network`.
#pragma once

#include <string>
#include <vector>

#include "broker/dialog/operation_counts.h"
#include "broker/store/counting_disk.h"
#include "transport/net/traffic.h"

namespace ssb::sim::load {

struct Costs {
  broker::dialog::OperationCounts dialogs;
  broker::store::DiskCounts disk;
  net::Traffic network;
  std::uint64_t read_calls = 0;
  std::uint64_t write_calls = 0;
};

// Each with its name.
template <typename C, typename Visit>
void visit_costs(C& costs, Visit visit) {
  broker::dialog::visit_counts(costs.dialogs, visit);
  visit("disk_writes", costs.disk.writes);
  visit("disk_bytes_written", costs.disk.bytes_written);
  visit("disk_reads", costs.disk.reads);
  visit("disk_bytes_read", costs.disk.bytes_read);
  visit("disk_syncs", costs.disk.syncs);
  visit("network_sends", costs.network.sends);
  visit("network_bytes_sent", costs.network.sent_bytes);
  visit("network_receives", costs.network.receives);
  visit("network_bytes_received", costs.network.received_bytes);
  visit("read_calls", costs.read_calls);
  visit("write_calls", costs.write_calls);
}

// What has come since `before`, an earlier reading.
[[nodiscard]] Costs since(const Costs& now, const Costs& before);

// Of this process, into what the system counts.
void read_system_calls(Costs& costs);

// A line of the table of operations: two nodes side by side.
struct Operation {
  std::string what;
  double initiator = 0;
  double target = 0;
};
// For 1,000 messages (more than 0) each; all lines, in one order, whether there were any or not.
[[nodiscard]] std::vector<Operation> operations_of(const Costs& initiator, const Costs& target,
                                                   std::uint64_t messages);

}  // namespace ssb::sim::load
