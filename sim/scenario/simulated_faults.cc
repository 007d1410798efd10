#include "sim/scenario/simulated_faults.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "proto/overloaded.h"

namespace ssb::sim::scenario {
namespace {

// A failing disk that retries its sectors.
constexpr proto::Duration kSlowWrite = std::chrono::milliseconds(5);
constexpr proto::Duration kSlowSync = std::chrono::milliseconds(100);
constexpr double kSyncsOfLying = 1000;  // StorageFaults::lying_syncs counts of so many

class FaultSetter {
 public:
  FaultSetter(World& world, const FaultNames& names) : world_(world), names_(names) {}

  Outcome<> set(const Heal&) {
    world_.heal();
    return {};
  }
  Outcome<> set(const Partition& partition) {
    const auto ends = hosts({partition.one, partition.other});
    if (!ends) return ends.error();
    Network& network = world_.network();
    if (partition.is_one_way) {
      network.block((*ends)[0], (*ends)[1]);
    } else {
      network.partition((*ends)[0], (*ends)[1]);
    }
    return {};
  }
  Outcome<> set(const Swizzle& swizzle) {
    const auto found = hosts(swizzle.nodes);
    if (!found) return found.error();
    world_.swizzle(*found, swizzle.within);
    return {};
  }
  Outcome<> set(const Crash& crash);
  Outcome<> set(const NetFault& fault);
  Outcome<> set(const LinkFault& fault);
  Outcome<> set(const DiskFault& fault);
  Outcome<> set(const KeyFault& fault);
  Outcome<> set(const OwnerLost& lost);
  Outcome<> set(const RandomFault& fault);

 private:
  [[nodiscard]] Outcome<std::vector<HostNumber>> hosts(const std::vector<std::string>& nodes);
  [[nodiscard]] Outcome<> damage(HostNumber host, const KeyFault& fault);

