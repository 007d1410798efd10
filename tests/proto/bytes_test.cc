#include "proto/bytes.h"

#include <gtest/gtest.h>

namespace ssb::proto {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(BytesTest, HexadecimalIsUpperCaseAndReadsInEitherCase) {
  const Bytes bytes{0x00, 0x9A, 0xBC, 0xFF};

  EXPECT_EQ(to_hex(bytes), "009ABCFF");
  EXPECT_EQ(from_hex("009abcff"), bytes);
  EXPECT_EQ(from_hex("009ABCFF"), bytes);
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(BytesTest, OtherTextIsNotHexadecimal) {
  for (const char* text : {"0", "0x12", "GG", "0G", "G0", " 00", "00 ", "-1"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
}

TEST(BytesTest, TextAndBytesConvertWithoutChange) {
  const std::string text("a\0b\xFF", 4);

  EXPECT_EQ(to_string(to_bytes(text)), text);
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(to_bytes(as_bytes(text)), to_bytes(text));
}

TEST(BytesTest, Utf16HasTwoBytesAUnitLowByteFirst) {
  EXPECT_EQ(to_hex(to_utf16le("Aé漢")), "4100E900226F");
  EXPECT_EQ(to_hex(to_utf16le("😀")), "3DD800DE");
  EXPECT_EQ(to_utf16le(""), Bytes{});
}

// Every code point of the first 12288 and every seventh above, surrogates left out.
TEST(BytesTest, CodePointsOfAllPlanesReturnFromUtf16) {
  for (std::uint32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 7) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    Bytes utf16;
    const auto put = [&utf16](std::uint32_t unit) {
      utf16.push_back(static_cast<std::uint8_t>(unit & 0xFF));
      utf16.push_back(static_cast<std::uint8_t>(unit >> 8));
    };
    if (c < 0x10000) {
      put(c);
    } else {
      put(0xD800 + ((c - 0x10000) >> 10));
      put(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
    ASSERT_EQ(to_utf16le(from_utf16le(utf16)), utf16) << c;
  }
}

TEST(BytesTest, IllFormedUtf8BecomesReplacementCharacters) {
  const auto repaired = [](std::string_view text) { return from_utf16le(to_utf16le(text)); };

  EXPECT_EQ(repaired("a\xFFz"), "a" + kReplacement + "z");
  EXPECT_EQ(repaired("\x80"), kReplacement);              // continuation without a lead
  EXPECT_EQ(repaired("\xC3"), kReplacement);              // cut
  EXPECT_EQ(repaired("\xC3z"), kReplacement + "z");       // interrupted: z is kept
  EXPECT_EQ(repaired("\xC0\x80"), kReplacement);          // overlong
  EXPECT_EQ(repaired("\xE0\x80\x80"), kReplacement);      // overlong
  EXPECT_EQ(repaired("\xED\xA0\x80"), kReplacement);      // surrogate
  EXPECT_EQ(repaired("\xF4\x90\x80\x80"), kReplacement);  // beyond U+10FFFF
  EXPECT_EQ(repaired("\xF0\x9F\x98"), kReplacement);      // cut
  EXPECT_EQ(repaired("\xF8z"), kReplacement + "z");
}

TEST(BytesTest, UnpairedSurrogatesBecomeReplacementCharacters) {
  EXPECT_EQ(from_utf16le(Bytes{0x3D, 0xD8}), kReplacement);
  EXPECT_EQ(from_utf16le(Bytes{0x3D, 0xD8, 0x41, 0x00}), kReplacement + "A");
  EXPECT_EQ(from_utf16le(Bytes{0x00, 0xDE, 0x41, 0x00}), kReplacement + "A");
  EXPECT_EQ(from_utf16le(Bytes{0x00, 0xDE, 0x3D, 0xD8}), kReplacement + kReplacement);
  EXPECT_EQ(from_utf16le(Bytes{0x3D, 0xD8, 0x3D, 0xD8, 0x00, 0xDE}), kReplacement + "😀");
}

TEST(BytesTest, AnOddLastByteIsDropped) {
  EXPECT_EQ(from_utf16le(Bytes{0x41, 0x00, 0x42}), "A");
  EXPECT_EQ(from_utf16le(Bytes{0x42}), "");
}

}  // namespace
}  // namespace ssb::proto
