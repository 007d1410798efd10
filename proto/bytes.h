// Byte strings and views, and the few conversions everyone needs.
//
//   Why uint8_t: OpenSSL, SQLite and protobuf all speak unsigned char; std::byte would be cast at each door.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ssb::proto {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// The bytes of a text, borrowed.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
// The bytes as text, borrowed.
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}
[[nodiscard]] inline Bytes to_bytes(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}
[[nodiscard]] inline std::string to_string(ByteView bytes) {
  return std::string(as_text(bytes));
}

// Upper-case hexadecimal without prefix.
[[nodiscard]] std::string to_hex(ByteView bytes);
// The bytes of hexadecimal text of even length in either case; nullopt otherwise.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

// UTF-16LE of UTF-8 text, as SQL Server stores nvarchar. Ill-formed input becomes U+FFFD.
[[nodiscard]] Bytes to_utf16le(std::string_view utf8);
// UTF-8 of UTF-16LE bytes; an odd last byte is dropped, unpaired surrogates become U+FFFD.
[[nodiscard]] std::string from_utf16le(ByteView bytes);

}  // namespace ssb::proto
