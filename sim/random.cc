#include "sim/random.h"

#include <algorithm>
#include <utility>

// RAND_METHOD is the one way to give OpenSSL 3 another source process-wide without a provider of its own.
#define OPENSSL_SUPPRESS_DEPRECATED  // NOLINT(readability-identifier-naming): the name is OpenSSL's
#include <openssl/rand.h>

#include "proto/check.h"

namespace ssb::sim {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

constexpr std::uint64_t rotated(std::uint64_t x, unsigned by) {
  return (x << by) | (x >> (64U - by));
}

// OpenSSL's callbacks have no argument to carry it.
Random* source_of_openssl = nullptr;

int draw_bytes(unsigned char* out, int count) {
  return source_of_openssl->give({out, static_cast<std::size_t>(count)}) ? 1 : 0;
}
int is_seeded() {
  return 1;
}

const RAND_METHOD kSeeded = {nullptr, draw_bytes, nullptr, nullptr, draw_bytes, is_seeded};

}  // namespace

Random::Random(std::uint64_t seed) : seed_(seed) {
  for (std::uint64_t& word : state_) word = split_mix(seed);
}

Random Random::split(std::string_view name) const {
  // FNV-1a of the name, mixed with the seed.
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001B3ULL;
  }
  std::uint64_t mixed = seed_ ^ rotated(hash, 32);
  return Random(split_mix(mixed));
}

std::uint64_t Random::operator()() {
  ++draws_;
  const std::uint64_t result = rotated(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotated(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t count) {
  SSB_CHECK(count > 0);
  // Values beyond the last whole multiple of count would favour the small ones.
  const std::uint64_t rest = (UINT64_MAX % count + 1) % count;
  std::uint64_t value = (*this)();
  while (value > UINT64_MAX - rest) value = (*this)();
  return value % count;
}

double Random::unit() {
  return static_cast<double>((*this)() >> 11U) * 0x1.0p-53;
}

void Random::fill(std::span<std::uint8_t> out) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) word = (*this)();
    out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
}

void Random::set_fault(Fault fault, std::uint64_t period, std::function<void()> on_faulty_draw) {
  SSB_CHECK(period > 0);
  fault_ = fault;
  on_faulty_draw_ = std::move(on_faulty_draw);
  repeated_.clear();
  next_repeated_ = 0;
  if (fault != Fault::repeats) return;
  Random seeds = split("repeats");
  for (std::uint64_t i = 0; i < period; ++i) repeated_.push_back(seeds());
}

bool Random::give(std::span<std::uint8_t> out) {
  constexpr std::uint8_t kConstant = 0xA5;
  if (fault_ != Fault::none && on_faulty_draw_) on_faulty_draw_();
  switch (fault_) {
    case Fault::none: fill(out); break;
    case Fault::constant: std::fill(out.begin(), out.end(), kConstant); break;
    case Fault::repeats:
      Random(repeated_[next_repeated_]).fill(out);
      next_repeated_ = (next_repeated_ + 1) % repeated_.size();
      break;
    case Fault::fails: return false;
  }
  return true;
}

SeededOpenSsl::SeededOpenSsl(Random& first) : before_(std::exchange(source_of_openssl, &first)) {
  SSB_CHECK(RAND_set_rand_method(&kSeeded) == 1);
}

SeededOpenSsl::~SeededOpenSsl() {
  source_of_openssl = before_;
  if (before_ == nullptr) RAND_set_rand_method(RAND_OpenSSL());
}

Random& SeededOpenSsl::use(Random& random) {
  return *std::exchange(source_of_openssl, &random);
}

}  // namespace ssb::sim
