#include "operator/base/text.h"

#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(CutUtf8, CutsBetweenCharacters) {
  struct Case {
    const char* what;
    std::string_view text;
    std::size_t most;
    std::string_view expected;
  };
  const Case cases[] = {
      {"short text is whole", "abc", 5, "abc"},
      {"ASCII", "abcdef", 3, "abc"},
      {"two bytes", "a\xC3\xA9", 2, "a"},
      {"three bytes", "\xE2\x82\xAC\xE2\x82\xAC", 5, "\xE2\x82\xAC"},
      {"four bytes", "\xF0\x9F\x98\x80", 3, ""},
      {"exactly whole", "a\xC3\xA9z", 3, "a\xC3\xA9"},
  };
  for (const Case& c : cases) EXPECT_EQ(CutUtf8(c.text, c.most), c.expected) << c.what;
}

TEST(Printable, TakesOutWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\nb\tc\x1b[31m"), "a b c [31m");
  EXPECT_EQ(Printable("\u0085\u200E\u202E\u2069."), "    .");
  EXPECT_EQ(Printable("\u00e4 \u20ac \u2028 \U0001F600"), "\u00e4 \u20ac \u2028 \U0001F600");
  EXPECT_EQ(Printable("cut \xE2\x80"), "cut \xE2\x80");
}

TEST(LastLine, IsTheEndOfAStackTrace) {
  EXPECT_EQ(LastLine(""), "");
  EXPECT_EQ(LastLine(" \n"), "");
  EXPECT_EQ(LastLine("one"), "one");
  EXPECT_EQ(LastLine("Traceback\n  File x\nValueError: y\n\n"), "ValueError: y");
}

TEST(LastLine, IsBoundedBetweenCharacters) {
  std::string words = "x";
  while (words.size() < 500) words += "\u00e4";
  EXPECT_EQ(LastLine(words), words.substr(0, 199) + "...");
}

}  // namespace
}  // namespace base
