#include "sim/load/faulty_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <list>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/load/clock.h"

namespace ssb::sim::load {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &out.sin_addr) != 1) {
    errno = EINVAL;
    fail(address.c_str());
  }
  return out;
}

int tcp_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) fail("a socket");
  const int yes = 1;
  ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  return made;
}

int listen_at(const FaultyLink::Way& way) {
  const int listener = tcp_socket();
  const sockaddr_in address = socket_address(way.listen_address, way.port);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener, SOMAXCONN) != 0) {
    const int reason = errno;
    ::close(listener);
    errno = reason;
    fail(way.listen_address.c_str());
  }
  return listener;
}

// What goes one way on a connection.
struct Stream {
  int from = -1;
  int to = -1;
  std::vector<char> waiting{};
  bool is_over = false;  // no more comes; what waits still goes

  [[nodiscard]] bool has_room() const {
    return !is_over && waiting.size() < FaultyLink::kBufferBytes;
  }
  // False: the connection is broken.
  bool read() {
    std::array<char, FaultyLink::kBufferBytes> buffer{};
    const std::size_t room = FaultyLink::kBufferBytes - waiting.size();
    const ssize_t count = ::recv(from, buffer.data(), room, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) {
      is_over = true;
      if (waiting.empty()) ::shutdown(to, SHUT_WR);
    }
    waiting.insert(waiting.end(), buffer.begin(), buffer.begin() + count);
    return true;
  }
  bool write() {
    const ssize_t count = ::send(to, waiting.data(), waiting.size(), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    waiting.erase(waiting.begin(), waiting.begin() + count);
    if (waiting.empty() && is_over) ::shutdown(to, SHUT_WR);
    return true;
  }
};

struct Connection {
  Stream there, back;
  bool is_connected = false;

  [[nodiscard]] bool is_over() const {
    return there.is_over && back.is_over && there.waiting.empty() && back.waiting.empty();
  }
};

// Both ends see a reset, and what was on the way is gone.
void reset(const Connection& connection) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  for (const int end : {connection.there.from, connection.there.to}) {
    ::setsockopt(end, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ::close(end);
  }
}

void close(const Connection& connection) {
  ::close(connection.there.from);
  ::close(connection.there.to);
}

class Passer {
 public:
  Passer(const std::vector<FaultyLink::Way>& ways, std::vector<int> listeners, int orders)
      : ways_(ways), listeners_(std::move(listeners)), orders_(orders) {}

  // Until who started it has gone.
  void run() {
    while (true) {
      collect();
      const bool is_stalled = monotonic_now() < stalled_until_;
      static_cast<void>(::poll(polled_.data(), polled_.size(), is_stalled ? 10 : -1));
      if (polled_[0].revents != 0 && !obey()) return;
      if (!is_stalled) pass();
    }
  }

 private:
  void collect() {
    polled_.assign({{orders_, POLLIN, 0}});
    if (monotonic_now() < stalled_until_) return;
    for (const int listener : listeners_) polled_.push_back({listener, POLLIN, 0});
    for (const Connection& connection : connections_) {
      const auto events = [&](const Stream& reads, const Stream& writes) {
        const bool sends = !writes.waiting.empty() || !connection.is_connected;
        return static_cast<short>((reads.has_room() ? POLLIN : 0) | (sends ? POLLOUT : 0));
      };
      polled_.push_back({connection.there.from, events(connection.there, connection.back), 0});
      polled_.push_back({connection.there.to, events(connection.back, connection.there), 0});
    }
  }

  bool obey() {
    char order = 0;
    const ssize_t count = ::recv(orders_, &order, 1, 0);
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    if (count == 0) return false;
    if (order == 's') stalled_until_ = monotonic_now() + FaultyLink::kStall;
    if (order == 'c') {
      for (const Connection& connection : connections_) reset(connection);
      connections_.clear();
      polled_.resize(1 + listeners_.size());
    }
    return true;
  }

  void pass() {
    std::size_t at = 1 + listeners_.size();
    for (auto next = connections_.begin(); next != connections_.end() && at + 1 < polled_.size();
         at += 2) {
      const auto connection = next++;
      if (serve(*connection, polled_[at].revents, polled_[at + 1].revents)) continue;
      if (connection->is_over()) {
        close(*connection);
      } else {
        reset(*connection);
      }
      connections_.erase(connection);
    }
    for (std::size_t i = 0; i < listeners_.size() && 1 + i < polled_.size(); ++i) {
      if ((polled_[1 + i].revents & POLLIN) != 0) accept(i);
    }
  }

  static bool serve(Connection& connection, int at_opener, int at_other) {
    if (((at_opener | at_other) & (POLLERR | POLLNVAL)) != 0) return false;
    if ((at_other & POLLOUT) != 0) connection.is_connected = true;
    constexpr int kReadable = POLLIN | POLLHUP;
    if ((at_opener & kReadable) != 0 && connection.there.has_room() && !connection.there.read())
      return false;
    if ((at_other & kReadable) != 0 && connection.back.has_room() && !connection.back.read())
      return false;
    if (connection.is_connected && !connection.there.waiting.empty() && !connection.there.write())
      return false;
    if (!connection.back.waiting.empty() && !connection.back.write()) return false;
    // An end that is gone altogether takes nothing any more.
    const bool has_gone = ((at_opener & POLLHUP) != 0 && connection.there.is_over) ||
                          ((at_other & POLLHUP) != 0 && connection.back.is_over);
    return !has_gone && !connection.is_over();
  }

  void accept(std::size_t way) {
    const int opener = ::accept4(listeners_[way], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (opener < 0) return;
    const int yes = 1;
    ::setsockopt(opener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const int other = tcp_socket();
    const sockaddr_in address = socket_address(ways_[way].to_address, ways_[way].port);
    Connection connection;
    connection.there = {.from = opener, .to = other};
    connection.back = {.from = other, .to = opener};
    const int code = ::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    if (code != 0 && errno != EINPROGRESS) {
      reset(connection);
    } else {
      connections_.push_back(std::move(connection));
    }
  }

  const std::vector<FaultyLink::Way>& ways_;
  const std::vector<int> listeners_;
  const int orders_;
  std::list<Connection> connections_;
  std::vector<pollfd> polled_;
  Nanoseconds stalled_until_ = 0;
};

}  // namespace

FaultyLink::FaultyLink(const std::vector<Way>& ways) {
  std::vector<int> listeners;
  const auto close_all = [&listeners] {
    for (const int listener : listeners) ::close(listener);
  };
  std::array<int, 2> ends{};
  try {
    for (const Way& way : ways) listeners.push_back(listen_at(way));
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("a pair");
    pid_ = ::fork();
    if (pid_ < 0) fail("a process between the nodes");
  } catch (...) {
    close_all();
    throw;
  }
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "load-link");
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) std::signal(signal, SIG_IGN);
    ::close(ends[0]);
    try {
      Passer(ways, listeners, ends[1]).run();
    } catch (const std::exception&) {  // the nodes see a connection that ends
    }
    ::_exit(0);
  }
  close_all();
  ::close(ends[1]);
  descriptor_ = ends[0];
}

FaultyLink::~FaultyLink() {
  ::shutdown(descriptor_, SHUT_RDWR);
  ::close(descriptor_);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void FaultyLink::tell(char what) {
  static_cast<void>(::send(descriptor_, &what, 1, MSG_NOSIGNAL));
}

}  // namespace ssb::sim::load
