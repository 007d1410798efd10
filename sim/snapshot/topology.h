// Writes a set of snapshots as a scenario: T-SQL that builds the same instances, and what had to become something else.
//
//   The databases of all instances are created first, so that their broker ids do not hang on what follows: `broker_ids` of a run of
//   databases_script() are those of topology_script() under the same seed, and routes by BROKER_INSTANCE can name them.
//   Not built: activation (no procedure comes along), conversations and messages, Windows authentication, mirroring, asymmetric keys.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/catalog/instance.h"
#include "sim/snapshot/identities.h"
#include "sim/snapshot/snapshot.h"

namespace ssb::sim::snapshot {

inline constexpr std::uint64_t kSeed = 1;

// Somebody's host name in a route, and the server that it is.
using Peers = std::map<std::string, std::string>;  // both in lower case
// By (server as the script calls it, database); in upper case.
using BrokerIds = std::map<std::pair<std::string, std::string>, std::string>;

// Of the databases of an instance that has run databases_script().
void add_broker_ids(const std::string& name, const broker::catalog::Instance& instance,
                    BrokerIds& out);

struct Mapping {
  std::string place;  // "SQL01.Sales"
  std::string kind;   // "certificate", "broker id", "host", "left out", ...
  std::string from;
  std::string to;

  [[nodiscard]] std::string text() const;
};

class Topology {
 public:
  Topology(const std::vector<Snapshot>& snapshots, Peers peers);

  // What the script calls the server of that snapshot.
  [[nodiscard]] const std::string& instance(std::size_t snapshot) const {
    return instances_[snapshot];
  }
  // Whether a route names the broker id of a database of the set.
  [[nodiscard]] bool needs_broker_ids() const;
  [[nodiscard]] std::string databases_script() const;
  [[nodiscard]] std::string topology_script(Identities& identities, const BrokerIds& broker_ids,
                                            std::vector<Mapping>& mapping) const;
  // The address as the script has it; the same, and `is_known` false, for a host that is none of the set.
  [[nodiscard]] std::string address(const std::string& address, bool& is_known) const;
  // The new broker id of a GUID of the snapshots; the same where it is nobody's.
  [[nodiscard]] std::string broker_id(const std::string& guid, const BrokerIds& broker_ids) const;
  [[nodiscard]] const std::vector<Snapshot>& snapshots() const { return snapshots_; }

 private:
  [[nodiscard]] proto::TimePoint start() const;  // of the latest snapshot
  [[nodiscard]] proto::TimePoint begin() const;  // of the script's clock

  const std::vector<Snapshot>& snapshots_;
  Peers peers_;
  std::vector<std::string> instances_;
};

}  // namespace ssb::sim::snapshot
