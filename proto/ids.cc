#include "proto/ids.h"

#include <algorithm>

namespace ssb::proto {
namespace {

// Where the printed byte i of a GUID is stored.
constexpr std::array<std::size_t, 16> kPrintOrder{3, 2, 1,  0,  5,  4,  7,  6,
                                                  8, 9, 10, 11, 12, 13, 14, 15};

}  // namespace

std::string Guid::text() const {
  // Trace records are full of these: in place, in one go.
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;  // over a hyphen
    const std::uint8_t byte = bytes[kPrintOrder[i]];
    out[at++] = kDigits[byte >> 4];
    out[at++] = kDigits[byte & 0xF];
  }
  return out;
}

std::optional<Guid> Guid::parse(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return std::nullopt;
  for (const std::size_t at : {8U, 13U, 18U, 23U}) {
    if (text[at] != '-') return std::nullopt;
  }
  std::string hex(text);
  std::erase(hex, '-');
  const auto printed = from_hex(hex);
  if (!printed || printed->size() != 16) return std::nullopt;
  Guid guid;
  for (std::size_t i = 0; i < 16; ++i) guid.bytes[kPrintOrder[i]] = (*printed)[i];
  return guid;
}

std::optional<Guid> Guid::from_bytes(ByteView bytes) {
  if (bytes.size() != 16) return std::nullopt;
  Guid guid;
  std::copy(bytes.begin(), bytes.end(), guid.bytes.begin());
  return guid;
}

}  // namespace ssb::proto
