// D: E with an append-only log at both ends, flushed before anything is sent or acknowledged; and what one flush of this disk costs.
//
//   Shape   one JSON line; what is sent, logged and checked: exchange.h. flushes_per_1000 and written_over_payload are of both ends
//           together; reply_p50_s has three flushes in it (request at the sender, request at the receiver, reply at the sender);
//           fdatasync_per_s is one thread that appends one message and flushes, again and again; fdatasync_beside_another_per_s each of two
//           that do so at once, as two nodes on one disk.
//   Units   messages a second of real time, seconds, bytes written over bytes of bodies.
//   Source  our own.

#include <cstdlib>
#include <functional>
#include <future>

#include <CLI/CLI.hpp>

#include "bench/bounds/exchange.h"
#include "bench/bounds/log.h"

namespace {

using namespace ssb::bench;

double flushes_per_s(const ExchangeOptions& options, double seconds) {
  Log log(options.folder, options.log_bytes);
  const Bytes message(options.size + kAdditionalBytes, 0x33);
  const double start = wall_seconds();
  double now = 0;
  do {
    log.append(message);
    log.flush();
    now = wall_seconds();
  } while (now - start < seconds);
  return static_cast<double>(log.flushes()) / (now - start);
}

// Of each of two at once, on average.
double flushes_per_s_beside_another(const ExchangeOptions& options, double seconds) {
  auto beside = std::async(std::launch::async, flushes_per_s, std::cref(options), seconds);
  const double one = flushes_per_s(options, seconds);
  return (one + beside.get()) / 2;
}

}  // namespace

int main(int argc, char** argv) {
  ExchangeOptions options;
  options.is_durable = true;
  options.folder = std::filesystem::temp_directory_path();
  std::size_t log_mib = options.log_bytes >> 20;
  CLI::App app(
      "D: sealed messages over TLS 1.3, logged and flushed at both ends. Example: durable_bound "
      "--folder /var/tmp");
  app.add_option("--size", options.size, "bytes of a body")
      ->capture_default_str()
      ->check(CLI::Range(8, 1 << 20));
  app.add_option(
         "--seconds", options.seconds,
         "measured time; a fifth of it before, half for replies, two quarters for fdatasync")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--folder", options.folder,
                 "where the logs are: a folder of the disk that is measured")
      ->capture_default_str()
      ->check(CLI::ExistingDirectory);
  app.add_option("--in-flight", options.in_flight, "messages sent and not acknowledged, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--batch", options.batch, "messages that one flush covers, at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--log-mib", log_mib, "size of each log, preallocated and recycled")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  CLI11_PARSE(app, argc, argv);
  options.log_bytes = log_mib << 20;
  try {
    require(options.batch * (options.size + 2 * kAdditionalBytes) <= options.log_bytes,
            "fitting a batch into --log-mib");
    const double flush_rate = flushes_per_s(options, options.seconds / 4);
    const double beside_another = flushes_per_s_beside_another(options, options.seconds / 4);
    const ExchangeResult result = run_exchange(options);
    describe("durable_bound", options, result)
        .count("in_flight", options.in_flight)
        .count("batch", options.batch)
        .count("log_mib", log_mib)
        .number("flushes_per_1000", result.flushes_per_1000)
        .number("written_over_payload", result.written_over_payload)
        .number("fdatasync_per_s", flush_rate)
        .number("fdatasync_beside_another_per_s", beside_another)
        .print();
    return is_whole(result) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "durable_bound: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
