#include "controllers/planning/text.h"

#include <gtest/gtest.h>

namespace disagg::planning {
namespace {

TEST(Shorten, LeavesShortTextsAlone) {
  EXPECT_EQ(Shorten("", 3), "");
  EXPECT_EQ(Shorten("abc", 3), "abc");
}

TEST(Printable, TakesOutWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\nb\tc\x1b[31m"), "a b c [31m");
  EXPECT_EQ(Printable("\u0085\u200E\u202E\u2069."), "    .");
  EXPECT_EQ(Printable("\u00e4 \u20ac \u2028 \U0001F600"), "\u00e4 \u20ac \u2028 \U0001F600");
  EXPECT_EQ(Printable("cut \xE2\x80"), "cut \xE2\x80");
}

TEST(Shorten, CutsBetweenCharacters) {
  EXPECT_EQ(Shorten("abcd", 3), "abc");
  EXPECT_EQ(Shorten("ab\u00e4", 3), "ab") << "2 bytes, the second one beyond the limit";
  EXPECT_EQ(Shorten("ab\u00e4c", 4), "ab\u00e4");
  EXPECT_EQ(Shorten("\U0001F600", 3), "") << "4 bytes";
}

}  // namespace
}  // namespace disagg::planning
