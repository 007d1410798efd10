// SIGINT, SIGTERM and SIGUSR1 as something to ask about, while this lives: a scheduler's wish that the work ends.
#pragma once

#include <csignal>
#include <optional>

namespace ssb::sim::cli {

class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // The first that has come, from then on.
  [[nodiscard]] std::optional<int> seen();

 private:
  sigset_t before_{};
  int descriptor_ = -1;
  std::optional<int> signal_;
};

}  // namespace ssb::sim::cli
