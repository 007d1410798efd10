#include "transport/net/host.h"

#include <algorithm>
#include <deque>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio.hpp>

#include "proto/error_code.h"
#include "transport/net/patience.h"
#include "transport/net/socket.h"

namespace ssb::net {

namespace asio = boost::asio;
using boost::system::error_code;
using proto::Error;
using proto::ErrorCode;
using tcp = asio::ip::tcp;
using wire::ConnectionId;
using wire::EndpointKind;

namespace {

// A deadline that has passed is due again after this: a node that cannot get past one must not take the processor.
constexpr std::chrono::milliseconds kTimerMin{1};
constexpr std::chrono::hours kTimerMax{1};
constexpr std::chrono::milliseconds kAcceptRetry{100};
// What is done after so long leaves before the rest is begun: otherwise two nodes with much to do would work by turns. Long enough for a
// flush to cover some hundred messages.
constexpr std::chrono::milliseconds kTurnTime{1};
// A look takes some microseconds: who comes back so much later did not have the processor.
constexpr std::chrono::milliseconds kInterruption{1};
constexpr std::chrono::microseconds kPollsFor{120};  // two nodes answer each other within that

}  // namespace

std::chrono::microseconds default_polls_for() {
  return std::thread::hardware_concurrency() > 1 ? kPollsFor : std::chrono::microseconds(0);
}

proto::TimePoint Clock::now() const {
  if (stopped_at) return *stopped_at;
  return std::chrono::time_point_cast<proto::Duration>(std::chrono::system_clock::now()) + offset;
}

struct Host::State : std::enable_shared_from_this<Host::State> {
  State(Host& owner, asio::io_context& context, HostOptions given)
      : host(&owner),
        io(context),
        options(std::move(given)),
        clock(options.clock),
        files(options.files_folder),
        timer(context),
        patience(options.polls_for),
        resolver(context),
        server(std::make_unique<wire::Server>(options.node, files, options.keys,
                                              std::move(options.machine_key), clock.now())) {}

  // ---- the loop ----
  void give(wire::Input input) {
    last_activity = std::chrono::steady_clock::now();
    if (const auto since = std::exchange(idle_since, std::nullopt))
      patience.waited(last_activity - *since);
    inbox.push_back(std::move(input));
    post_step();
  }
  void post_step() {
    if (std::exchange(step_is_posted, true)) return;
    asio::post(io, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->is_stopped) self->step();
    });
  }
  void step();
  void handle(wire::Input& input, proto::TimePoint now, std::vector<ConnectionId>& handled);
  void rest();
  void look_again();
  void perform(wire::Outputs&& outputs);
  void arm_timer();
  void timer_due();

  // ---- what the server asks for ----
  void do_connect(const wire::Connect& connect);
  void connect_to(ConnectionId id, const std::string& name, const asio::ip::address& address,
                  std::uint16_t port);
  void connect_failed(ConnectionId id, Error error);
  void do_write(wire::Write&& write);
  void do_close(ConnectionId id);
  void do_listen(const wire::Listen& listen);
  void accept_next(EndpointKind kind);
  void accepted(EndpointKind kind, tcp::socket&& socket);
  std::shared_ptr<Socket> make_socket(ConnectionId id, tcp::socket&& socket);
  void maybe_done();
  void stop();

  Host* host;
  asio::io_context& io;
  HostOptions options;
  Clock clock;
  SandboxFiles files;
  asio::steady_timer timer;
  Patience patience;
  tcp::resolver resolver;
  std::unique_ptr<wire::Server> server;
  std::deque<wire::Input> inbox;
  std::map<EndpointKind, std::shared_ptr<tcp::acceptor>> acceptors;
  std::map<ConnectionId, std::shared_ptr<Socket>> sockets;
  std::map<ConnectionId, std::shared_ptr<Socket>> closing;
  const std::shared_ptr<Traffic> traffic = std::make_shared<Traffic>();
  std::chrono::steady_clock::time_point last_activity = std::chrono::steady_clock::now();
  std::map<broker::ClientId, ClientCallback> clients;  // whose work is under way
  broker::ClientId last_client = 0;
  bool step_is_posted = false;
  bool has_written = false;  // since the last step, and the server knows
  std::optional<std::chrono::steady_clock::time_point> timer_at;    // armed for
  std::optional<std::chrono::steady_clock::time_point> idle_since;  // nothing is to be done
  std::chrono::steady_clock::time_point looked_at{};
  std::chrono::steady_clock::time_point looks_until{};
  bool is_looking = false;
  std::uint64_t moved_bytes = 0;  // by the network, up to the last turn
  bool is_stopped = false;
  std::function<void()> done;  // of shut_down
};

