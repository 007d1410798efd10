// AES-128-GCM as our AesGcm does it against OpenSSL's own, with a context kept in both: by size.
//
//   Units  ratio_to_raw  time of the raw operation / time of ours, both measured in this process as
//          processor time of this thread: 1 is the ceiling, 0.5 means that half of it goes elsewhere.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <time.h>

#include "broker/crypto/aes.h"
#include "broker/crypto/random.h"

namespace {

using ssb::broker::crypto::AesGcm;
using ssb::broker::crypto::kGcmNonceBytes;
using ssb::broker::crypto::kGcmTagBytes;
using ssb::proto::Bytes;

constexpr std::size_t kAdditionalBytes = 64;  // about a dialog header's fixed part
constexpr int kRawRounds = 7;

struct Sample {
  explicit Sample(std::size_t body_bytes)
      : key(ssb::broker::crypto::random_secret(16)),
        nonce(kGcmNonceBytes, 7),
        additional(kAdditionalBytes, 0x5A),
        body(body_bytes) {
    ssb::broker::crypto::random_bytes(body);
    AesGcm(key).seal(nonce, additional, body, sealed);
  }

  ssb::proto::Secret key;
  Bytes nonce;
  Bytes additional;
  Bytes body;
  Bytes sealed;
};

// Processor time of this thread: other programs on the machine do not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void require(bool good) {
  if (!good) throw std::runtime_error("AES-GCM failed");
}

// OpenSSL alone: the key schedule is kept, the buffer is there, nothing is allocated.
class RawGcm {
 public:
  explicit RawGcm(const ssb::proto::Secret& key) {
    require(EVP_CipherInit_ex(seal_, EVP_aes_128_gcm(), nullptr, key.view().data(), nullptr, 1) ==
            1);
    require(EVP_CipherInit_ex(open_, EVP_aes_128_gcm(), nullptr, key.view().data(), nullptr, 0) ==
            1);
  }
  RawGcm(const RawGcm&) = delete;
  RawGcm& operator=(const RawGcm&) = delete;
  RawGcm(RawGcm&&) = delete;
  RawGcm& operator=(RawGcm&&) = delete;
  ~RawGcm() {
    EVP_CIPHER_CTX_free(seal_);
    EVP_CIPHER_CTX_free(open_);
  }

  void seal(const Sample& sample, Bytes& out) {
    int done = 0;
    const auto size = static_cast<int>(sample.body.size());
    std::uint8_t* tag = out.data() + size;
    require(EVP_EncryptInit_ex(seal_, nullptr, nullptr, nullptr, sample.nonce.data()) == 1 &&
            EVP_EncryptUpdate(seal_, nullptr, &done, sample.additional.data(), kAdditionalBytes) ==
                1 &&
            EVP_EncryptUpdate(seal_, out.data(), &done, sample.body.data(), size) == 1 &&
            EVP_EncryptFinal_ex(seal_, tag, &done) == 1 &&
            EVP_CIPHER_CTX_ctrl(seal_, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, tag) == 1);
  }
  void open(const Sample& sample, Bytes& out) {
    int done = 0;
    const auto size = static_cast<int>(sample.body.size());
    auto* tag = const_cast<std::uint8_t*>(sample.sealed.data() + size);
    require(EVP_DecryptInit_ex(open_, nullptr, nullptr, nullptr, sample.nonce.data()) == 1 &&
            EVP_DecryptUpdate(open_, nullptr, &done, sample.additional.data(), kAdditionalBytes) ==
                1 &&
            EVP_DecryptUpdate(open_, out.data(), &done, sample.sealed.data(), size) == 1 &&
            EVP_CIPHER_CTX_ctrl(open_, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag) == 1 &&
            EVP_DecryptFinal_ex(open_, out.data() + size, &done) == 1);
  }

 private:
  EVP_CIPHER_CTX* seal_ = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX* open_ = EVP_CIPHER_CTX_new();
};

// Seconds of one raw operation: the best of some rounds, as the ceiling is what the machine can do.
template <typename Operation>
double seconds_of(std::size_t body_bytes, Operation operation) {
  const auto count = static_cast<int>(20'000'000 / (body_bytes + 2000));  // some milliseconds
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < kRawRounds; ++round) {
    const double start = processor_seconds();
    for (int i = 0; i < count; ++i) operation();
    best = std::min(best, (processor_seconds() - start) / count);
  }
  return best;
}

// What our benchmarks report; `seconds` is the time of the whole loop.
void report(benchmark::State& state, double raw_seconds, double seconds) {
  const auto iterations = static_cast<double>(state.iterations());
  state.counters["ratio_to_raw"] = raw_seconds * iterations / seconds;
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void raw_seal(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  RawGcm raw(sample.key);
  Bytes out(sample.sealed.size());
  for (auto _ : state) {
    raw.seal(sample, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void raw_open(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  RawGcm raw(sample.key);
  Bytes out(sample.sealed.size());
  for (auto _ : state) {
    raw.open(sample, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void gcm_seal(benchmark::State& state) {  // into a buffer that is used again, as frames are
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  RawGcm raw(sample.key);
  Bytes scratch(sample.sealed.size());
  const double raw_seconds = seconds_of(sample.body.size(), [&] { raw.seal(sample, scratch); });
  AesGcm gcm(sample.key);
  Bytes out;
  const double start = processor_seconds();
  for (auto _ : state) {
    out.clear();
    gcm.seal(sample.nonce, sample.additional, sample.body, out);
    benchmark::DoNotOptimize(out.data());
  }
  report(state, raw_seconds, processor_seconds() - start);
}

void gcm_open(benchmark::State& state) {  // into a new buffer, which the caller keeps
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  RawGcm raw(sample.key);
  Bytes scratch(sample.sealed.size());
  const double raw_seconds = seconds_of(sample.body.size(), [&] { raw.open(sample, scratch); });
  AesGcm gcm(sample.key);
  const double start = processor_seconds();
  for (auto _ : state) {
    auto opened = gcm.open(sample.nonce, sample.additional, sample.sealed);
    require(opened.has_value());
    benchmark::DoNotOptimize(opened->data());
  }
  report(state, raw_seconds, processor_seconds() - start);
}

void by_size(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("body_bytes")->RangeMultiplier(4)->Range(64, 64 << 10);
}
BENCHMARK(raw_seal)->Apply(by_size);
BENCHMARK(gcm_seal)->Apply(by_size);
BENCHMARK(raw_open)->Apply(by_size);
BENCHMARK(gcm_open)->Apply(by_size);

}  // namespace

BENCHMARK_MAIN();
