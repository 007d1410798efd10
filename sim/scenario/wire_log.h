// The bytes that the nodes themselves sent, and the search in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/bytes.h"
#include "proto/time.h"

namespace ssb::sim::scenario {

// One direction of one connection; recorded where the bytes were sent, below TLS.
struct WireChunk {
  std::string from_node, to_node;
  std::string from_address, to_address;  // "127.0.0.2:41022"
  proto::TimePoint at{};
  proto::Bytes bytes;
};

struct WireFinding {
  std::uint64_t bytes_seen = 0;
  bool is_found = false;
};

class WireLog {
 public:
  void add(WireChunk chunk) { chunks_.push_back(std::move(chunk)); }
  [[nodiscard]] std::size_t size() const { return chunks_.size(); }
  [[nodiscard]] const std::vector<WireChunk>& chunks() const { return chunks_; }
  // Looks for the text, in UTF-8 and in UTF-16, in the chunks from number `from` on that went between the two nodes (both empty: any).
  // A text that is split over two chunks of one direction is found.
  [[nodiscard]] WireFinding find(std::string_view text, std::size_t from, std::string_view one,
                                 std::string_view other) const;

 private:
  std::vector<WireChunk> chunks_;
};

}  // namespace ssb::sim::scenario
