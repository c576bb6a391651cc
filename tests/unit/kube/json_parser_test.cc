#include "operator/kube/json_parser.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kube {
namespace {

TEST(JsonParser, ReadsWhatTheApiServerServes) {
  const struct {
    const char* what;
    const char* served;
    const char* read;
  } kCases[] = {
      {"2^64-1, as it comes back", "18446744073709552000", "18446744073709552000.0"},
      {"the largest unsigned number", "18446744073709551615", "18446744073709551615"},
      {"one more", "18446744073709551616", "18446744073709551616.0"},
      {"the least signed number", "-9223372036854775808", "-9223372036854775808"},
      {"one less", "-9223372036854775809", "-9223372036854775809.0"},
      {"1e21", "1e+21", "1e21"},
      {"a number beyond all doubles", "1e999", "1.7976931348623157e308"},
      {"a negative one", "-1e999", "-1.7976931348623157e308"},
      {"one that is almost nothing", "1e-999", "0.0"},
      {"a fraction", "0.1", "0.1"},
      {"half a surrogate", R"("a\ud800b")", R"("a\ufffdb")"},
      {"the other half", R"("\udc00")", R"("\ufffd")"},
      {"two first halves", R"("\ud800\ud83d\ude00")", R"("\ufffd\ud83d\ude00")"},
      {"a byte that is not UTF-8", "\"a\xff\"", R"("a\ufffd")"},
      {"every escape", R"("\" \\ \/ \b \f \n \r \t \u0000 \u003c")",
       R"("\" \\ \/ \b \f \n \r \t \u0000 \u003c")"},
  };
  JsonParser parser;
  for (const auto& c : kCases) {
    const std::string text =
        std::string(R"({"big":18446744073709552000,"value":)") + c.served + "}";
    const auto root = parser.Parse(text);
    ASSERT_TRUE(root.ok()) << c.what << ": " << root.error().message;
    Json value;
    ASSERT_EQ((*root)["value"].get(value), simdjson::SUCCESS) << c.what;
    EXPECT_EQ(nlohmann::json::parse(std::string(simdjson::minify(value))),
              nlohmann::json::parse(c.read))
        << c.what;
  }
}

TEST(JsonParser, ANumberOfFourHundredDigitsIsANumber) {
  JsonParser parser;
  for (const char* sign : {"", "-"}) {
    const auto root = parser.Parse(sign + std::string(400, '9'));
    ASSERT_TRUE(root.ok());
    EXPECT_TRUE(root->is_double());
  }
}

TEST(JsonParser, RepairsNothingThatIsNotJson) {
  JsonParser parser;
  for (const char* text : {"", "nul", "1.2.3", "00", "+1", "1e", "\"\\x\"", "[1,]", "{\"a\":}", "[",
                           "18446744073709552000 1"}) {
    EXPECT_FALSE(parser.Parse(text).ok()) << text;
  }
}

TEST(JsonParser, LeavesWhatIsReadableAsItIs) {
  const std::string text =
      R"({"a":[1,-2,0.5,1e3,true,null],"b":"1e999 \ud83d\ude00 18446744073709552000 ä"})";
  EXPECT_EQ(RepairJson(text), text);
}

TEST(JsonParser, DepthIsBoundedAndSaid) {
  JsonParser parser;
  const std::size_t most = JsonParser::kMaxDepth - 1;
  EXPECT_TRUE(parser.Parse(std::string(most, '[') + std::string(most, ']')).ok());
  for (const std::size_t depth : {most + 2, std::size_t{1'000'000}}) {
    const auto deep = parser.Parse(std::string(depth, '[') + std::string(depth, ']'));
    ASSERT_FALSE(deep.ok());
    EXPECT_EQ(deep.error().message, "it is nested deeper than 1024 levels");
  }
  EXPECT_TRUE(parser.Parse("[]").ok()) << "it can be used again";
}

}  // namespace
}  // namespace kube
