#include "sim/scenario/wire_log.h"

#include <algorithm>
#include <map>

#include "sim/scenario/near.h"

namespace ssb::sim::scenario {
namespace {

bool contains(const proto::Bytes& haystack, proto::ByteView needle) {
  return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end()) !=
         haystack.end();
}

}  // namespace

WireFinding WireLog::find(std::string_view text, std::size_t from, std::string_view one,
                          std::string_view other) const {
  const auto is_between = [&](const WireChunk& chunk) {
    if (one.empty()) return true;
    return (equal_ignoring_case(chunk.from_node, one) &&
            equal_ignoring_case(chunk.to_node, other)) ||
           (equal_ignoring_case(chunk.from_node, other) && equal_ignoring_case(chunk.to_node, one));
  };
  std::map<std::pair<std::string, std::string>, proto::Bytes> streams;
  WireFinding finding;
  for (std::size_t i = from; i < chunks_.size(); ++i) {
    const WireChunk& chunk = chunks_[i];
    if (!is_between(chunk)) continue;
    finding.bytes_seen += chunk.bytes.size();
    auto& stream = streams[{chunk.from_address, chunk.to_address}];
    stream.insert(stream.end(), chunk.bytes.begin(), chunk.bytes.end());
  }
  const proto::Bytes utf16 = proto::to_utf16le(text);
  finding.is_found = std::any_of(streams.begin(), streams.end(), [&](const auto& stream) {
    return contains(stream.second, proto::as_bytes(text)) || contains(stream.second, utf16);
  });
  return finding;
}

}  // namespace ssb::sim::scenario
