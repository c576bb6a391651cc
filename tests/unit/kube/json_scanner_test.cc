#include "operator/kube/json_scanner.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kube {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

struct Scanned {
  bool whole = false;
  std::vector<std::pair<std::string, std::string>> members;
};

Scanned Scan(std::string_view text) {
  Scanned scanned;
  scanned.whole = ScanObject(text, [&](std::string_view key, std::string_view value) {
    scanned.members.emplace_back(key, value);
  });
  return scanned;
}

TEST(JsonScanner, FindsMembersWhateverTheirValuesAre) {
  const Scanned scanned =
      Scan(R"( { "a" : {"x":[1,{"}":"]"}]} , "b\"c":"q\\", "n":-1e999, "t":true,"e":{},"l":[] } )");
  EXPECT_TRUE(scanned.whole);
  EXPECT_THAT(scanned.members, ElementsAre(Pair("a", R"({"x":[1,{"}":"]"}]})"),
                                           Pair(R"(b\"c)", R"("q\\")"), Pair("n", "-1e999"),
                                           Pair("t", "true"), Pair("e", "{}"), Pair("l", "[]")));
}

TEST(JsonScanner, FindsElements) {
  std::vector<std::string> elements;
  EXPECT_TRUE(ScanArray(R"([{"a":1},"x,y",[2] ,3])",
                        [&](std::string_view value) { elements.emplace_back(value); }));
  EXPECT_THAT(elements, ElementsAre(R"({"a":1})", R"("x,y")", "[2]", "3"));
  EXPECT_TRUE(ScanArray(" [ ] ", [](std::string_view) { FAIL(); }));
}

TEST(JsonScanner, SaysThatATextIsNotWhole) {
  for (const char* text : {"", "<html>", "[]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"x",
                           "{\"a\":{\"b\":1}", "{\"a\":1}}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}",
                           "{\"a\":1} x", "{\"a\":\"\\", "{\"a\":1 2}"}) {
    EXPECT_FALSE(Scan(text).whole) << text;
  }
}

TEST(JsonScanner, VisitsTheValueInWhichTheTextEnds) {
  EXPECT_THAT(Scan(R"({"a":1,"b":{"c":[2,)").members,
              ElementsAre(Pair("a", "1"), Pair("b", R"({"c":[2,)")));
  EXPECT_THAT(Scan(R"({"a":12)").members, ElementsAre(Pair("a", "")))
      << "half a number looks like a whole one";
}

TEST(JsonScanner, NeedsNoStackForDepth) {
  const std::string deep(2'000'000, '[');
  EXPECT_FALSE(Scan("{\"a\":" + deep).whole);
  EXPECT_TRUE(Scan("{\"a\":" + deep + std::string(deep.size(), ']') + "}").whole);
}

}  // namespace
}  // namespace kube