void Host::State::handle(wire::Input& input, proto::TimePoint now,
                         std::vector<ConnectionId>& handled) {
  auto* const received = std::get_if<wire::Received>(&input);
  if (received != nullptr) handled.push_back(received->connection);
  if (const auto* accepted = std::get_if<wire::Accepted>(&input))
    handled.push_back(accepted->connection);
  if (const auto* connected = std::get_if<wire::Connected>(&input))
    handled.push_back(connected->connection);
  server->handle(input, now);
  if (received == nullptr) return;
  const auto socket = sockets.find(received->connection);
  if (socket != sockets.end()) socket->second->take_back(std::move(received->bytes));
}

void Host::State::step() {
  step_is_posted = false;
  const proto::TimePoint now = clock.now();
  std::vector<ConnectionId> handled;
  const auto turn_ends = std::chrono::steady_clock::now() + kTurnTime;
  for (std::size_t count = inbox.size(); count > 0; --count) {
    wire::Input input = std::move(inbox.front());
    inbox.pop_front();
    handle(input, now, handled);
    if (std::chrono::steady_clock::now() >= turn_ends) break;
  }
  if (!inbox.empty()) post_step();
  wire::Outputs outputs;
  server->commit(now, outputs);
  perform(std::move(outputs));
  if (is_stopped) return;
  // What waited for room that there is again.
  if (std::exchange(has_written, false) && !server->is_quiet()) post_step();
  for (const ConnectionId id : handled) {
    const auto socket = sockets.find(id);
    if (socket != sockets.end()) socket->second->read();
  }
  arm_timer();
  rest();
}

// The end of a turn: what is posted keeps the loop from sleeping, and between two of its kind the loop looks at sockets and timers.
void Host::State::rest() {
  const std::uint64_t moved = traffic->sent_bytes + traffic->received_bytes;
  patience.worked(static_cast<std::size_t>(moved - std::exchange(moved_bytes, moved)));
  if (options.polls_for.count() == 0 || step_is_posted) return;
  const auto now = std::chrono::steady_clock::now();
  idle_since = now;
  looked_at = now;
  looks_until = now + patience.now();
  if (looks_until > now && !std::exchange(is_looking, true)) look_again();
}

void Host::State::look_again() {
  asio::post(io, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->is_stopped) return;
    const auto now = std::chrono::steady_clock::now();
    if (self->idle_since && now - self->looked_at > kInterruption) self->patience.interrupted();
    self->looked_at = now;
    self->is_looking = self->idle_since && now < self->looks_until;
    if (self->is_looking) self->look_again();
  });
}

