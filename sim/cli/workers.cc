#include "sim/cli/workers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/check.h"

namespace ssb::sim::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOutOfMemory = 14;  // of a worker; nobody else sees it
constexpr std::uint64_t kMegabyte = std::uint64_t{1024} * 1024;

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "a pipe to a worker");
  return ends;
}

}  // namespace

Workers::Workers(WorkerOptions options, Work work) : options_(options), work_(std::move(work)) {
  workers_.resize(static_cast<std::size_t>(std::max(1, options_.count)));
  // A worker that has died is seen at its pipe, not by a signal that ends us.
  std::signal(SIGPIPE, SIG_IGN);
}

Workers::~Workers() {
  for (Worker& worker : workers_) {
    if (worker.pid < 0) continue;
    ::kill(worker.pid, SIGKILL);
    static_cast<void>(end(worker, false));
  }
}

bool Workers::has_free() const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const Worker& worker) { return !worker.is_busy; });
}

bool Workers::is_idle() const {
  return std::none_of(workers_.begin(), workers_.end(),
                      [](const Worker& worker) { return worker.is_busy; });
}

void Workers::start(Worker& worker) {
  const auto down = make_pipe();
  const auto up = make_pipe();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "a worker process");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    // The other workers' pipes must not be held open here: their ends are how a death is seen.
    for (const Worker& other : workers_) {
      if (other.to >= 0) ::close(other.to);
      if (other.from >= 0) ::close(other.from);
    }
    ::close(down[1]);
    ::close(up[0]);
    serve(down[0], up[1]);
  }
  ::close(down[0]);
  ::close(up[1]);
  worker = Worker{.pid = pid, .to = down[1], .from = up[0], .got = {}};
}

void Workers::serve(int from, int to) const {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) std::signal(signal, SIG_IGN);
  if (options_.memory_bytes > 0) {
    const rlimit limit{options_.memory_bytes, options_.memory_bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::string got;
  std::array<char, 4096> buffer{};
  while (true) {
    const std::size_t line = got.find('\n');
    if (line != std::string::npos) {
      std::string reply;
      try {
        reply = work_(got.substr(0, line));
      } catch (const std::bad_alloc&) {
        ::_exit(kOutOfMemory);
      } catch (...) {  // our own bug: the parent sees a death
        ::_exit(13);
      }
      got.erase(0, line + 1);
      if (!write_all(to, reply + "\n")) ::_exit(0);
      continue;
    }
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(0);
    got.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void Workers::give(std::uint64_t tag, const std::string& request) {
  const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                   [](const Worker& candidate) { return !candidate.is_busy; });
  SSB_CHECK(worker != workers_.end());
  if (worker->pid < 0) start(*worker);
  worker->is_busy = true;
  worker->tag = tag;
  worker->since = Clock::now();
  static_cast<void>(write_all(worker->to, request + "\n"));  // of a dead one, `wait` tells
}

std::vector<Workers::Done> Workers::wait(std::chrono::milliseconds at_most) {
  std::vector<pollfd> polled;
  std::vector<Worker*> of;
  for (Worker& worker : workers_) {
    if (!worker.is_busy) continue;
    polled.push_back({.fd = worker.from, .events = POLLIN, .revents = 0});
    of.push_back(&worker);
  }
  std::vector<Done> done;
  if (polled.empty()) return done;
  static_cast<void>(::poll(polled.data(), polled.size(), static_cast<int>(at_most.count())));
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents != 0) {
      take(*of[i], done);
    } else if (Clock::now() - of[i]->since > options_.at_most) {
      const std::uint64_t tag = of[i]->tag;
      ::kill(of[i]->pid, SIGKILL);
      done.push_back({.tag = tag, .reply = {}, .death = end(*of[i], true)});
    }
  }
  return done;
}

void Workers::take(Worker& worker, std::vector<Done>& done) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(worker.from, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    const std::uint64_t tag = worker.tag;
    done.push_back({.tag = tag, .reply = {}, .death = end(worker, false)});
    return;
  }
  worker.got.append(buffer.data(), static_cast<std::size_t>(count));
  const std::size_t line = worker.got.find('\n');
  if (line == std::string::npos) return;
  worker.is_busy = false;
  done.push_back({.tag = worker.tag, .reply = worker.got.substr(0, line), .death = {}});
  worker.got.erase(0, line + 1);
}

std::string Workers::end(Worker& worker, bool is_late) {
  ::close(worker.to);
  ::close(worker.from);
  int status = 0;
  while (::waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
  }
  worker = Worker{.got = {}};
  if (is_late)
    return fmt::format("no answer within {} s",
                       std::chrono::duration_cast<std::chrono::seconds>(options_.at_most).count());
  if (WIFSIGNALED(status))
    return fmt::format("ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) == kOutOfMemory && options_.memory_bytes > 0)
    return fmt::format("ran out of memory: it may use {} MB (--mem-limit)",
                       options_.memory_bytes / kMegabyte);
  if (WEXITSTATUS(status) == kOutOfMemory) return "ran out of memory";
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace ssb::sim::cli
