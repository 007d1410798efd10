// A running hash of all that happens in a world, by layer, and enough of its course to name the first difference of two runs.
//
//   Of the course what can be shown is kept, in one string; differences are bugs, not attacks, so the hash is a fast one.
//
//   Layers  what statements answered, the bytes on the wire, trace records, what stores hold, and random draws: a difference in an
//           upper one that no lower one shows is in between.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/bytes.h"
#include "proto/time.h"

namespace ssb::sim {

class Fingerprint {
 public:
  enum class Layer { statements, wire, events, storage, draws };
  static constexpr std::size_t kLayers = 5;

  void add(Layer layer, proto::TimePoint at, std::string_view node, proto::ByteView bytes);
  void add(Layer layer, proto::TimePoint at, std::string_view node, std::string_view text);

  // "statements 1f2e3d4c wire ...": one word a layer.
  [[nodiscard]] std::string text() const;

  // Where two runs part: the first entry that differs, in words; nullopt when they are alike.
  [[nodiscard]] static std::optional<std::string> first_difference(const Fingerprint& one,
                                                                   const Fingerprint& other);

 private:
  // Of each entry, up to kEntriesMax; beyond, only the hashes go on.
  struct Entry {
    Layer layer{};
    proto::TimePoint at{};
    std::uint32_t node = 0;      // of names_
    std::uint32_t block = 0;     // of starts_: where the start of its text is
    std::uint32_t start_at = 0;  // in the block
    std::uint32_t start_bytes = 0;
    std::uint64_t hash = 0;
  };
  [[nodiscard]] std::string& room_for_a_start();
  [[nodiscard]] std::uint32_t number_of(std::string_view node);
  [[nodiscard]] std::string told(const Entry& entry) const;
  static constexpr std::size_t kEntriesMax = 200'000;
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

  std::array<std::uint64_t, kLayers> hashes_{};
  std::array<std::uint64_t, kLayers> counts_{};
  std::vector<Entry> entries_;
  std::vector<std::string> names_;   // of nodes
  std::vector<std::string> starts_;  // blocks, so that what is kept never moves
};

}  // namespace ssb::sim
