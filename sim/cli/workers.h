// Processes of our own that do one request at a time: a request that crashes or hangs its process ends that process alone.
//
//   Shape   a line down a pipe, a line back up another. A worker is forked from this process as it is, and inherits what `work` needs.
//   A worker ends when this process does, and hears no signal of the terminal.
//   Errors  a worker that dies, or answers nothing for too long (it is killed), gives a Done with a death; the next request has a new one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace ssb::sim::cli {

struct WorkerOptions {
  int count = 1;
  std::chrono::milliseconds at_most{120'000};  // of one request
  std::uint64_t memory_bytes = 0;              // of one process; 0: no bound
};

class Workers {
 public:
  using Work = std::function<std::string(const std::string& request)>;
  struct Done {
    std::uint64_t tag = 0;
    std::string reply;
    std::string death;  // empty: it answered
  };

  Workers(WorkerOptions options, Work work);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  // Kills what is still at work.
  ~Workers();

  [[nodiscard]] bool has_free() const;
  [[nodiscard]] bool is_idle() const;
  // Requests and replies are one line each.
  void give(std::uint64_t tag, const std::string& request);
  // What is done by then; returns early for a reply or a signal.
  [[nodiscard]] std::vector<Done> wait(std::chrono::milliseconds at_most);

 private:
  struct Worker {
    pid_t pid = -1;
    int to = -1;
    int from = -1;
    bool is_busy = false;
    std::uint64_t tag = 0;
    std::string got;
    std::chrono::steady_clock::time_point since{};
  };
  void start(Worker& worker);
  [[noreturn]] void serve(int from, int to) const;
  void take(Worker& worker, std::vector<Done>& done);
  // What became of it, in words; it is gone afterwards.
  [[nodiscard]] std::string end(Worker& worker, bool is_late);

  WorkerOptions options_;
  Work work_;
  std::vector<Worker> workers_;
};

}  // namespace ssb::sim::cli
