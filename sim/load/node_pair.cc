#include "sim/load/node_pair.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/crypto/random.h"
#include "sim/load/clock.h"
#include "sim/scenario/data_folder.h"
#include "sim/scenario/key_pool.h"

namespace ssb::sim::load {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr Nanoseconds kMillisecond = kSecond / 1000;
constexpr Nanoseconds kSetupAtMost =
    120 * kSecond;  // RSA keys of 4096 bits, made on a busy machine
constexpr Nanoseconds kStartDelay = 20 * kMillisecond;
constexpr Nanoseconds kAskAfter = 20 * kMillisecond;
constexpr int kKeysOfASide = 2;  // the endpoint's and the service's
constexpr std::uint64_t kKeySeedOfTarget = 1 + kKeysOfASide;
constexpr std::size_t kViolationsMax = 20;
constexpr Nanoseconds kRemoteStartDelay = 500 * kMillisecond;  // the target must have heard of it
constexpr Nanoseconds kGoodbyeAtMost = 5 * kSecond;

HostPort own_address(const RunOptions& options) {
  if (!options.remote) return {};
  const auto listen = parse_host_port(options.remote->listen);
  if (!listen) throw LoadFailure(fmt::format("'{}' is no host:port", options.remote->listen));
  return with_free_port(*listen);
}

}  // namespace

