#include "sim/snapshot/topology.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "sim/snapshot/database_script.h"

namespace ssb::sim::snapshot {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Letters, digits, _ and -: what a script and an address can name.
std::string instance_name(std::string_view server) {
  std::string out;
  for (const char c : server) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    out.push_back(is_plain ? c : '_');
  }
  return out;
}

std::string machine_of(std::string_view server) {
  return lower(server.substr(0, server.find('\\')));
}

std::int64_t port_of(const Snapshot& snapshot) {
  for (const Row& endpoint : snapshot.rows("service_broker_endpoints")) {
    const Row* tcp =
        find_row(snapshot.rows("tcp_endpoints"), "endpoint_id", endpoint.number("endpoint_id"));
    if (tcp != nullptr) return tcp->number("port");
  }
  return 0;
}

bool is_of_users(const std::string& database) {
  return database != "master" && database != "msdb";
}

std::string iso(proto::TimePoint at) {
  return proto::to_iso_text(std::chrono::floor<std::chrono::seconds>(at)).substr(0, 19) + "Z";
}

}  // namespace

void add_broker_ids(const std::string& name, const broker::catalog::Instance& instance,
                    BrokerIds& out) {
  for (const auto& [id, row] : instance.master().table<broker::catalog::pb::Database>()) {
    const auto guid = proto::BrokerId::from_bytes(proto::as_bytes(row.broker_id()));
    if (guid) out[{name, row.name()}] = guid->text();
  }
}

std::string Mapping::text() const {
  return fmt::format("{}  {}: {}{}{}", place, kind, from, to.empty() ? "" : " -> ", to);
}

Topology::Topology(const std::vector<Snapshot>& snapshots, Peers peers)
    : snapshots_(snapshots), peers_(std::move(peers)) {
  std::set<std::string> taken;
  for (const Snapshot& snapshot : snapshots_) {
    const std::string base = instance_name(snapshot.server);
    std::string name = base;
    for (int i = 2; !taken.insert(lower(name)).second; ++i) name = fmt::format("{}_{}", base, i);
    instances_.push_back(std::move(name));
  }
}

proto::TimePoint Topology::start() const {
  proto::TimePoint latest{};
  for (const Snapshot& snapshot : snapshots_) latest = std::max(latest, snapshot.taken_at);
  return latest;
}

// A route whose lifetime is over is made while it still lasts, an endpoint while its certificate does.
proto::TimePoint Topology::begin() const {
  constexpr proto::Duration kMoment = std::chrono::seconds(2);
  const proto::TimePoint end = start();
  proto::TimePoint begin = end;
  for (const Snapshot& snapshot : snapshots_) {
    for (const Database& database : snapshot.databases) {
      for (const Row& route : database.rows("routes")) {
        if (route.has("lifetime") && route.date("lifetime") <= end)
          begin = std::min(begin, end - kMoment);
      }
    }
    for (const Row& endpoint : snapshot.rows("service_broker_endpoints")) {
      const Row* row = find_row(snapshot.find("master")->rows("certificates"), "certificate_id",
                                endpoint.number("certificate_id"));
      if (row != nullptr && row->date("expiry_date") <= end)
        begin = std::min(begin, row->date("expiry_date") - kMoment);
    }
  }
  return begin;
}

std::string Topology::address(const std::string& address, bool& is_known) const {
  is_known = true;
  constexpr std::string_view kTcp = "tcp://";
  if (!lower(address).starts_with(kTcp)) return address;  // LOCAL, TRANSPORT, none
  const std::string rest = address.substr(kTcp.size());
  const std::size_t colon = rest.rfind(':');
  std::int64_t port = 0;
  if (colon != std::string::npos)
    std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), port);
  const std::string host = lower(rest.substr(0, colon));
  const auto named = peers_.find(host);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    const std::string machine = machine_of(snapshots_[i].server);
    const bool is_it = named != peers_.end() ? lower(snapshots_[i].server) == named->second
                                             : host == machine || host.starts_with(machine + ".");
    if (is_it) found.push_back(i);
  }
  is_known = !found.empty();
  if (!is_known) return address;
  const auto fitting =
      std::ranges::find_if(found, [&](std::size_t i) { return port_of(snapshots_[i]) == port; });
  const std::size_t chosen = fitting == found.end() ? found.front() : *fitting;
  return fmt::format("TCP://{}{}", instances_[chosen],
                     colon == std::string::npos ? "" : rest.substr(colon));
}

std::string Topology::broker_id(const std::string& guid, const BrokerIds& broker_ids) const {
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    for (const Database& database : snapshots_[i].databases) {
      if (lower(database.head.text("service_broker_guid")) != lower(guid)) continue;
      const auto found = broker_ids.find({instances_[i], database.name()});
      if (found != broker_ids.end()) return found->second;
    }
  }
  return guid;
}

bool Topology::needs_broker_ids() const {
  return std::ranges::any_of(snapshots_, [](const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.databases, [](const Database& database) {
      return std::ranges::any_of(database.rows("routes"),
                                 [](const Row& route) { return route.has("broker_instance"); });
    });
  });
}

std::string Topology::databases_script() const {
  ScriptText out;
  out.line(fmt::format("--# clock {}", iso(begin())));
  out.line(fmt::format("--# seed {}", kSeed));
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    out.connect(instances_[i]);
    for (const Database& database : snapshots_[i].databases) {
      if (is_of_users(database.name()))
        out.run("master", fmt::format("CREATE DATABASE {}", doctor::bracketed(database.name())));
    }
  }
  return out.take();
}

std::string Topology::topology_script(Identities& identities, const BrokerIds& broker_ids,
                                      std::vector<Mapping>& mapping) const {
  ScriptText out;
  out.line("--# scenario Imported from snapshots");
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    out.line(fmt::format("-- {} is server {}, taken at {}", instances_[i], snapshots_[i].server,
                         iso(snapshots_[i].taken_at)));
    if (instances_[i] != snapshots_[i].server)
      mapping.push_back({instances_[i], "server", snapshots_[i].server, instances_[i]});
    if (snapshots_[i].taken_at != start())
      mapping.push_back({instances_[i], "clock", iso(snapshots_[i].taken_at), iso(start())});
  }
  out.line(databases_script());
  for (std::size_t i = 0; i < snapshots_.size(); ++i) {
    out.connect(instances_[i]);
    ServerScript server{*this, i, identities, broker_ids, begin(), out, mapping};
    server.write();
  }
  if (begin() != start()) out.line(fmt::format("--# until {}", iso(start())));
  return out.take();
}

}  // namespace ssb::sim::snapshot
