// The simulator's randomness: one seeded generator, split by name, and OpenSSL drawing from it.
//
//   A stream that is split off by a name depends on the seed and the name alone: who draws more in one place changes nothing in
//   another. None of this is secret or unpredictable; `ssbsim node` never uses it.
//   Source  xoshiro256** and SplitMix64, Blackman and Vigna, public domain; RAND_set_rand_method(3).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace ssb::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed);

  [[nodiscard]] Random split(std::string_view name) const;
  std::uint64_t operator()();
  // 0 to count - 1; count is at least 1.
  std::uint64_t below(std::uint64_t count);
  // 0 to 1, without 1.
  double unit();
  bool chance(double probability) { return probability > 0 && unit() < probability; }
  void fill(std::span<std::uint8_t> out);

  // A broken source, for those who ask with `give`: constant bytes; of so many draws each time the same, from the first on; none.
  // What is drawn otherwise, and what is given when the fault is over, is as if it had never been.
  enum class Fault : std::uint8_t { none, constant, repeats, fails };
  void set_fault(Fault fault, std::uint64_t period = 1, std::function<void()> on_faulty_draw = {});
  // As fill, with the fault; false: nothing is given.
  [[nodiscard]] bool give(std::span<std::uint8_t> out);
  [[nodiscard]] std::uint64_t draws() const { return draws_; }

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_{};
  std::uint64_t draws_ = 0;
  Fault fault_ = Fault::none;
  std::vector<std::uint64_t> repeated_;  // seeds of the draws that come again
  std::size_t next_repeated_ = 0;
  std::function<void()> on_faulty_draw_;
};

// While one lives, all of OpenSSL in this process draws from the generator that `use` names, so that keys, nonces, salts and TLS
// randoms repeat. One may live inside another; with the end of one its predecessor's generator is back, at last OpenSSL's own.
class SeededOpenSsl {
 public:
  explicit SeededOpenSsl(Random& first);
  SeededOpenSsl(const SeededOpenSsl&) = delete;
  SeededOpenSsl& operator=(const SeededOpenSsl&) = delete;
  ~SeededOpenSsl();

  // The one before, to give it back.
  Random& use(Random& random);

 private:
  Random* before_;  // null: OpenSSL's own
};

}  // namespace ssb::sim
