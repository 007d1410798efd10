#include "sim/cli/stop_signals.h"

#include <cerrno>
#include <system_error>

#include <sys/signalfd.h>
#include <unistd.h>

namespace ssb::sim::cli {

StopSignals::StopSignals() {
  sigset_t caught;
  sigemptyset(&caught);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&caught, signal);
  ::sigprocmask(SIG_BLOCK, &caught, &before_);
  descriptor_ = ::signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopSignals::~StopSignals() {
  static_cast<void>(seen());  // one that came late must not end us now
  ::close(descriptor_);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> StopSignals::seen() {
  signalfd_siginfo info{};
  while (::read(descriptor_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (!signal_) signal_ = static_cast<int>(info.ssi_signo);
  }
  return signal_;
}

}  // namespace ssb::sim::cli
