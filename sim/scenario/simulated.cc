#include "sim/scenario/simulated.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "proto/error_code.h"
#include "sim/judges/judges.h"
#include "sim/judges/world_inside.h"
#include "sim/scenario/attack_stage.h"
#include "sim/scenario/backend_parts.h"
#include "sim/scenario/near.h"
#include "sim/scenario/simulated_faults.h"
#include "sim/world.h"
#include "transport/net/capture.h"

namespace ssb::sim::scenario {
namespace {

using broker::tsql::Output;
using proto::Duration;
using proto::TimePoint;

// Steps of one directive that end a run which keeps itself busy.
constexpr std::uint64_t kEventsMax = 20'000'000;

class SimulatedBackend : public Simulation {
 public:
  explicit SimulatedBackend(SimulatedOptions options);
  SimulatedBackend(const SimulatedBackend&) = delete;
  SimulatedBackend& operator=(const SimulatedBackend&) = delete;
  ~SimulatedBackend() override = default;

  std::optional<std::string> unsupported(const Step&) const override { return std::nullopt; }
  std::optional<std::string> unsupported(const InstanceOptions& options) const override;
  void declare(const std::string& node, const InstanceOptions* options) override;
  bool is_running(const std::string& node) const override;
  Outcome<> start(const std::string& node) override;
  Outcome<> stop(const std::string& node) override;
  Outcome<> crash(const std::string& node) override;
  Outcome<> copy_file(const CopyFile& copy) override;
  Outcome<BackendSession> open_session(const std::string& node, const std::string& login,
                                       const std::string& password) override;
  void close_session(BackendSession session) override;
  bool is_open(BackendSession session) const override { return sessions_.find(session) != nullptr; }
  Outcome<> begin_batch(BackendSession session, const std::string& text) override;
  void go_on(BackendSession session) override {
    (void)run_while_busy(session, now(), Waits::while_under_way);
  }
  bool has_ended(BackendSession id) const override {
    const auto* session = sessions_.find(id);
    return session == nullptr || session->is_finished;
  }
  Outcome<Output> end_batch(BackendSession session) override;
  std::optional<std::string> variable(BackendSession session, const std::string& name) override;
  void set_start(TimePoint start) override;
  TimePoint now() const override { return world_ ? world_->now() : start_; }
  void advance_to(TimePoint time) override;
  void skew(const std::string& node, Duration by) override;
  void jump(const std::string& node, Duration by) override;
  void drift(const std::string& node, std::int64_t ppm) override;
  void settle(Duration at_most) override;
  bool step(TimePoint until) override;
  void foresee(const Step& step) override;
  Outcome<> apply(const Step& fault) override;
  const std::vector<NodeRecord>& records() const override { return records_; }
  std::uint64_t wire_position() const override { return capture_.position(); }
  WireFinding find_on_wire(const std::string& text, std::uint64_t from, const std::string& one,
                           const std::string& other) const override;
  Outcome<Output> look(const std::string& node, const std::string& database,
                       const std::string& select) override;
  std::vector<JudgeFinding> judge() override;
  // A script that does not parse has no world.
  Fingerprint fingerprint() const override {
    return world_ ? world_->fingerprint() : Fingerprint();
  }
  std::uint64_t events_done() const override { return world_ ? world_->events_done() : 0; }
  std::map<std::string, std::uint64_t> probes() const override;
  std::vector<std::string> faults_not_come() const override;
  bool wants_all_faults() const override { return options_.wants_all_faults; }
  std::vector<proto::Bytes> read_by_attackers() const override {
    return attackers_ ? attackers_->learned() : std::vector<proto::Bytes>();
  }
  std::vector<Seen> instances() const override;
  std::optional<std::size_t> leads_to(std::size_t from, const std::string& host) const override {
    return resolve(from, host);
  }
  std::uint64_t steps_until_crash(const std::string& node, Crash::Counted counted) const override {
    const auto host = find(node);
    if (!host) return 0;
    return counted == Crash::Counted::allocation
               ? world_->allocations_until(*host)
               : world_->disk(*host).steps_until(Storage::Failure::lasting);
  }

 private:
  enum class Waits { while_under_way, as_long_as_it_takes };