void Host::State::perform(wire::Outputs&& outputs) {
  if (!outputs.empty()) last_activity = std::chrono::steady_clock::now();
  for (wire::Output& output : outputs) {
    if (is_stopped) return;  // a callback ended the host
    if (auto* trace = std::get_if<broker::Trace>(&output)) {
      if (host->on_trace) host->on_trace(trace->record);
    } else if (auto* batch = std::get_if<broker::BatchOutput>(&output)) {
      if (host->on_output) host->on_output(batch->session, batch->items);
    } else if (auto* finished = std::get_if<broker::BatchFinished>(&output)) {
      if (host->on_finished) host->on_finished(finished->session);
    } else if (auto* client = std::get_if<broker::ClientDone>(&output)) {
      const auto waiting = clients.extract(client->id);
      if (waiting && waiting.mapped()) waiting.mapped()(std::move(client->result));
    } else if (auto* connect = std::get_if<wire::Connect>(&output)) {
      do_connect(*connect);
    } else if (auto* write = std::get_if<wire::Write>(&output)) {
      do_write(std::move(*write));
    } else if (auto* close = std::get_if<wire::CloseConnection>(&output)) {
      do_close(close->connection);
    } else if (auto* listen = std::get_if<wire::Listen>(&output)) {
      do_listen(*listen);
    } else if (auto* stop_listening = std::get_if<wire::StopListening>(&output)) {
      const auto acceptor = acceptors.find(stop_listening->kind);
      if (acceptor == acceptors.end()) continue;
      error_code ignored;
      acceptor->second->close(ignored);
      acceptors.erase(acceptor);
    }
  }
}

void Host::State::arm_timer() {
  const proto::TimePoint deadline = server->deadline();
  if (deadline == proto::kNever) {
    timer.cancel();
    timer_at.reset();
    return;
  }
  if (server->node().deadline() == broker::kAtOnce) {  // posted: signals and sockets come before it
    give(broker::Event(broker::TimerDue{}));
    return;
  }
  const auto now = clock.now();
  // Compared first: the difference of far ends would overflow.
  const auto wait = deadline >= now + kTimerMax
                        ? std::chrono::duration_cast<proto::Duration>(kTimerMax)
                        : std::max<proto::Duration>(deadline - now, kTimerMin);
  // Deadlines move away with nearly every message: a timer that comes too early looks again, and is cheaper than one that is always
  // armed anew.
  const auto at = std::chrono::steady_clock::now() + wait;
  if (timer_at && *timer_at <= at) return;
  timer_at = at;
  timer.expires_at(at);
  timer.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->is_stopped) self->timer_due();
  });
}

void Host::State::timer_due() {
  timer_at.reset();
  if (server->deadline() > clock.now()) {
    arm_timer();
  } else {
    give(broker::Event(broker::TimerDue{}));
  }
}

// ---- connections ----

void Host::State::connect_failed(ConnectionId id, Error error) {
  sockets.erase(id);
  give(wire::ConnectFailed{id, std::move(error)});
}

void Host::State::do_connect(const wire::Connect& connect) {
  const auto fail_unknown = [this, connect] {
    connect_failed(connect.connection, Error(ErrorCode::host_unknown, connect.host));
  };
  if (options.resolve) {
    const auto text = options.resolve(connect.host);
    error_code error;
    const auto address = asio::ip::make_address(text.value_or(""), error);
    if (!text || error) {
      fail_unknown();
    } else {
      connect_to(connect.connection, connect.host, address, connect.port);
    }
    return;
  }
  // Known at once, so that a close finds it.
  sockets[connect.connection] = make_socket(connect.connection, tcp::socket(io));
  resolver.async_resolve(
      connect.host, std::to_string(connect.port),
      [weak = weak_from_this(), connect, fail_unknown](const error_code& error,
                                                       const tcp::resolver::results_type& results) {
        const auto self = weak.lock();
        if (!self || self->is_stopped || !self->sockets.contains(connect.connection)) return;
        if (error || results.empty()) {
          fail_unknown();
        } else {
          self->connect_to(connect.connection, connect.host, results.begin()->endpoint().address(),
                           connect.port);
        }
      });
}

