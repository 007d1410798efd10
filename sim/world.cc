#include "sim/world.h"

#include <fmt/format.h>

#include "proto/check.h"

namespace ssb::sim {

using proto::TimePoint;

namespace {

// A deadline that has passed is due again after this: a node that cannot get past one must not stop time.
constexpr proto::Duration kWakeMin = std::chrono::milliseconds(1);

}  // namespace

World::World(WorldOptions options, std::filesystem::path folder)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      random_(options_.seed),
      openssl_(random_),
      scheduler_(options_.start),
      network_(
          scheduler_, random_.split("network"),
          [this](HostNumber node, wire::Input input) { give(node, std::move(input)); },
          [this](HostNumber node, bool sent, const std::string& local, const std::string& remote,
                 proto::ByteView bytes) {
            if (on_wire) on_wire(node, sent, local, remote, bytes);
          }) {
  network_.next_connection = [this](HostNumber node) {
    return nodes_.at(node)->server->next_connection();
  };
}

World::~World() = default;

// ---- nodes ----

HostNumber World::add(std::string name) {
  const HostNumber number = nodes_.size();
  nodes_.push_back(std::make_unique<Node>(Node{.name = name,
                                               .folder = folder_ / fmt::format("node{}", number),
                                               .random = random_.split("node " + name),
                                               .files = {},
                                               .server = nullptr,
                                               .inbox = {}}));
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
  openssl_.use(node.random);
  broker::NodeOptions options;
  options.name = node.name;
  options.folder = node.folder;
  options.store.flushed = false;
  options.as_product = options_.as_product;
  ++node.incarnation;
  // The machine key of a simulated instance guards nothing; it must be the same after a restart.
  proto::Secret machine_key(std::size_t{32});
  Random key_stream = random_.split("machine key of " + node.name);
  key_stream.fill(machine_key.writable());
  node.server = std::make_unique<wire::Server>(std::move(options), node.files, key_source(number),
                                               std::move(machine_key), now_at(number));
  node.server->node().instance().set_password_iterations(options_.password_iterations);
  schedule_step(number);
}

void World::stop(HostNumber number) {
  Node& node = *nodes_.at(number);
  SSB_CHECK(node.server != nullptr);
  openssl_.use(node.random);
  wire::Outputs outputs;
  node.server->shut_down(now_at(number), outputs);
  perform(number, std::move(outputs));
  crash(number);
}

void World::crash(HostNumber number) {
  Node& node = *nodes_.at(number);
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

MemoryFiles& World::files(HostNumber node) {
  return nodes_.at(node)->files;
}

// ---- steps ----

void World::give(HostNumber number, wire::Input input) {
  Node& node = *nodes_.at(number);
  if (node.server == nullptr) return;
  node.inbox.push_back(std::move(input));
  schedule_step(number);
}

void World::schedule_step(HostNumber number) {
  Node& node = *nodes_.at(number);
  if (std::exchange(node.is_step_scheduled, true)) return;
  scheduler_.at(scheduler_.now(), [this, number, incarnation = node.incarnation] {
    if (nodes_[number]->incarnation == incarnation) step(number);
  });
}

void World::step(HostNumber number) {
  Node& node = *nodes_[number];
  node.is_step_scheduled = false;
  openssl_.use(node.random);
  const TimePoint now = now_at(number);
  for (const wire::Input& input : std::exchange(node.inbox, {})) node.server->handle(input, now);
  wire::Outputs outputs;
  node.server->commit(now, outputs);
  const std::uint64_t incarnation = node.incarnation;
  perform(number, std::move(outputs));
  if (node.incarnation == incarnation) schedule_wake(number);
}

void World::perform(HostNumber number, wire::Outputs&& outputs) {
  const std::uint64_t incarnation = nodes_[number]->incarnation;
  for (wire::Output& output : outputs) {
    if (nodes_[number]->incarnation != incarnation) return;  // a callback ended the node
    if (const auto* trace = std::get_if<broker::Trace>(&output)) {
      if (on_trace) on_trace(number, trace->record);
    } else if (const auto* batch = std::get_if<broker::BatchOutput>(&output)) {
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

// ---- time ----

TimePoint World::now_at(HostNumber node) const {
  return scheduler_.now() + nodes_.at(node)->skew;
}

void World::schedule_wake(HostNumber number) {
  Node& node = *nodes_[number];
  const TimePoint deadline = node.server->deadline();
  if (deadline == proto::kNever) {
    node.wake_at = proto::kNever;
    ++node.wake_number;
    return;
  }
  const TimePoint due = deadline - node.skew;
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
  Node& node = *nodes_.at(number);
  node.skew = skew;
  node.wake_at = proto::kNever;
  if (node.server != nullptr) schedule_wake(number);
}

bool World::is_quiet() const {
  if (!network_.is_quiet()) return false;
  for (const auto& node : nodes_) {
    if (node->server != nullptr && node->is_step_scheduled) return false;
  }
  return true;
}

TimePoint World::settle_deadline() const {
  TimePoint next = proto::kNever;
  for (const auto& node : nodes_) {
    if (node->server == nullptr) continue;
    const TimePoint deadline = node->server->settle_deadline();
    if (deadline != proto::kNever) next = std::min(next, deadline - node->skew);
  }
  return next;
}

std::uint64_t World::draws() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_) sum += node->random.draws();
  return sum;
}

}  // namespace ssb::sim
