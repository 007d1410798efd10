// Who watches a World: told of everything that happens at nodes, on links and at hops, in order, while it happens.
//
//   An observer may look into nodes (their stores, their catalogs) at the moments that say so, and changes nothing: a run with one has the
//   fingerprint of the run without.
//   Trace records of a step are released after its commit, so a record stands for something durable unless the disk lies; the reverse does
//   not hold: a node that goes down between its commit and the release has done what no record tells.
#pragma once

#include <cstddef>
#include <string>

#include "broker/node.h"
#include "proto/trace.h"

namespace ssb::sim {

class Observer {
 public:
  using Host = std::size_t;  // HostNumber of network.h
  enum class End { stopped, lost_power, store_failed };

  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  // The node runs, and has done no step yet. It may be looked into.
  virtual void started(Host) {}
  // A step is durable; its records and bytes come later, if they come. It may be looked into.
  virtual void committed(Host) {}
  // One record of a step. It may be looked into.
  virtual void traced(Host, const proto::TraceRecord&) {}
  // The node is about to go down; before a loss of power it may be looked into for the last time, after a failure of its store not.
  virtual void ending(Host, End) {}
  // What a node gives to the network, below TLS; addresses "10.0.0.1:4022".
  virtual void sent_bytes(Host, const std::string& /*local*/, const std::string& /*remote*/,
                          proto::ByteView) {}
  // A dialog message between the adjacent layers: as its peer sent it, and as the node gets it, after the hop's faults. It may be looked
  // into; the node is in the middle of a step.
  virtual void came_to_hop(Host, const broker::MessageArrived&) {}
  virtual void passed_hop(Host, const broker::MessageArrived&) {}
};

}  // namespace ssb::sim