TemporaryFolder::TemporaryFolder(const fs::path& in) {
  fs::create_directories(in);
  std::string name = (in / "ssbsim-load-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string loopback_address(int number) {
  const int process = static_cast<int>(::getpid());
  return fmt::format("127.{}.{}.{}", 1 + (process >> 8) % 254, process % 256, number);
}
std::string address_of(Side side) {
  return loopback_address(side == Side::initiator ? 2 : 3);
}

NodePair::NodePair(const RunOptions& options, OnMeasures on_interval, OnMeasures on_rest)
    : options_(options),
      own_(own_address(options)),
      on_interval_(std::move(on_interval)),
      on_rest_(std::move(on_rest)),
      folder_(options.folder),
      initiator_(party(Side::initiator)),
      target_(party(Side::target)) {
  result_.workload = options.workload;
  result_.processes = options.processes;
}

PartyOptions NodePair::party(Side side) const {
  PartyOptions party;
  party.side = side;
  party.workload = options_.workload;
  party.folder = folder_.path() / name(side);
  // Drawn here, before any thread: the pool makes what it lacks with a generator that all of OpenSSL then draws from.
  scenario::KeyPool pool(options_.key_pool);
  pool.start_run(side == Side::target ? kKeySeedOfTarget : 1);
  for (int i = 0; i < kKeysOfASide; ++i)
    party.keys.push_back(pool.draw(options_.workload.rsa_bits));
  party.address = options_.remote ? own_.host : address_of(side);
  party.has_process = options_.processes != 1;
  return party;
}

void NodePair::start() {
  for (Peer* each : {&initiator_, &target_}) {
    if (each == &target_ && options_.remote) break;
    if (options_.processes == 1) {
      each->start_thread(window_);
    } else {
      each->start_process(window_);
    }
  }
}

void NodePair::set_up(const AddressOf& address_of_side) {
  const auto setup = [&](Side side) {
    return Setup{
        .security = options_.workload.security,
        .transport_encrypted = options_.workload.transport_encrypted,
        .keeps_progress = options_.workload.keeps_progress,
        .own_port = kLoadPort,
        .far_address = fmt::format("TCP://{}:{}", address_of_side(other(side)), kLoadPort)};
  };
  for (const Side side : {Side::target, Side::initiator}) {
    for (const std::string& text : own_batches(side, setup(side))) batch(side, text);
  }
  for (const Side side : {Side::target, Side::initiator}) {
    for (const std::string& file : certificate_files(other(side), options_.workload.security))
      copy_file(other(side), file);
    for (const std::string& text : far_batches(side, setup(side))) batch(side, text);
  }
}

std::string NodePair::introduce(const HostPort& own) {
  const scenario::DataFolder data(initiator_.options().folder);
  Introduction own_introduction;
  own_introduction.load = broker::crypto::random_guid().text();
  own_introduction.address = own.text();
  own_introduction.certificates =
      read_certificates(data.files(), Side::initiator, options_.workload.security);
  own_introduction.workload = options_.workload;
  write_introduction(options_.remote->exchange, Side::initiator, own_introduction);
  return own_introduction.load;
}

void NodePair::set_up_remote() {
  const RemoteTarget& remote = *options_.remote;
  Setup setup{.security = options_.workload.security,
              .transport_encrypted = options_.workload.transport_encrypted,
              .has_control = true,
              .own_port = own_.port,
              .far_address = "TCP://unknown:4022"};
  const auto own = own_batches(Side::initiator, setup);
  for (const std::string& text : own) batch(Side::initiator, text);
  const std::string load = introduce(own_);
  std::optional<Introduction> target;
  const Nanoseconds until = monotonic_now() + remote.wait;
  while (!is_over() && (!target || target->load != load)) {
    if (monotonic_now() > until)
      throw LoadFailure(
          fmt::format("'{}' has no target.json for this load", remote.exchange.string()));
    hear(monotonic_now() + kAskAfter, [] { return false; });
    target = read_introduction(remote.exchange, Side::target);
  }
  if (is_over()) return;
  write_certificates(scenario::DataFolder(initiator_.options().folder).files(), *target);
  const std::string address = "TCP://" + (remote.target.empty() ? target->address : remote.target);
  batch(Side::initiator, fmt::format("USE {0};\nALTER ROUTE to_far WITH ADDRESS = '{1}';\n"
                                     "ALTER ROUTE to_far_control WITH ADDRESS = '{1}';\n",
                                     database(Side::initiator), address));
  for (const std::string& text : far_batches(Side::initiator, setup)) batch(Side::initiator, text);
}

void NodePair::tell(Side side, json::object line) {
  if (side == Side::initiator || !options_.remote) return peer(side).tell(line);
  line["now"] = monotonic_now();
  initiator_.tell({{"do", "control"}, {"text", json::serialize(line)}});
}

void NodePair::copy_file(Side from, const std::string& file) {
  const scenario::DataFolder source(peer(from).options().folder);
  const scenario::DataFolder destination(peer(other(from)).options().folder);
  fs::copy_file(source.files() / file, destination.files() / file);
}

Phases NodePair::begin() {
  phases_.begin = monotonic_now() + (options_.remote ? kRemoteStartDelay : kStartDelay);
  phases_.measured_from = phases_.begin + options_.workload.warm_up;
  phases_.measured_until = phases_.measured_from + options_.workload.duration;
  for (const Side side : {Side::target, Side::initiator}) begin(side);
  return phases_;
}
void NodePair::begin(Side side) {
  tell(side, {{"do", "begin"},
              {"begin", phases_.begin},
              {"from", phases_.measured_from},
              {"until", phases_.measured_until}});
}

void NodePair::kill(Side side) {
  peer(side).kill();
}
void NodePair::restart(Side side) {
  peer(side).start_process(window_);
  begin(side);
}

// ---- lines ----

void NodePair::hear(Nanoseconds until, const std::function<bool()>& done) {
  while (!done()) {
    const Nanoseconds left = until - monotonic_now();
    if (left <= 0) return;
    std::array<pollfd, 2> polled{pollfd{initiator_.descriptor(), POLLIN, 0},
                                 pollfd{target_.descriptor(), POLLIN, 0}};
    const Nanoseconds at_most = std::min(left / kMillisecond + 1, 50L);
    static_cast<void>(::poll(polled.data(), polled.size(), static_cast<int>(at_most)));
    for (const Side side : {Side::initiator, Side::target}) {
      if (peer(side).descriptor() < 0) continue;  // killed
      const bool is_alive = peer(side).read();
      while (auto line = peer(side).next()) take(side, *line);
      if (is_alive) continue;
      // What it said last is why.
      if (!result_.violations.empty()) throw LoadFailure(result_.violations.back());
      throw LoadFailure(fmt::format("the node of the {} has ended", name(side)));
    }
    if (options_.wants_stop && options_.wants_stop()) result_.was_stopped = true;
  }
}

void NodePair::take(Side side, const json::object& line) {
  const std::string type(line.at("type").as_string());
  const auto number = [&line](const char* of) { return line.at(of).to_number<std::uint64_t>(); };
  if (type == "failure") {
    violate(std::string(line.at("text").as_string()));
  } else if (type == "control") {
    take(Side::target, json::parse(line.at("text").as_string()).as_object());
  } else if (type == "bye") {
    has_said_bye_ = true;
  } else if (type == "sql") {
    const std::string error(line.at("error").as_string());
    if (!error.empty()) throw LoadFailure(fmt::format("the {}: {}", name(side), error));
    is_batch_done_ = true;
  } else if (type == "state") {
    if (side == Side::initiator) {
      standing_.sent = number("messages");
      standing_.replied = number("replies");
      standing_.dialogs = number("dialogs");
      standing_.unacknowledged = number("unacknowledged");
      standing_.is_done = line.at("done").as_bool();
    } else {
      standing_.received = number("messages");
    }
    const std::string trouble(line.at("trouble").as_string());
    if (!trouble.empty()) standing_.trouble = fmt::format("{}: {}", name(side), trouble);
    ++states_;
  } else if (type == "interval") {
    on_interval_(side, measures_of(line), line.at("at_ns").to_number<Nanoseconds>());
  } else if (type == "rest") {
    on_rest_(side, measures_of(line), line.at("at_ns").to_number<Nanoseconds>());
    ++rests_;
  }
}

void NodePair::violate(const std::string& text) {
  if (result_.violations.size() < kViolationsMax) result_.violations.push_back(text);
}

void NodePair::batch(Side side, const std::string& text) {
  is_batch_done_ = false;
  peer(side).tell({{"do", "sql"}, {"text", text}});
  hear(monotonic_now() + kSetupAtMost,
       [this] { return is_batch_done_ || !result_.violations.empty(); });
  if (!result_.violations.empty()) throw LoadFailure(result_.violations.front());
  if (!is_batch_done_) throw LoadFailure(fmt::format("the {} does not answer", name(side)));
}

// ---- the end ----

void NodePair::ask() {
  states_ = 0;
  for (const Side side : {Side::initiator, Side::target}) tell(side, {{"do", "state"}});
  hear(monotonic_now() + options_.drain_at_most,
       [this] { return states_ >= 2 || !result_.violations.empty(); });
  if (states_ < 2 && result_.violations.empty())
    throw LoadFailure("a node does not answer any more");
}

void NodePair::drain() {
  if (is_over()) initiator_.tell({{"do", "stop"}});
  Nanoseconds progress_at = monotonic_now();
  Standing before;
  while (true) {
    ask();
    if (!result_.violations.empty()) break;
    if (standing_.is_done && standing_.received >= standing_.sent) break;
    if (!(standing_ == before)) progress_at = monotonic_now();
    before = standing_;
    if (monotonic_now() - progress_at > options_.drain_at_most) break;
    hear(monotonic_now() + kAskAfter, [] { return false; });
  }
  result_.sent = standing_.sent;
  result_.received = standing_.received;
  result_.replied = standing_.replied;
  result_.dialogs = standing_.dialogs;
  if (!result_.violations.empty()) return;
  if (result_.received != result_.sent || !standing_.is_done)
    violate(fmt::format(
        "{} messages were sent, {} received, {} not acknowledged{}{}", result_.sent,
        result_.received, standing_.unacknowledged,
        options_.workload.request_reply ? fmt::format(", {} answered", result_.replied) : "",
        standing_.trouble.empty() ? "" : " (" + standing_.trouble + ")"));
}

void NodePair::finish() {
  if (options_.remote) {  // first, while there is somebody to tell it
    tell(Side::target, {{"do", "finish"}});
    hear(monotonic_now() + options_.drain_at_most, [this] { return rests_ >= 1; });
    tell(Side::target, {{"do", "bye"}});
    hear(monotonic_now() + kGoodbyeAtMost, [this] { return has_said_bye_; });
  }
  rests_ = 0;
  const int wanted = options_.remote ? 1 : 2;
  tell(Side::initiator, {{"do", "finish"}});
  if (!options_.remote) tell(Side::target, {{"do", "finish"}});
  hear(monotonic_now() + options_.drain_at_most, [&] { return rests_ >= wanted; });
}

}  // namespace ssb::sim::load
