// E: sealed messages a second over TLS 1.3 on loopback TCP between two processes, nothing stored; and the time of request and reply.
//
//   Shape   one JSON line; what is sent and checked: exchange.h. cpu_s_per_message is of both processes together.
//   Units   messages a second of real time, seconds; --size bytes of body.
//   Source  our own.

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "bench/bounds/exchange.h"

int main(int argc, char** argv) {
  using namespace ssb::bench;
  ExchangeOptions options;
  bool is_raw = false;
  CLI::App app(
      "E: sealed messages over TLS 1.3 on loopback, two processes. Example: exchange_bound --size "
      "16384");
  app.add_option("--size", options.size, "bytes of a body")
      ->capture_default_str()
      ->check(CLI::Range(8, 1 << 24));
  app.add_option("--seconds", options.seconds,
                 "measured time; a fifth of it before, half of it for replies")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--gather-bytes", options.gather_bytes,
                 "how much is gathered for one write; 1: one write a message")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--raw", is_raw, "bodies are not sealed: TLS alone");
  app.add_flag("--one-core", options.is_on_one_core, "both processes on processor 0");
  CLI11_PARSE(app, argc, argv);
  options.is_sealed = !is_raw;
  try {
    const ExchangeResult result = run_exchange(options);
    describe("exchange_bound", options, result).print();
    return is_whole(result) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "exchange_bound: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
