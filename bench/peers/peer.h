// What the clients of other systems share: a producer and a consumer, each a process of its own, a window, and the same counting as in
// the bounds.
//
//   Shape   bodies have their number in their first 8 bytes, big-endian; the rest is filled. The consumer compares every number with the
//           expected one and every size. The parent only sleeps and reads the counters, which all three share.
//   Units   messages a second at the consumer over the measured time after a warm-up of a fifth; CPU of producer and consumer over the
//           whole run, without the server's.
//   Errors  std::runtime_error; a process that fails ends the run with exit code 1.
//   Source  our own.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bounds/measure.h"

namespace ssb::bench {

struct PeerOptions {
  std::size_t size = 1024;
  double seconds = 3;
  std::uint64_t in_flight = 4096;
};

// In memory that all processes share.
struct Shared {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<bool> is_over{false};       // nothing more is to be sent
  std::atomic<bool> has_sent_all{false};  // `sent` is final
  std::atomic<int> port{0};               // for who chooses one
};

inline void pause_shortly() {
  ::usleep(50);
}

class Producing {
 public:
  Producing(Shared& shared, const PeerOptions& options)
      : shared_(shared), options_(options), body_(options.size, 0x33) {}
  // How many may be sent now, at most `most`; 0 when it is over. Waits while the window is full.
  [[nodiscard]] std::uint64_t may_send(std::uint64_t most) {
    while (!shared_.is_over) {
      const std::uint64_t free = options_.in_flight - (shared_.sent - shared_.received);
      // Whole batches, so that a slow consumer does not make small ones.
      if (free >= std::min(most, options_.in_flight)) return std::min(most, options_.in_flight);
      pause_shortly();
    }
    return 0;
  }
  [[nodiscard]] std::uint64_t next_number() const { return next_; }
  // Of the next message, valid until the next call.
  const Bytes& next_body() {
    put_big_endian(std::span(body_).first(8), next_++);
    ++shared_.sent;
    return body_;
  }

 private:
  Shared& shared_;
  PeerOptions options_;
  Bytes body_;
  std::uint64_t next_ = 0;
};

class Consuming {
 public:
  Consuming(Shared& shared, const PeerOptions& options) : shared_(shared), options_(options) {}
  void take(std::span<const std::uint8_t> body) {
    const bool is_expected = body.size() == options_.size && get_big_endian(body.first(8)) == next_;
    if (!is_expected) ++shared_.wrong;
    ++next_;
  }
  // What was taken so far is committed, acknowledged, or whatever the system calls it.
  void done() { shared_.received = next_; }
  [[nodiscard]] bool has_all() const { return shared_.has_sent_all && next_ >= shared_.sent; }
  [[nodiscard]] std::uint64_t next_number() const { return next_; }

 private:
  Shared& shared_;
  PeerOptions options_;
  std::uint64_t next_ = 0;
};

// Each runs in a process of its own and connects by itself.
struct Peer {
  std::function<void(Producing&, Shared&)>
      produce;  // until may_send says 0, and until the system has confirmed
  std::function<void(Consuming&, Shared&)> consume;  // until has_all
};

inline pid_t start_process(const char* name, const std::function<void()>& work) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  require(child >= 0, "a process");
  if (child > 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    work();
    ::_exit(EXIT_SUCCESS);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}: {}\n", name, failure.what());
    ::_exit(EXIT_FAILURE);
  }
}

// Runs both for the time, prints the line, and says whether every message came once, in order.
inline bool run_peer(JsonLine line, const PeerOptions& options, const Peer& peer) {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "shared memory");
  auto& shared = *new (memory) Shared;
  const pid_t consumer = start_process("consumer", [&] {
    Consuming consuming(shared, options);
    peer.consume(consuming, shared);
  });
  const pid_t producer = start_process("producer", [&] {
    Producing producing(shared, options);
    peer.produce(producing, shared);
    shared.has_sent_all = true;
  });
  const auto sleep = [](double seconds) { ::usleep(static_cast<useconds_t>(seconds * 1e6)); };
  // Connecting is not measured: the warm-up begins with the first message.
  for (int i = 0; i < 3000 && shared.received == 0; ++i) sleep(0.01);
  sleep(options.seconds / 5);
  const std::uint64_t before = shared.received;
  const double start = wall_seconds();
  sleep(options.seconds);
  const double rate = static_cast<double>(shared.received - before) / (wall_seconds() - start);
  shared.is_over = true;
  bool is_good = true;
  for (const pid_t child : {producer, consumer}) {
    int status = 0;
    require(::waitpid(child, &status, 0) == child, "waiting");
    if (status != 0 && child == producer) ::kill(consumer, SIGTERM);
    is_good &= status == 0;
  }
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  is_good &= shared.sent == shared.received && shared.received > 0 && shared.wrong == 0;
  line.count("size", options.size)
      .count("in_flight", options.in_flight)
      .number("seconds", options.seconds)
      .number("messages_per_s", rate)
      .number("cpu_s_per_message", cpu / static_cast<double>(shared.received))
      .count("sent", shared.sent)
      .count("received", shared.received)
      .count("wrong", shared.wrong)
      .print();
  return is_good;
}

inline void add_peer_options(CLI::App& app, PeerOptions& options) {
  app.add_option("--size", options.size, "bytes of a body")
      ->capture_default_str()
      ->check(CLI::Range(8, 1 << 20));
  app.add_option("--seconds", options.seconds, "measured time, after a fifth of it")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--in-flight", options.in_flight, "messages sent and not received, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
}

// What every main does.
inline int run_main(const char* name, const std::function<bool()>& work) {
  try {
    return work() ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}: {}\n", name, failure.what());
    return EXIT_FAILURE;
  }
}

}  // namespace ssb::bench
