#include "sim/world.h"

#include <fmt/format.h>

#include "broker/crypto/failure.h"
#include "broker/routing/route.h"
#include "broker/tsql/convert.h"
#include "proto/check.h"
#include "sim/allocation.h"

namespace ssb::sim {

using proto::TimePoint;

namespace {

// A deadline that has passed is due again after this: a node that cannot get past one must not stop time.
constexpr proto::Duration kWakeMin = std::chrono::milliseconds(1);

// All that a client is told, for the fingerprint.
std::string output_text(const broker::tsql::Output& output) {
  std::string out;
  for (const auto& item : output) {
    if (const auto* rows = std::get_if<broker::tsql::RowSet>(&item)) {
      for (const auto& row : rows->rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
          out += broker::tsql::to_text(row[i], rows->columns[i].type).value_or("NULL") + "|";
        out += "\n";
      }
    } else if (const auto* message = std::get_if<broker::tsql::ServerMessage>(&item)) {
      out +=
          fmt::format("{} {} {}\n", message->error.number(), message->line, message->error.text());
    }
  }
  return out;
}

}  // namespace

World::World(WorldOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      swizzle_random_(random_.split("swizzle")),
      openssl_(random_),
      scheduler_(options_.start),
      network_(
          scheduler_, random_.split("network"),
          [this](HostNumber node, wire::Input input) { give(node, std::move(input)); },
          [this](HostNumber node, bool sent, const std::string& local, const std::string& remote,
                 proto::ByteView bytes) {
            if (sent) fingerprint_.add(Fingerprint::Layer::wire, now(), name(node), bytes);
            if (sent && observer != nullptr) observer->sent_bytes(node, local, remote, bytes);
            if (on_wire) on_wire(node, sent, local, remote, bytes);
          }) {
  network_.next_connection = [this](HostNumber node) { return next_connection(node); };
  network_.probe = [this](const char* name) { ++probes_[name]; };
}

World::~World() = default;

// ---- nodes ----

HostNumber World::add(const std::string& name) {
  const HostNumber number = nodes_.size();
  auto node = std::make_unique<Node>(Node{.name = name,
                                          .random = random_.split("node " + name),
                                          .disk_random = random_.split("disk " + name)});
  Random& draws = node->disk_random;
  node->disk = std::make_shared<Storage>([&draws] { return draws(); },
                                         [this, number] { return now_at(number); });
  node->disk->probe = [this](const char* probe) { ++probes_[probe]; };
  nodes_.push_back(std::move(node));
  return number;
}

const std::string& World::name(HostNumber node) const {
  return nodes_.at(node)->name;
}

bool World::is_running(HostNumber node) const {
  return nodes_.at(node)->server != nullptr;
}

// A pool that makes new keys must not take them from a node's stream: the next run finds them made.
broker::crypto::RsaKeySource World::key_source(HostNumber node) {
  return [this, node](int bits) {
    const PauseAllocations pause;
    Random apart = random_.split("keys");
    openssl_.use(apart);
    auto key = options_.keys(bits);
    openssl_.use(nodes_.at(node)->random);
    return key;
  };
}

void World::start(HostNumber number) {
  Node& node = *nodes_.at(number);
  SSB_CHECK(node.server == nullptr);
  node.sitter = nullptr;
  openssl_.use(node.random);
  broker::NodeOptions options;
  options.name = node.name;
  options.folder = "/store";
  options.store.disk = node.disk;
  options.as_product = options_.as_product;
  options.awake_endpoints_max = options_.awake_endpoints_max;
  ++node.incarnation;
  node.returns_at = proto::kNever;
  // The machine key of a simulated instance guards nothing; it must be the same after a restart.
  proto::Secret machine_key(std::size_t{32});
  Random key_stream = random_.split(
      (node.has_lost_machine_key ? "another machine key of " : "machine key of ") + node.name);
  key_stream.fill(machine_key.writable());
  try {
    node.server = std::make_unique<wire::Server>(std::move(options), node.files, key_source(number),
                                                 std::move(machine_key), now_at(number));
  } catch (const broker::store::StoreFailure&) {
    ++probes_["storage.failed"];
    node.disk->lose_power([&node] { return node.disk_random(); });
    throw;
  } catch (const broker::crypto::CryptoFailure&) {
    ++probes_["random.start_refused"];
    node.disk->lose_power([&node] { return node.disk_random(); });
    throw;
  }
  node.server->node().instance().set_password_iterations(options_.password_iterations);
  node.server->intercept(
      [this, number](broker::MessageArrived& arrived) { return on_arrival(number, arrived); });
  if (observer != nullptr) observer->started(number);
  schedule_step(number);
}

void World::stop(HostNumber number) {
  Node& node = *nodes_.at(number);
  SSB_CHECK(node.server != nullptr);
  openssl_.use(node.random);
  wire::Outputs outputs;
  try {
    node.server->shut_down(now_at(number), outputs);
  } catch (const broker::store::StoreFailure& failure) {  // it went down all the same
    failed(number, "storage.failed", failure.what());
    return;
  }
  perform(number, std::move(outputs));
  ++probes_["node.stopped"];
  if (observer != nullptr) observer->ending(number, Observer::End::stopped);
  node.disk->kill();
  power_off(number);
}

void World::crash(HostNumber number) {
  ++probes_["node.crashed"];
  if (observer != nullptr) observer->ending(number, Observer::End::lost_power);
  power_off(number);
}

void World::power_off(HostNumber number) {
  Node& node = *nodes_.at(number);
  // First the disk: what the dying server still does must not reach it.
  node.disk->lose_power([&node] { return node.disk_random(); });
  node.returns_at = proto::kNever;
  node.server.reset();
  node.inbox.clear();
  node.is_step_scheduled = false;
  ++node.incarnation;
  node.wake_at = proto::kNever;
  network_.remove_host(number);
}

wire::Server& World::server(HostNumber node) {
  SSB_CHECK(is_running(node));
  return *nodes_[node]->server;
}

Storage& World::disk(HostNumber node) {
  return *nodes_.at(node)->disk;
}

MemoryFiles& World::files(HostNumber node) {
  return nodes_.at(node)->files;
}

// ---- steps ----

void World::take_over(HostNumber number, std::function<void(const wire::Input& input)> sitter) {
  Node& node = *nodes_.at(number);
  SSB_CHECK(node.server == nullptr);
  node.sitter = std::move(sitter);
}

wire::ConnectionId World::next_connection(HostNumber number) {
  Node& node = *nodes_.at(number);
  // Apart from the ids of an instance that was there before: bytes to it may be under way.
  constexpr wire::ConnectionId kFirst = wire::ConnectionId{1} << 32U;
  return node.server != nullptr ? node.server->next_connection()
                                : kFirst + node.sitters_connections++;
}

void World::after(proto::Duration delay, std::function<void()> work) {
  if (delay.count() == 0) return at_once(std::move(work));
  scheduler_.at(now() + delay, std::move(work));
}

void World::at_once(std::function<void()> work) {
  ++under_way_;
  scheduler_.at(now(), [this, work = std::move(work)] {
    --under_way_;
    work();
  });
}

void World::give(HostNumber number, wire::Input input) {
  Node& node = *nodes_.at(number);
  if (node.server == nullptr && node.sitter) {
    at_once([this, number, input = std::move(input)] {
      if (nodes_[number]->sitter) nodes_[number]->sitter(input);
    });
    return;
  }
  if (node.server == nullptr) return;
  node.inbox.push_back(std::move(input));
  schedule_step(number);
}

void World::schedule_step(HostNumber number) {
  Node& node = *nodes_.at(number);
  if (std::exchange(node.is_step_scheduled, true)) return;
  scheduler_.at(node.busy_until, [this, number, incarnation = node.incarnation] {
    if (nodes_[number]->incarnation == incarnation) step(number);
  });
}

void World::step(HostNumber number) {
  Node& node = *nodes_[number];
  node.is_step_scheduled = false;
  openssl_.use(node.random);
  const TimePoint now = now_at(number);
  wire::Outputs outputs;
  const bool may_run_out = node.allocations_left > 0;
  try {
    const CountAllocations counting(node.allocations_left);
    for (const wire::Input& input : std::exchange(node.inbox, {})) node.server->handle(input, now);
    node.server->commit(now, outputs);
    const PauseAllocations pause;
    if (observer != nullptr) observer->committed(number);
  } catch (const broker::store::StoreFailure& failure) {
    failed(number, "storage.failed", failure.what());
    return;
  } catch (const broker::crypto::CryptoFailure& failure) {  // between two halves of a change
    failed(number, "random.failed", failure.what());
    return;
  } catch (const std::bad_alloc&) {
    failed(number, "memory.failed", "out of memory");
    return;
  }
  // Whoever asked had another way: std::stable_sort, and who answers with an error.
  if (may_run_out && node.allocations_left == 0) ++probes_["memory.withstood"];
  const std::uint64_t incarnation = node.incarnation;
  perform_when_written(number, std::move(outputs));
  if (node.incarnation == incarnation) schedule_wake(number);
}

// Nothing is said before a slow disk has taken what it rests on.
void World::perform_when_written(HostNumber number, wire::Outputs&& outputs) {
  Node& node = *nodes_[number];
  const proto::Duration delay = node.disk->take_delay();
  if (delay.count() == 0 && node.busy_until <= scheduler_.now()) {
    perform(number, std::move(outputs));
    return;
  }
  node.busy_until = std::max(node.busy_until, scheduler_.now()) + delay;
  // A shared pointer, as work must be copyable.
  const auto kept = std::make_shared<wire::Outputs>(std::move(outputs));
  scheduler_.at(node.busy_until, [this, number, kept, incarnation = node.incarnation] {
    if (nodes_[number]->incarnation == incarnation) perform(number, std::move(*kept));
  });
}

void World::failed(HostNumber number, const char* probe, const std::string& reason) {
  ++probes_[probe];
  if (observer != nullptr) observer->ending(number, Observer::End::store_failed);
  power_off(number);
  schedule_return(number);
  if (on_store_failure) on_store_failure(number, reason);
}

void World::return_after(HostNumber number, proto::Duration after) {
  nodes_.at(number)->returns_after = after;
  schedule_return(number);
}

void World::schedule_return(HostNumber number) {
  Node& node = *nodes_.at(number);
  if (node.server != nullptr || !node.returns_after) return;
  node.returns_at = scheduler_.now() + *node.returns_after;
  scheduler_.at(node.returns_at, [this, number, incarnation = node.incarnation] {
    if (nodes_[number]->incarnation == incarnation) come_back(number);
  });
}

void World::come_back(HostNumber number) {
  try {
    start(number);
    ++probes_["node.returned"];
  } catch (const broker::store::StoreFailure& failure) {  // it has been armed again, or is damaged
    schedule_return(number);
    if (on_store_failure) on_store_failure(number, failure.what());
  } catch (const broker::crypto::CryptoFailure& failure) {
    schedule_return(number);
    if (on_start_refused) on_start_refused(number, failure.what());
  }
}

void World::perform(HostNumber number, wire::Outputs&& outputs) {
  const std::uint64_t incarnation = nodes_[number]->incarnation;
  for (wire::Output& output : outputs) {
    if (nodes_[number]->incarnation != incarnation) return;  // a callback ended the node
    if (const auto* trace = std::get_if<broker::Trace>(&output)) {
      note(number, trace->record);
      if (on_trace) on_trace(number, trace->record);
      if (observer != nullptr) observer->traced(number, trace->record);
    } else if (const auto* batch = std::get_if<broker::BatchOutput>(&output)) {
      fingerprint_.add(Fingerprint::Layer::statements, now(), name(number),
                       output_text(batch->items));
      if (on_output) on_output(number, batch->session, batch->items);
    } else if (const auto* finished = std::get_if<broker::BatchFinished>(&output)) {
      if (on_finished) on_finished(number, finished->session);
    } else if (const auto* connect = std::get_if<wire::Connect>(&output)) {
      network_.connect(number, connect->connection, resolve(number, connect->host), connect->host,
                       connect->port);
    } else if (auto* write = std::get_if<wire::Write>(&output)) {
      network_.write(number, write->connection, std::move(write->bytes));
    } else if (const auto* close = std::get_if<wire::CloseConnection>(&output)) {
      network_.close(number, close->connection);
    } else if (const auto* listen = std::get_if<wire::Listen>(&output)) {
      network_.listen(number, *listen);
    } else if (const auto* stopped = std::get_if<wire::StopListening>(&output)) {
      network_.stop_listening(number, stopped->kind);
    }
  }
}

// ---- faults ----

HopFaults& World::hop(HostNumber from, HostNumber to) {
  std::unique_ptr<Hop>& hop = hops_[{from, to}];
  if (!hop) {
    hop = std::make_unique<Hop>(scheduler_, random_.split(fmt::format("hop {} {}", from, to)),
                                [this](const char* name) { ++probes_[name]; });
  }
  return hop->faults;
}

bool World::fail_allocation(HostNumber number, std::uint64_t n) {
  if (!can_fail_allocations()) return false;
  nodes_.at(number)->allocations_left = n;
  return true;
}

std::uint64_t World::allocations_until(HostNumber number) const {
  return nodes_.at(number)->allocations_left;
}

void World::lose_machine_key(HostNumber number, bool is_lost) {
  ++probes_[is_lost ? "key.machine_lost" : "key.machine_found"];
  nodes_.at(number)->has_lost_machine_key = is_lost;
}

void World::set_random_fault(HostNumber number, Random::Fault fault, std::uint64_t period) {
  nodes_.at(number)->random.set_fault(fault, period, [this] { ++probes_["random.faulty"]; });
}

void World::swizzle(const std::vector<HostNumber>& hosts, proto::Duration within) {
  const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(1, within.count() / 2));
  const auto draw = [&] {
    return proto::Duration(static_cast<std::int64_t>(swizzle_random_.below(half)));
  };
  for (const HostNumber from : hosts) {
    for (const HostNumber to : hosts) {
      if (from == to) continue;
      const TimePoint cut_at = now() + draw();
      const TimePoint healed_at = now() + within / 2 + draw();
      const auto unless_healed = [this, swizzle = swizzle_number_](auto work) {
        return [this, swizzle, work] {
          if (swizzle == swizzle_number_) work();
        };
      };
      scheduler_.at(cut_at, unless_healed([this, from, to] {
                      ++probes_["network.swizzled"];
                      network_.block(from, to);
                    }));
      scheduler_.at(healed_at, unless_healed([this, from, to] { network_.unblock(from, to); }));
    }
  }
}

void World::heal() {
  ++swizzle_number_;
  network_.heal();
  for (const auto& [ends, hop] : hops_) hop->faults = HopFaults();
}

bool World::on_arrival(HostNumber node, const broker::MessageArrived& arrived) {
  const PauseAllocations pause;
  if (observer != nullptr) observer->came_to_hop(node, arrived);
  // A connection that the node has opened itself is known by the address that its route gave.
  auto from = Network::host_of(arrived.from_address);
  if (!from) {
    const auto route = broker::routing::parse_address(arrived.from_address);
    if (route) from = resolve(node, route->host);
  }
  if (from && on_hop && on_hop(*from, node, arrived)) return true;
  const auto hop = from ? hops_.find({*from, node}) : hops_.end();
  const bool is_taken =
      hop != hops_.end() && hop->second->take(arrived, [this, node](broker::MessageArrived late) {
        hand_over(node, std::move(late));
      });
  if (!is_taken && observer != nullptr) observer->passed_hop(node, arrived);
  return is_taken;
}

void World::hand_over(HostNumber node, broker::MessageArrived arrived) {
  if (observer != nullptr && is_running(node)) observer->passed_hop(node, arrived);
  give(node, broker::Event(std::move(arrived)));
}

void World::note(HostNumber node, const proto::TraceRecord& record) {
  std::string& text = noted_;
  text.assign(std::to_string(static_cast<int>(record.event))).append(" ");
  text.append(std::to_string(record.subclass)).append(" ").append(record.database);
  text.append(" ").append(record.conversation_id).append(" ").append(record.text);
  if (record.error) text += fmt::format(" {}/{}", record.error->number(), record.error->state);
  for (const auto& [key, value] : record.detail)
    text.append(" ").append(key).append("=").append(value);
  fingerprint_.add(Fingerprint::Layer::events, now(), name(node), text);
}

// ---- time ----

TimePoint World::now_at(HostNumber node) const {
  return nodes_.at(node)->clock.shows(scheduler_.now());
}

void World::schedule_wake(HostNumber number) {
  Node& node = *nodes_[number];
  const TimePoint deadline = node.server->deadline();
  if (deadline == broker::kAtOnce) {  // the rest of a batch: statements take no time
    give(number, broker::Event(broker::TimerDue{}));
    return;
  }
  if (deadline == proto::kNever) {
    node.wake_at = proto::kNever;
    ++node.wake_number;
    return;
  }
  const TimePoint due = node.clock.world_time_of(deadline);
  if (due == proto::kNever) {  // its clock stands still
    node.wake_at = proto::kNever;
    ++node.wake_number;
    return;
  }
  const TimePoint at = due <= scheduler_.now() ? scheduler_.now() + kWakeMin : due;
  if (at == node.wake_at) return;
  node.wake_at = at;
  scheduler_.at(at, [this, number, wake = ++node.wake_number, incarnation = node.incarnation] {
    Node& woken = *nodes_[number];
    if (woken.incarnation != incarnation || woken.wake_number != wake) return;
    woken.wake_at = proto::kNever;
    give(number, broker::Event(broker::TimerDue{}));
  });
}

void World::set_skew(HostNumber number, proto::Duration skew) {
  nodes_.at(number)->clock.set_skew(scheduler_.now(), skew);
  clock_changed(number, "clock.skewed");
}

void World::jump(HostNumber number, proto::Duration by) {
  nodes_.at(number)->clock.jump(scheduler_.now(), by);
  clock_changed(number, "clock.jumped");
}

void World::set_drift(HostNumber number, std::int64_t ppm) {
  nodes_.at(number)->clock.set_drift(scheduler_.now(), ppm);
  clock_changed(number, "clock.drifts");
}

void World::clock_changed(HostNumber number, const char* probe) {
  ++probes_[probe];
  Node& node = *nodes_.at(number);
  node.wake_at = proto::kNever;
  if (node.server != nullptr) schedule_wake(number);
}

bool World::is_quiet() const {
  if (!network_.is_quiet() || under_way_ > 0) return false;
  for (const auto& node : nodes_) {
    if (node->server != nullptr && node->is_step_scheduled) return false;
  }
  return true;
}

TimePoint World::settle_deadline() const {
  TimePoint next = proto::kNever;
  for (const auto& node : nodes_) {
    next = std::min(next, node->returns_at);
    if (node->server == nullptr) continue;
    next = std::min(next, node->clock.world_time_of(node->server->settle_deadline()));
  }
  return next;
}

Fingerprint World::fingerprint() const {
  Fingerprint whole = fingerprint_;
  for (const auto& node : nodes_) {
    whole.add(Fingerprint::Layer::storage, now(), node->name, node->disk->fingerprint());
    whole.add(Fingerprint::Layer::draws, now(), node->name,
              fmt::format("{} of its own, {} of its disk", node->random.draws(),
                          node->disk_random.draws()));
  }
  return whole;
}

}  // namespace ssb::sim