  World& world_;
  const FaultNames& names_;
};

Outcome<std::vector<HostNumber>> FaultSetter::hosts(const std::vector<std::string>& nodes) {
  std::vector<HostNumber> found;
  for (const std::string& node : nodes) {
    const auto host = names_.host(node);
    if (!host) return Reason{.text = fmt::format("there is no instance {}", node)};
    found.push_back(*host);
  }
  return found;
}

// One that is not armed has happened already.
Outcome<> FaultSetter::set(const Crash& crash) {
  const auto found = hosts({crash.node});
  if (!found) return found.error();
  const HostNumber host = found->front();
  if (crash.returns_after) world_.return_after(host, *crash.returns_after);
  if (!crash.after) return {};
  if (!world_.is_running(host)) return Reason{.text = fmt::format("{} is not running", crash.node)};
  const std::uint64_t n = static_cast<std::uint64_t>(*crash.after) + 1;
  switch (crash.counted) {
    case Crash::Counted::write: world_.disk(host).fail_at(Storage::Step::write, n); break;
    case Crash::Counted::sync: world_.disk(host).fail_at(Storage::Step::sync, n); break;
    case Crash::Counted::step: world_.disk(host).fail_at(Storage::Step::any, n); break;
    case Crash::Counted::allocation:
      if (!world_.fail_allocation(host, n))
        return Reason{.text = "this build has no allocations that fail (a sanitizer has its own)"};
      break;
  }
  return {};
}

// A value that is not named stays as it is; zero clears it. The filter is of the whole direction.
Outcome<> FaultSetter::set(const NetFault& fault) {
  const auto ends = hosts({fault.from, fault.to});
  if (!ends) return ends.error();
  HopFaults& hop = world_.hop((*ends)[0], (*ends)[1]);
  hop.loss = fault.loss.value_or(hop.loss);
  hop.duplicate = fault.duplicate.value_or(hop.duplicate);
  hop.reorder = fault.reorder.value_or(hop.reorder);
  hop.corrupt = fault.corrupt.value_or(hop.corrupt);
  hop.delay = fault.delay.value_or(hop.delay);
  hop.only.reset();
  hop.only_conversation.reset();
  hop.only_type = fault.only_for_type;
  if (fault.only == "ack") hop.only = HopFaults::Kind::ack;
  if (fault.only == "begin") hop.only = HopFaults::Kind::begin;
  if (fault.only == "sequenced") hop.only = HopFaults::Kind::sequenced;
  if (fault.only == "error") hop.only = HopFaults::Kind::error;
  if (fault.only == "end") hop.only = HopFaults::Kind::end;
  if (fault.only_for_conversation.empty()) return {};
  hop.only_conversation = names_.conversation(fault.only_for_conversation);
  if (!hop.only_conversation)
    return Reason{.text = fmt::format("{} is no conversation handle of an open session",
                                      fault.only_for_conversation)};
  return {};
}

Outcome<> FaultSetter::set(const LinkFault& fault) {
  const auto ends = hosts({fault.from, fault.to});
  if (!ends) return ends.error();
  Network& network = world_.network();
  LinkSettings& link = network.link((*ends)[0], (*ends)[1]);
  if (fault.delay) link.delay = fault.delay->count() == 0 ? LinkSettings().delay : *fault.delay;
  link.jitter = fault.jitter.value_or(link.jitter);
  link.clog = fault.clog.value_or(link.clog);
  if (fault.stall) link.stalled_until = world_.now() + *fault.stall;
  if (fault.bytes_per_second) {
    link.bytes_per_second =
        *fault.bytes_per_second == 0 ? std::optional<std::int64_t>() : fault.bytes_per_second;
  }
  if (fault.connect == "refused") link.connects = LinkSettings::Connects::refused;
  if (fault.connect == "lost") link.connects = LinkSettings::Connects::lost;
  if (fault.connect == "ok") link.connects = LinkSettings::Connects::answered;
  if (fault.corrupt) ++link.corrupt_next;
  if (fault.cut) network.cut((*ends)[0], (*ends)[1]);
  return {};
}

Outcome<> FaultSetter::set(const DiskFault& fault) {
  const auto found = hosts({fault.node});
  if (!found) return found.error();
  Storage& disk = world_.disk(found->front());
  if (fault.mode == "ok") {
    disk.make_well();  // a crash that waits for a step, too
    return {};
  }
  StorageFaults faults = disk.faults();
  if (fault.mode == "full") faults.capacity_bytes = disk.used_bytes();
  if (fault.mode == "torn") faults.tears_writes = true;
  if (fault.mode == "lying")
    faults.lying_syncs = static_cast<std::uint32_t>(std::lround(fault.share * kSyncsOfLying));
  if (fault.mode == "unreadable") faults.unreadable = fault.file;
  if (fault.mode == "slow") {
    faults.write_delay = kSlowWrite;
    faults.sync_delay = kSlowSync;
  }
  disk.set_faults(faults);
  const auto n = static_cast<std::uint64_t>(fault.n);
  if (fault.mode == "misdirects") disk.misdirect_at(n);
  if (fault.mode == "fails") {
    const auto step = fault.counted == "read"    ? Storage::Step::read
                      : fault.counted == "write" ? Storage::Step::write
                      : fault.counted == "sync"  ? Storage::Step::sync
                                                 : Storage::Step::any;
    disk.fail_at(step, n, Storage::Failure::passing);
  }
  if (fault.mode != "rot") return {};
  const bool has_rotted = fault.file.empty()
                              ? disk.rot_anywhere()
                              : disk.rot(fault.file, static_cast<std::uint64_t>(fault.offset), 1);
  if (has_rotted) return {};
  return Reason{.text = fmt::format("there is no durable byte to rot; the disk has {}",
                                    fmt::join(disk.files(), ", "))};
}

Outcome<> FaultSetter::set(const KeyFault& fault) {
  const auto found = hosts({fault.node});
  if (!found) return found.error();
  const HostNumber host = found->front();
  switch (fault.verb) {
    case KeyFault::Verb::machine_lost: world_.lose_machine_key(host, true); return {};
    case KeyFault::Verb::machine_found: world_.lose_machine_key(host, false); return {};
    case KeyFault::Verb::damage_certificate:
    case KeyFault::Verb::damage_master: return damage(host, fault);
  }
  return {};
}

Outcome<> FaultSetter::set(const RandomFault& fault) {
  const auto found = hosts({fault.node});
  if (!found) return found.error();
  const auto kind = fault.mode == "constant"  ? Random::Fault::constant
                    : fault.mode == "repeats" ? Random::Fault::repeats
                    : fault.mode == "fails"   ? Random::Fault::fails
                                              : Random::Fault::none;
  world_.set_random_fault(found->front(), kind, static_cast<std::uint64_t>(fault.period));
  return {};
}

Outcome<> FaultSetter::set(const OwnerLost& lost) {
  namespace catalog = broker::catalog;
  constexpr std::int32_t kNobody = std::numeric_limits<std::int32_t>::max();
  const auto found = hosts({lost.node});
  if (!found) return found.error();
  const HostNumber host = found->front();
  if (!world_.is_running(host)) return Reason{.text = fmt::format("{} is not running", lost.node)};
  catalog::Instance& instance = world_.server(host).node().instance();
  const catalog::Catalog* database = instance.database(lost.database);
  if (database == nullptr)
    return Reason{.text = fmt::format("{} has no database {}", lost.node, lost.database)};
  catalog::Transaction change = instance.begin();
  catalog::pb::Database row = instance.info(database->id());
  row.set_owner_login(kNobody);
  instance.put_info(change, row);
  if (const auto committed = instance.commit(std::move(change)); !committed)
    return Reason{.text = committed.error().text()};
  world_.give(host, broker::Event(broker::TimerDue{}));  // whose commit makes it durable
  return {};
}

// As if the stored row had rotted and its page had been read again: the catalog has it as the disk has it.
Outcome<> FaultSetter::damage(HostNumber host, const KeyFault& fault) {
  namespace catalog = broker::catalog;
  if (!world_.is_running(host)) return Reason{.text = fmt::format("{} is not running", fault.node)};
  catalog::Instance& instance = world_.server(host).node().instance();
  catalog::Catalog* database = instance.database(fault.database);
  if (database == nullptr)
    return Reason{.text = fmt::format("{} has no database {}", fault.node, fault.database)};
  const auto flip = [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; };
  const auto none = [&](std::string_view what) {
    return Reason{.text = fmt::format("{}.{} has no {}", fault.node, fault.database, what)};
  };
  catalog::Transaction change = instance.begin();
  if (fault.verb == KeyFault::Verb::damage_certificate) {
    const auto* row = database->table<catalog::pb::Certificate>().find(fault.name);
    if (row == nullptr || row->private_key().empty())
      return none(fmt::format("certificate {} with a private key", fault.name));
    catalog::pb::Certificate damaged = *row;
    flip(*damaged.mutable_private_key());
    database->put(change, damaged.id(), damaged);
  } else {
    const auto* row = database->master_key();
    if (row == nullptr || row->under_service_master_key().empty())
      return none("master key that the service master key opens");
    catalog::pb::MasterKey damaged = *row;
    flip(*damaged.mutable_under_service_master_key());
    database->put(change, catalog::kMasterKeyId, damaged);
  }
  if (const auto committed = instance.commit(std::move(change)); !committed)
    return Reason{.text = committed.error().text()};
  world_.give(host, broker::Event(broker::TimerDue{}));  // whose commit makes it durable
  world_.note_damage();
  return {};
}

}  // namespace

Outcome<> apply_fault(World& world, const FaultNames& names, const Step& fault) {
  FaultSetter setter(world, names);
  return std::visit(
      proto::Overloaded{
          [&](const Heal& action) { return setter.set(action); },
          [&](const Partition& action) { return setter.set(action); },
          [&](const Swizzle& action) { return setter.set(action); },
          [&](const Crash& action) { return setter.set(action); },
          [&](const NetFault& action) { return setter.set(action); },
          [&](const LinkFault& action) { return setter.set(action); },
          [&](const DiskFault& action) { return setter.set(action); },
          [&](const KeyFault& action) { return setter.set(action); },
          [&](const OwnerLost& action) { return setter.set(action); },
          [&](const RandomFault& action) { return setter.set(action); },
          [](const auto&) -> Outcome<> { return Reason{.text = "this step sets no fault"}; },
      },
      fault.action);
}

}  // namespace ssb::sim::scenario
