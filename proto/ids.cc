#include "proto/ids.h"

#include <algorithm>

namespace ssb::proto {
namespace {

// Where the printed byte i of a GUID is stored.
constexpr std::array<std::size_t, 16> kPrintOrder{3, 2, 1,  0,  5,  4,  7,  6,
                                                  8, 9, 10, 11, 12, 13, 14, 15};

}  // namespace

std::string Guid::text() const {
  Bytes printed(16);
  for (std::size_t i = 0; i < 16; ++i) printed[i] = bytes[kPrintOrder[i]];
  std::string hex = to_hex(printed);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
  return hex;
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
