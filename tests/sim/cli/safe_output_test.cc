// What a terminal would obey goes out as text (D25).
#include "sim/cli/safe_output.h"

#include <sstream>

#include <gtest/gtest.h>

namespace ssb::sim::cli {
namespace {

std::string passed(const std::string& text) {
  std::ostringstream below;
  SafeOutput out(below);
  out << text << std::flush;
  return below.str();
}

TEST(SafeOutputTest, TextPassesAsItIs) {
  for (const std::string text :
       {"plain\ttext\n", "gr\xC3\xBC\xC3\x9F \xE2\x86\x92 \xC2\xB7 \xE2\x80\xA6\n", "\xC2\xA0", ""})
    EXPECT_EQ(passed(text), text);
}

TEST(SafeOutputTest, ControlsAndTurnsOfDirectionBecomeText) {
  EXPECT_EQ(passed("a\x1B[2Jb"), "a\\u001b[2Jb");
  EXPECT_EQ(passed(std::string("\0\a\b\r\x7F", 5)), "\\u0000\\u0007\\u0008\\u000d\\u007f");
  EXPECT_EQ(passed("\xC2\x9B"), "\\u009b");  // CSI in one character
  EXPECT_EQ(passed("\xE2\x80\xAE"
                   "x"),
            "\\u202ex");  // what follows is written backwards
  EXPECT_EQ(passed("\xE2\x81\xA6"), "\\u2066");
  EXPECT_EQ(passed("\xE2\x81\xB0"), "\xE2\x81\xB0");
}

TEST(SafeOutputTest, ACharacterMayComeInParts) {
  std::ostringstream below;
  SafeOutput out(below);
  for (const char c : std::string("\xC2\x9B\xE2\x80\xAE\xC2\xE2\x1B\xC2\xB7")) out.put(c);

  EXPECT_EQ(below.str(), "\\u009b\\u202e\xC2\xE2\\u001b\xC2\xB7");
}

TEST(SafeOutputTest, AFailureBelowIsItsOwn) {
  std::ostream below(nullptr);
  SafeOutput out(below);

  out << "x" << std::flush;

  EXPECT_FALSE(out);
}

}  // namespace
}  // namespace ssb::sim::cli
