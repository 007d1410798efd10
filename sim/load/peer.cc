#include "sim/load/peer.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <boost/json.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ssb::sim::load {
namespace {

namespace json = boost::json;

std::array<int, 2> make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::system_error(errno, std::generic_category(), "a socket pair");
  return ends;
}

void send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;  // its end shows in reading
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

// What cannot even begin says why.
void serve(const PartyOptions& options, Window& window, int socket) {
  const int copy = ::dup(socket);
  try {
    serve_party(options, window, socket);
  } catch (const std::exception& error) {
    const json::object line{{"type", "failure"},
                            {"text", std::string(name(options.side)) + ": " + error.what()}};
    send_all(copy, json::serialize(line) + "\n");
  }
  ::close(copy);
}

}  // namespace

Peer::~Peer() {
  if (descriptor_ >=
      0) {  // it ends when it reads the end, whoever else was forked with a copy of this one
    ::shutdown(descriptor_, SHUT_RDWR);
    ::close(descriptor_);
  }
  if (thread_.joinable()) thread_.join();
  if (pid_ < 0) return;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Peer::start_process(Window& window) {
  const auto ends = make_pair();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "a process of a node");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    ::prctl(PR_SET_NAME, options_.side == Side::initiator ? "load-initiator" : "load-target");
    // The one who started it hears the terminal and the scheduler, and tells it.
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) std::signal(signal, SIG_IGN);
    const rlimit no_core{0, 0};  // its memory holds keys
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::close(ends[0]);
    serve(options_, window, ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  descriptor_ = ends[0];
}

void Peer::start_thread(Window& window) {
  const auto ends = make_pair();
  descriptor_ = ends[0];
  thread_ = std::thread([this, &window, socket = ends[1]] { serve(options_, window, socket); });
}

void Peer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  while (read()) {  // to its end
  }
  // The rest of a line that it did not come to finish.
  got_.erase(got_.rfind('\n') == std::string::npos ? 0 : got_.rfind('\n') + 1);
  ::close(descriptor_);
  descriptor_ = -1;
}

void Peer::tell(const json::object& line) {
  send_all(descriptor_, json::serialize(line) + "\n");
}

std::optional<json::object> Peer::next() {
  const std::size_t end = got_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  json::value line = json::parse(got_.substr(0, end));
  got_.erase(0, end + 1);
  return std::move(line.as_object());
}

bool Peer::read() {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  got_.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace ssb::sim::load
