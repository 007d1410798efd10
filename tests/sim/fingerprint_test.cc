#include "sim/fingerprint.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace ssb::sim {
namespace {

const proto::TimePoint kNine = *proto::parse_datetime("2024-01-01 09:00:00");

Fingerprint of(const proto::Bytes& bytes) {
  Fingerprint out;
  out.add(Fingerprint::Layer::wire, kNine, "A", bytes);
  return out;
}

TEST(FingerprintTest, EveryBitOfEveryLengthCounts) {
  std::set<std::string> seen;
  std::size_t made = 0;
  for (std::size_t size = 0; size <= 70; ++size) {
    const proto::Bytes zeros(size, 0);
    seen.insert(of(zeros).text());
    ++made;
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      proto::Bytes one = zeros;
      one[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      seen.insert(of(one).text());
      ++made;
    }
  }

  EXPECT_EQ(seen.size(), made);
}

// A sum that only multiplies never brings a difference in a word's highest bit down, where a second one takes it away.
TEST(FingerprintTest, TwoDifferencesInHighestBitsDoNotTakeEachOtherAway) {
  std::set<std::string> seen{of(proto::Bytes(128, 0)).text()};
  std::size_t made = 1;
  for (std::size_t first = 7; first < 128; first += 8) {
    for (std::size_t second = first + 8; second < 128; second += 8) {
      proto::Bytes two(128, 0);
      two[first] = 0x80;
      two[second] = 0x80;
      seen.insert(of(two).text());
      ++made;
    }
  }

  EXPECT_EQ(seen.size(), made);
}

TEST(FingerprintTest, TimeNodeAndOrderCount) {
  const auto made = [](int us, const char* node, const char* first, const char* second) {
    Fingerprint out;
    out.add(Fingerprint::Layer::events, kNine + std::chrono::microseconds(us), node,
            std::string_view(first));
    out.add(Fingerprint::Layer::events, kNine, "B", std::string_view(second));
    return out.text();
  };

  const std::set<std::string> all = {made(0, "A", "x", "y"), made(1, "A", "x", "y"),
                                     made(0, "B", "x", "y"), made(0, "A", "y", "x")};
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(made(0, "A", "x", "y"), made(0, "A", "x", "y"));
}

TEST(FingerprintTest, TheFirstDifferenceIsToldWithNodeLayerAndText) {
  Fingerprint one;
  Fingerprint other;
  for (Fingerprint* each : {&one, &other})
    each->add(Fingerprint::Layer::events, kNine, "HOST_A", std::string_view("alike"));
  one.add(Fingerprint::Layer::events, kNine, "HOST_B", std::string_view("this"));
  other.add(Fingerprint::Layer::wire, kNine, "HOST_C", proto::Bytes{0, 1, 2});

  EXPECT_EQ(Fingerprint::first_difference(one, one), std::nullopt);
  EXPECT_EQ(Fingerprint::first_difference(one, other).value_or(""),
            "entry 1\n  one run:    2024-01-01T09:00:00.000000Z HOST_B events: this\n"
            "  the other:  2024-01-01T09:00:00.000000Z HOST_C wire: 3 bytes, 000102");
}

}  // namespace
}  // namespace ssb::sim