void Host::State::connect_to(ConnectionId id, const std::string& name,
                             const asio::ip::address& address, std::uint16_t port) {
  const tcp::endpoint target(address, port);
  const std::string text = name + ":" + std::to_string(port);
  tcp::socket socket(io);
  error_code error;
  socket.open(target.protocol(), error);
  // Peers see this instance's own loopback address, as they would see a host's.
  error_code no_address;
  const auto own = asio::ip::make_address(options.listen_address, no_address);
  const bool is_bound = !no_address && !own.is_unspecified() && own.is_v4() == address.is_v4() &&
                        own.is_loopback() == address.is_loopback();
  if (!error && is_bound) socket.bind(tcp::endpoint(own, 0), error);
  if (error) {
    connect_failed(id, Error(ErrorCode::connection_failed, text, error.message()));
    return;
  }
  const auto made = make_socket(id, std::move(socket));
  sockets[id] = made;
  made->native().async_connect(
      target, [weak = weak_from_this(), id, text, made](const error_code& failure) {
        const auto self = weak.lock();
        const auto known = self ? self->sockets.find(id) : decltype(self->sockets.find(id)){};
        if (!self || self->is_stopped || known == self->sockets.end() || known->second != made)
          return;
        if (failure) {
          self->connect_failed(id, Error(ErrorCode::connection_failed, text, failure.message()));
          return;
        }
        made->begin();
        self->give(wire::Connected{id});
      });
}

std::shared_ptr<Socket> Host::State::make_socket(ConnectionId id, tcp::socket&& socket) {
  Socket::Events events;
  const auto weak = weak_from_this();
  events.on_read = [weak, id](proto::Bytes bytes) {
    const auto self = weak.lock();
    if (self && !self->is_stopped) self->give(wire::Received{id, std::move(bytes)});
  };
  events.on_written = [weak, id](std::size_t bytes) {
    const auto self = weak.lock();
    if (self && !self->is_stopped) self->give(wire::Written{id, bytes});
  };
  events.on_closed = [weak, id](std::string reason) {
    const auto self = weak.lock();
    if (!self || self->is_stopped) return;
    self->sockets.erase(id);
    self->give(wire::Closed{id, std::move(reason)});
  };
  events.traffic = traffic;
  events.on_gone = [weak, id] {
    const auto self = weak.lock();
    if (!self || self->is_stopped) return;
    self->closing.erase(id);
    self->maybe_done();
  };
  if (options.on_wire) {
    events.on_wire = [weak, id](bool sent, proto::ByteView bytes) {
      const auto self = weak.lock();
      if (!self || self->is_stopped) return;
      const auto open = self->sockets.find(id);
      const auto ending = self->closing.find(id);
      const Socket* made = open != self->sockets.end()     ? open->second.get()
                           : ending != self->closing.end() ? ending->second.get()
                                                           : nullptr;
      if (made != nullptr) self->options.on_wire(sent, made->local(), made->remote(), bytes);
    };
  }
  return std::make_shared<Socket>(std::move(socket), std::move(events));
}

void Host::State::do_write(wire::Write&& write) {
  const auto socket = sockets.find(write.connection);
  if (socket == sockets.end()) return;
  const std::size_t written = socket->second->write(std::move(write.bytes));
  if (written == 0) return;
  has_written = true;
  server->handle(wire::Written{write.connection, written}, clock.now());
}

void Host::State::do_close(ConnectionId id) {
  const auto found = sockets.find(id);
  if (found == sockets.end()) return;
  const auto socket = found->second;
  sockets.erase(found);
  closing[id] = socket;
  socket->close();
}

// ---- listeners ----

void Host::State::do_listen(const wire::Listen& listen) {
  const std::string& ip = listen.ip_address.empty() ? options.listen_address : listen.ip_address;
  error_code error;
  const auto address = ip.empty() ? asio::ip::address(asio::ip::address_v4::any())
                                  : asio::ip::make_address(ip, error);
  const tcp::endpoint endpoint(address, listen.port);
  const auto acceptor = std::make_shared<tcp::acceptor>(io);
  if (!error) acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    const bool in_use = error == asio::error::address_in_use;
    give(wire::ListenResult{
        listen.kind, listen.port,
        Error(in_use ? ErrorCode::port_in_use : ErrorCode::cannot_listen, error.message())});
    return;
  }
  acceptors[listen.kind] = acceptor;
  give(wire::ListenResult{listen.kind, listen.port, std::nullopt});
  accept_next(listen.kind);
}

