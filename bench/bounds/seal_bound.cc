// S: how many bodies a second one core seals and opens with AES-128-GCM and nothing else. Also what contexts that are not kept cost.
//
//   Shape   one JSON line. messages_per_s is seal through one kept context; open, the same for opening; new_context, one made for each
//           message; rekeyed, one context whose key schedule is computed for each message; round_robin, `contexts` kept ones in turn,
//           as many dialogs have them (for seal and for open).
//   Units   messages a second of processor time of this thread (other programs do not count); --size bytes of body, 64 of additional data.
//           opened counts bodies whose tag fitted and that came out as they went in; failed must be 0.
//   Source  our own; OpenSSL's EVP_aes_128_gcm, NIST SP 800-38D.

#include <algorithm>
#include <cstdlib>
#include <functional>

#include <CLI/CLI.hpp>

#include "bench/bounds/measure.h"

namespace {

using namespace ssb::bench;

struct Options {
  std::size_t size = 1024;
  double seconds = 0.4;
  std::size_t contexts = 10'000;
};

Bytes key_of(std::size_t number) {
  Bytes key(kKeyBytes, 0x5A);
  put_big_endian(std::span(key).last(8), number);
  return key;
}

// Runs `work(i)` in chunks until the time is over; its rate.
double rate_of(double seconds,
               const std::function<void(std::uint64_t first, std::uint64_t count)>& work) {
  constexpr std::uint64_t kChunk = 512;
  work(0, kChunk);
  std::uint64_t done = 0;
  const double start = thread_cpu_seconds();
  double now = start;
  while (now - start < seconds) {
    work(done, kChunk);
    done += kChunk;
    now = thread_cpu_seconds();
  }
  return static_cast<double>(done) / (now - start);
}

struct Rates {
  double seal = 0;
  double open = 0;
  double new_context = 0;
  double rekeyed = 0;
  double round_robin_seal = 0;
  double round_robin_open = 0;
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;
};

class Measurement {
 public:
  explicit Measurement(const Options& options) : options_(options), body_(options.size, 0x33) {}

  Rates run() {
    const Bytes key = key_of(0);
    Rates rates;
    KeptGcm kept(KeptGcm::Does::seal, key);
    rates.seal = sealing([&](std::uint64_t) -> KeptGcm& { return kept; });
    rates.new_context = rate_of(options_.seconds, [&](std::uint64_t first, std::uint64_t count) {
      for (std::uint64_t i = first; i < first + count; ++i)
        KeptGcm(KeptGcm::Does::seal, key).seal(i, additional_, body_, sealed_.data());
    });
    rates.rekeyed = sealing([&](std::uint64_t) -> KeptGcm& {
      kept.set_key(key);
      return kept;
    });
    KeptGcm opener(KeptGcm::Does::open, key);
    kept.seal(0, additional_, body_, sealed_.data());
    rates.open = opening(rates, [&](std::uint64_t) -> KeptGcm& { return opener; });
    round_robin(rates);
    return rates;
  }

 private:
  template <typename Context>
  double sealing(const Context& context) {
    return rate_of(options_.seconds, [&](std::uint64_t first, std::uint64_t count) {
      for (std::uint64_t i = first; i < first + count; ++i)
        context(i).seal(i, additional_, body_, sealed_.data());
    });
  }
  // Opens what lies in sealed_, under nonce 0, again and again.
  template <typename Context>
  double opening(Rates& rates, const Context& context) {
    Bytes out(options_.size);
    return rate_of(options_.seconds, [&](std::uint64_t first, std::uint64_t count) {
      for (std::uint64_t i = first; i < first + count; ++i)
        ++(context(i).open(0, additional_, sealed_, out.data()) ? rates.opened : rates.failed);
      if (out != body_) ++rates.failed;
    });
  }
  // All contexts have one key, so that one sealed body opens in each of them; their schedules are their own all the same.
  void round_robin(Rates& rates) {
    const Bytes key = key_of(1);
    std::vector<KeptGcm> contexts;
    const auto next = [&](std::uint64_t i) -> KeptGcm& { return contexts[i % contexts.size()]; };
    contexts.reserve(options_.contexts);
    for (std::size_t i = 0; i < options_.contexts; ++i)
      contexts.emplace_back(KeptGcm::Does::seal, key);
    rates.round_robin_seal = sealing(next);
    contexts.front().seal(0, additional_, body_, sealed_.data());
    contexts.clear();
    for (std::size_t i = 0; i < options_.contexts; ++i)
      contexts.emplace_back(KeptGcm::Does::open, key);
    rates.round_robin_open = opening(rates, next);
  }

  Options options_;
  Bytes body_;
  Bytes additional_ = Bytes(kAdditionalBytes, 0x44);
  Bytes sealed_ = Bytes(body_.size() + kTagBytes);
};

int run(const Options& options) {
  const Rates rates = Measurement(options).run();
  JsonLine("seal_bound")
      .count("size", options.size)
      .count("additional_bytes", kAdditionalBytes)
      .count("contexts", options.contexts)
      .number("seconds_each", options.seconds)
      .number("messages_per_s", rates.seal)
      .number("cpu_s_per_message", 1 / rates.seal)
      .number("open_messages_per_s", rates.open)
      .number("new_context_messages_per_s", rates.new_context)
      .number("rekeyed_messages_per_s", rates.rekeyed)
      .number("round_robin_messages_per_s", rates.round_robin_seal)
      .number("round_robin_open_messages_per_s", rates.round_robin_open)
      .count("opened", rates.opened)
      .count("failed", rates.failed)
      .print();
  return rates.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("S: AES-128-GCM through a kept context, one core. Example: seal_bound --size 16384");
  app.add_option("--size", options.size, "bytes of a body")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 24));
  app.add_option("--seconds", options.seconds, "processor time of each of the six measurements")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--contexts", options.contexts, "kept contexts of the round robin")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "seal_bound: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