  [[nodiscard]] std::optional<HostNumber> find(const std::string& node) const;
  [[nodiscard]] std::optional<HostNumber> running(const std::string& node) const;
  // The world is made with the start time, which the script may set first.
  World& world();
  [[nodiscard]] std::optional<HostNumber> resolve(HostNumber from, const std::string& host) const;
  [[nodiscard]] Outcome<> heal_all();
  [[nodiscard]] std::vector<std::string> armed_faults() const;
  void note_replaced(const Crash& crash);
  [[nodiscard]] Outcome<> begin_attack(const Step& step);
  [[nodiscard]] std::optional<proto::ConversationId> conversation_of(
      const std::string& variable_name);
  // Until the batch has ended or nothing more happens before `latest`; false: real time has run out.
  bool run_while_busy(BackendSession session, TimePoint latest, Waits waits);
  // Does what is under way, and no more than `latest`.
  void run_until_quiet(TimePoint latest);

  SimulatedOptions options_;
  TimePoint start_{};
  net::Capture capture_;
  std::unique_ptr<World> world_;
  std::unique_ptr<judges::WorldInside> inside_;
  std::unique_ptr<judges::Judges> judges_;         // none: not judged
  std::unique_ptr<AttackStage> attackers_;         // null: the script has none
  std::map<std::string, HostNumber> hosts_;        // by lower-case name
  std::map<std::string, HostNumber> other_names_;  // of --# instance, lower case
  Sessions<HostNumber> sessions_;
  std::map<BackendSession, Output> last_words_;  // of batches whose instance went down
  std::vector<NodeRecord> records_;
  std::vector<std::string> disarmed_;  // by `heal all` or the next of their kind, before they came
};

SimulatedBackend::SimulatedBackend(SimulatedOptions options)
    : options_(std::move(options)), capture_(options_.capture_file) {}

World& SimulatedBackend::world() {
  if (world_) return *world_;
  world_ =
      std::make_unique<World>(WorldOptions{.seed = options_.seed,
                                           .start = start_,
                                           .keys = options_.keys,
                                           .as_product = options_.as_product,
                                           .awake_endpoints_max = options_.awake_endpoints_max});
  inside_ = std::make_unique<judges::WorldInside>(*world_);
  if (options_.is_judged) {
    judges_ = std::make_unique<judges::Judges>(
        *inside_, judges::JudgesOptions{.as_product = options_.as_product});
    world_->observer = judges_.get();
  }
  world_->resolve = [this](HostNumber from, const std::string& host) {
    return resolve(from, host);
  };
  world_->on_trace = [this](HostNumber host, const proto::TraceRecord& record) {
    records_.push_back({.node = world_->name(host), .record = record});
  };
  world_->on_output = [this](HostNumber, broker::SessionId id, const Output& output) {
    sessions_.add_output(id, output);
  };
  world_->on_finished = [this](HostNumber, broker::SessionId id) { sessions_.finish(id); };
  world_->on_store_failure = [this](HostNumber host, const std::string& reason) {
    proto::TraceRecord record;
    record.at = world_->now_at(host);
    record.event = proto::EventClass::error_log;
    record.text = "the store failed and the instance went down: " + reason;
    records_.push_back({.node = world_->name(host), .record = std::move(record)});
    for (const auto& [id, session] : sessions_.all()) {
      if (session.owner == host && !session.is_finished) last_words_[id] = session.output;
    }
    sessions_.close_all_of(host);
  };
  world_->on_start_refused = [this](HostNumber host, const std::string& reason) {
    proto::TraceRecord record;
    record.at = world_->now_at(host);
    record.event = proto::EventClass::error_log;
    record.error = proto::Error(proto::ErrorCode::encryption_failed, reason);
    record.text = "the instance does not start: " + record.error->text();
    records_.push_back({.node = world_->name(host), .record = std::move(record)});
  };
  world_->on_wire = [this](HostNumber, bool sent, const std::string& local,
                           const std::string& remote, proto::ByteView bytes) {
    capture_.record(world_->now(), sent, local, remote, bytes);
  };
  return *world_;
}

// ---- faults and attackers ----

std::optional<std::string> SimulatedBackend::unsupported(const InstanceOptions& options) const {
  if (options.tds_port) return "tds= needs an instance that speaks TDS";
  if (options.port) return "port= is what CREATE ENDPOINT says";
  if (!options.folder.empty()) return "at= needs --net tcp: the simulator's disks are in memory";
  return std::nullopt;
}

void SimulatedBackend::foresee(const Step& step) {
  if (!attackers_) {
    attackers_ = std::make_unique<AttackStage>(
        world(), [this](const std::string& node) { return find(node); });
    attackers_->on_private_key = [this](const proto::Bytes& certificate_sha256) {
      if (judges_) judges_->disclosed(certificate_sha256);
    };
  }
  attackers_->foresee(std::get<Attack>(step.action), step.place);
}

Outcome<> SimulatedBackend::begin_attack(const Step& step) {
  const auto& attack = std::get<Attack>(step.action);
  if (attack.seat == Attack::Seat::peer) {
    if (const auto host = running(attack.node)) sessions_.close_all_of(*host);
  }
  return attackers_->begin(step.place);
}

std::map<std::string, std::uint64_t> SimulatedBackend::probes() const {
  Probes probes = world_ ? world_->probes() : Probes();
  if (attackers_) attackers_->add_probes(probes);
  return probes;
}

Outcome<> SimulatedBackend::apply(const Step& fault) {
  if (std::holds_alternative<Attack>(fault.action)) return begin_attack(fault);
  const FaultNames names{
      .host = [this](const std::string& node) { return find(node); },
      .conversation = [this](const std::string& name) { return conversation_of(name); }};
  if (const auto* crash = std::get_if<Crash>(&fault.action)) note_replaced(*crash);
  const Outcome<> done = apply_fault(world(), names, fault);
  const auto* heal = std::get_if<Heal>(&fault.action);
  return done && heal != nullptr && heal->all ? heal_all() : done;
}

// An instance has one counted crash of a kind at a time.
void SimulatedBackend::note_replaced(const Crash& crash) {
  const std::uint64_t left = crash.after ? steps_until_crash(crash.node, crash.counted) : 0;
  if (left > 0)
    disarmed_.push_back(
        fmt::format("the counted crash of {} never came: {} more were to pass first when the next "
                    "one took its place",
                    crash.node, left - 1));
}

std::vector<std::string> SimulatedBackend::armed_faults() const {
  std::vector<std::string> out;
  if (!world_) return out;
  for (HostNumber host = 0; host < world_->hosts(); ++host) {
    const Storage& disk = world_->disk(host);
    const auto add = [&](std::uint64_t left, std::string_view what) {
      if (left > 0)
        out.push_back(fmt::format("the {} of {} never came: {} more were to pass first", what,
                                  world_->name(host), left - 1));
    };
    add(disk.steps_until(Storage::Failure::lasting), "counted crash");
    add(world_->allocations_until(host), "crash at a counted allocation");
    add(disk.steps_until(Storage::Failure::passing), "counted failure of the disk");
    add(disk.writes_until_misdirected(), "misdirected write");
  }
  return out;
}

std::vector<std::string> SimulatedBackend::faults_not_come() const {
  if (!options_.wants_all_faults) return {};
  std::vector<std::string> out = disarmed_;
  for (std::string& armed : armed_faults()) out.push_back(std::move(armed));
  return out;
}

Outcome<> SimulatedBackend::heal_all() {
  for (std::string& armed : armed_faults()) disarmed_.push_back(std::move(armed));
  for (const auto& [name, host] : hosts_) {
    (void)world().fail_allocation(host, 0);
    world().disk(host).make_well();
    world().set_random_fault(host, Random::Fault::none, 1);
    if (world().is_running(host) || world().is_taken_over(host)) continue;
    if (auto started = start(name); !started) return started.error();
  }
  advance_to(now() + judges::kHealedTime);
  if (judges_) judges_->at_healed_end();
  return {};
}

std::vector<JudgeFinding> SimulatedBackend::judge() {
  std::vector<JudgeFinding> out;
  if (!judges_) return out;
  judges_->at_end();
  for (judges::Finding& finding : judges_->findings()) {
    out.push_back({.judge = std::move(finding.judge),
                   .node = std::move(finding.node),
                   .at = finding.at,
                   .text = std::move(finding.text)});
  }
  return out;
}

// The conversation whose handle a variable of some session holds.
std::optional<proto::ConversationId> SimulatedBackend::conversation_of(
    const std::string& variable_name) {
  for (const auto& [id, session] : sessions_.all()) {
    if (!world().is_running(session.owner)) continue;
    broker::Node& node = world().server(session.owner).node();
    const auto value = node.last_variable(id, variable_name);
    const auto handle = value ? proto::Guid::parse(*value) : std::nullopt;
    if (!handle) continue;
    for (const auto& [database, catalog] : node.instance().databases()) {
      // Structured bindings are captured by name: clang 14 takes them no other way.
      const Output looked =
          world().with_randomness_of(session.owner, [&, where = database, owner = session.owner] {
            return node.look(where,
                             "SELECT conversation_id FROM sys.conversation_endpoints WHERE "
                             "conversation_handle = '" +
                                 handle->text() + "'",
                             world().now_at(owner));
          });
      for (const auto& item : looked) {
        const auto* rows = std::get_if<broker::tsql::RowSet>(&item);
        if (rows == nullptr || rows->rows.empty()) continue;
        const auto* text = std::get_if<std::string>(&rows->rows[0][0]);
        const auto found = text != nullptr ? proto::Guid::parse(*text) : std::nullopt;
        if (found) return proto::ConversationId{*found};
      }
    }
  }
  return std::nullopt;
}

// ---- instances ----

std::optional<HostNumber> SimulatedBackend::find(const std::string& node) const {
  const auto found = hosts_.find(to_lower(node));
  return found == hosts_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<HostNumber> SimulatedBackend::running(const std::string& node) const {
  const auto host = find(node);
  return host && world_->is_running(*host) ? host : std::nullopt;
}

std::optional<HostNumber> SimulatedBackend::resolve(HostNumber from,
                                                    const std::string& host) const {
  if (const auto other = other_names_.find(to_lower(host)); other != other_names_.end())
    return other->second;
  for (const std::string& candidate : host_candidates(host, world_->name(from))) {
    if (const auto found = find(candidate)) return found;
  }
  return std::nullopt;
}

std::vector<Simulation::Seen> SimulatedBackend::instances() const {
  std::vector<Seen> out;
  for (HostNumber host = 0; world_ && host < world_->hosts(); ++host) {
    Seen seen{.name = world_->name(host), .instance = nullptr, .now = world_->now_at(host)};
    if (world_->is_running(host)) seen.instance = &world_->server(host).node().instance();
    out.push_back(std::move(seen));
  }
  return out;
}

void SimulatedBackend::declare(const std::string& node, const InstanceOptions* options) {
  const auto [place, is_new] = hosts_.try_emplace(to_lower(node), 0);
  if (!is_new) return;
  place->second = world().add(node);
  capture_.add_host(Network::address_of(place->second));
  if (options == nullptr) return;
  for (const std::string& other : options->hosts) other_names_[to_lower(other)] = place->second;
}

bool SimulatedBackend::is_running(const std::string& node) const {
  return running(node).has_value();
}

Outcome<> SimulatedBackend::start(const std::string& node) {
  const auto host = find(node);
  if (!host) return Reason{.text = fmt::format("there is no instance {}", node)};
  if (world().is_running(*host)) return {};
  try {
    // A crash that was armed may go off while it starts; the machine is on again then.
    for (int tries = 0; tries < 2 && !world().is_running(*host); ++tries) {
      try {
        world().start(*host);
      } catch (const broker::store::StoreFailure&) {
        world().start(*host);
      }
      run_until_quiet(now());
    }
  } catch (const std::exception& failure) {
    return Reason{.text = failure.what(), .is_environment = true};
  }
  return {};
}

Outcome<> SimulatedBackend::stop(const std::string& node) {
  const auto host = running(node);
  if (!host) return not_running(node);
  world().stop(*host);
  sessions_.close_all_of(*host);
  return {};
}

Outcome<> SimulatedBackend::crash(const std::string& node) {
  const auto host = running(node);
  if (!host) return not_running(node);
  world().crash(*host);
  sessions_.close_all_of(*host);
  return {};
}

Outcome<> SimulatedBackend::copy_file(const CopyFile& copy) {
  const auto from = find(copy.from_node);
  const auto to = find(copy.to_node);
  if (!from || !to) return Reason{.text = "there is no such instance"};
  return copy_between(world().files(*from), world().files(*to), copy);
}

// ---- sessions ----

Outcome<BackendSession> SimulatedBackend::open_session(const std::string& node,
                                                       const std::string& login,
                                                       const std::string& password) {
  const auto host = running(node);
  if (!host) return not_running(node);
  auto context = context_of(world().server(*host).node().instance(), login, password);
  if (!context) return context.error();
  const BackendSession id = sessions_.open(*host);
  world().give(*host, broker::Event(broker::SessionOpened{static_cast<broker::SessionId>(id),
                                                          *std::move(context)}));
  return id;
}

void SimulatedBackend::close_session(BackendSession id) {
  const auto* session = sessions_.find(id);
  if (session == nullptr) return;
  world().give(session->owner,
               broker::Event(broker::SessionClosed{static_cast<broker::SessionId>(id)}));
  run_until_quiet(now());
  sessions_.close(id);
}

Outcome<> SimulatedBackend::begin_batch(BackendSession id, const std::string& text) {
  auto* batch = sessions_.find(id);
  if (batch == nullptr || !world().is_running(batch->owner))
    return Reason{.text = "the instance is not running"};
  batch->output.clear();
  batch->is_finished = false;
  world().give(batch->owner,
               broker::Event(broker::BatchSubmitted{static_cast<broker::SessionId>(id), text}));
  return {};
}

bool SimulatedBackend::run_while_busy(BackendSession id, TimePoint latest, Waits waits) {
  const auto real_time = [&] {
    return options_.real_time ? options_.real_time() : std::chrono::steady_clock::time_point();
  };
  const auto real_latest = real_time() + options_.batch_timeout;
  // The session goes with its instance when that goes down in the middle of the batch.
  while (!has_ended(id)) {
    if (waits == Waits::while_under_way && world().is_quiet()) return true;
    if (!world().run_next(latest)) return true;
    if (real_time() >= real_latest) return false;
  }
  return true;
}

Outcome<Output> SimulatedBackend::end_batch(BackendSession id) {
  const bool is_in_time = run_while_busy(id, now() + kBatchMax, Waits::as_long_as_it_takes);
  auto* batch = sessions_.find(id);
  if (batch == nullptr) {  // it went down, as the script wants it
    Output said = std::exchange(last_words_[id], {});
    last_words_.erase(id);
    return said;
  }
  if (!batch->is_finished) {
    world().give(batch->owner,
                 broker::Event(broker::BatchCancelled{static_cast<broker::SessionId>(id)}));
    run_until_quiet(now());
    if (!batch->is_finished) return Reason{.text = "the batch could not be cancelled"};
    return batch_cancelled(!is_in_time, options_.batch_timeout);
  }
  return std::exchange(batch->output, {});
}

std::optional<std::string> SimulatedBackend::variable(BackendSession id, const std::string& name) {
  const auto* session = sessions_.find(id);
  if (session == nullptr || !world().is_running(session->owner)) return std::nullopt;
  return world()
      .server(session->owner)
      .node()
      .last_variable(static_cast<broker::SessionId>(id), name);
}

Outcome<Output> SimulatedBackend::look(const std::string& node, const std::string& database,
                                       const std::string& select) {
  const auto host = running(node);
  if (!host) return not_running(node);
  return world().with_randomness_of(*host, [&] {
    return look_into(world().server(*host).node(), node, database, select, world().now_at(*host));
  });
}

WireFinding SimulatedBackend::find_on_wire(const std::string& text, std::uint64_t from,
                                           const std::string& one, const std::string& other) const {
  const auto address = [&](const std::string& name) {
    const auto host = name.empty() ? std::nullopt : find(name);
    return host ? Network::address_of(*host) : std::string();
  };
  const bool is_unknown = (!one.empty() && !find(one)) || (!other.empty() && !find(other));
  if (is_unknown) return {};
  return {.bytes_seen = capture_.bytes_between(address(one), address(other), from),
          .is_found = capture_.contains(text, address(one), address(other), from)};
}

// ---- time ----

void SimulatedBackend::set_start(TimePoint start) {
  start_ = start;
}

void SimulatedBackend::skew(const std::string& node, Duration by) {
  if (const auto host = find(node)) world().set_skew(*host, by);
}

void SimulatedBackend::jump(const std::string& node, Duration by) {
  if (const auto host = find(node)) world().jump(*host, by);
}

void SimulatedBackend::drift(const std::string& node, std::int64_t ppm) {
  if (const auto host = find(node)) world().set_drift(*host, ppm);
}

void SimulatedBackend::run_until_quiet(TimePoint latest) {
  const std::uint64_t last_event = world().events_done() + kEventsMax;
  while (!world().is_quiet() && world().events_done() < last_event && world().run_next(latest)) {
  }
}

void SimulatedBackend::advance_to(TimePoint time) {
  const std::uint64_t last_event = world().events_done() + kEventsMax;
  while (world().events_done() < last_event && world().run_next(time)) {
  }
  if (time > now()) world().advance_to(time);
}

void SimulatedBackend::settle(Duration at_most) {
  const TimePoint latest = now() + at_most;
  const std::uint64_t last_event = world().events_done() + kEventsMax;
  while (world().events_done() < last_event) {
    run_until_quiet(latest);
    const TimePoint next = world().settle_deadline();
    if (next > latest || !world().run_next(latest)) return;
  }
}

bool SimulatedBackend::step(TimePoint until) {
  if (now() >= until) return false;
  if (world().run_next(until)) return true;
  world().advance_to(until);
  return false;
}

}  // namespace

std::unique_ptr<Simulation> make_simulation(SimulatedOptions options) {
  return std::make_unique<SimulatedBackend>(std::move(options));
}

}  // namespace ssb::sim::scenario