void Host::State::accept_next(EndpointKind kind) {
  const auto acceptor = acceptors.at(kind);
  acceptor->async_accept(
      [weak = weak_from_this(), kind, acceptor](const error_code& error, tcp::socket socket) {
        const auto self = weak.lock();
        const bool is_current = self && !self->is_stopped && self->acceptors.contains(kind) &&
                                self->acceptors.at(kind) == acceptor;
        if (!is_current) return;
        if (!error) {
          self->accepted(kind, std::move(socket));
          self->accept_next(kind);
          return;
        }
        // Out of descriptors, or the peer has gone already: later.
        const auto retry = std::make_shared<asio::steady_timer>(self->io, kAcceptRetry);
        retry->async_wait([weak, kind, acceptor, retry](const error_code&) {
          const auto later = weak.lock();
          const bool is_still = later && !later->is_stopped && later->acceptors.contains(kind) &&
                                later->acceptors.at(kind) == acceptor;
          if (is_still) later->accept_next(kind);
        });
      });
}

void Host::State::accepted(EndpointKind kind, tcp::socket&& socket) {
  const ConnectionId id = server->next_connection();
  const auto made = make_socket(id, std::move(socket));
  made->begin();
  sockets[id] = made;
  give(wire::Accepted{id, kind, made->remote()});
}

// ---- ends ----

void Host::State::maybe_done() {
  if (done && sockets.empty() && closing.empty()) asio::post(io, std::exchange(done, nullptr));
}

void Host::State::stop() {
  is_stopped = true;
  error_code ignored;
  timer.cancel(ignored);
  resolver.cancel();
  for (auto& [kind, acceptor] : acceptors) acceptor->close(ignored);
  for (auto& [id, socket] : sockets) socket->abandon();
  for (auto& [id, socket] : closing) socket->abandon();
  acceptors.clear();
  sockets.clear();
  closing.clear();
  server.reset();
}

Host::Host(asio::io_context& io, HostOptions options)
    : state_(std::make_shared<State>(*this, io, std::move(options))) {
  state_->post_step();
}

Host::~Host() {
  state_->stop();
}

void Host::shut_down(std::function<void()> done) {
  wire::Outputs outputs;
  state_->done = std::move(done);
  state_->server->shut_down(state_->clock.now(), outputs);
  state_->perform(std::move(outputs));
  state_->maybe_done();
}

void Host::open_session(broker::SessionId session, broker::catalog::SecurityContext login) {
  state_->give(broker::Event(broker::SessionOpened{session, std::move(login)}));
}
void Host::close_session(broker::SessionId session) {
  state_->give(broker::Event(broker::SessionClosed{session}));
}
void Host::submit(broker::SessionId session, std::string batch) {
  state_->give(broker::Event(broker::BatchSubmitted{session, std::move(batch)}));
}
void Host::cancel(broker::SessionId session) {
  state_->give(broker::Event(broker::BatchCancelled{session}));
}

void Host::run(std::function<proto::Result<broker::ClientStep>(broker::Client&)> work,
               ClientCallback done) {
  const broker::ClientId id = ++state_->last_client;
  state_->clients.emplace(id, std::move(done));
  state_->give(broker::Event(broker::ClientWork{id, std::move(work)}));
}

Clock& Host::clock() {
  return state_->clock;
}
void Host::wake() {
  state_->post_step();
}
wire::Server& Host::server() {
  return *state_->server;
}
const Traffic& Host::traffic() const {
  return *state_->traffic;
}
std::chrono::steady_clock::time_point Host::last_activity() const {
  return state_->last_activity;
}

bool Host::is_quiet() const {
  const State& state = *state_;
  return state.inbox.empty() && !state.step_is_posted && state.closing.empty() &&
         state.server->is_quiet() &&
         std::none_of(state.sockets.begin(), state.sockets.end(),
                      [](const auto& entry) { return entry.second->has_pending_writes(); });
}

}  // namespace ssb::net
