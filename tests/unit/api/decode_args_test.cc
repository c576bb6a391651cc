#include <gtest/gtest.h>

#include "controllers/api/decode.h"
#include "tests/unit/api/objects.h"

namespace disagg::api {
namespace {

using Kind = ArgValue::Kind;
using Words = std::vector<std::string>;

TEST(DecodeArgs, Table) {
  const struct {
    const char* sentence;
    const char* json;
    Kind kind;
    Words texts;
  } cases[] = {
      {"a string", R"("fp8")", Kind::kString, {"fp8"}},
      {"an empty string", R"("")", Kind::kString, {""}},
      {"an integer", "9472", Kind::kNumber, {"9472"}},
      {"a negative integer", "-1", Kind::kNumber, {"-1"}},
      {"the largest integer", "9223372036854775807", Kind::kNumber, {"9223372036854775807"}},
      {"an unsigned one beyond it",
       "18446744073709551615",
       Kind::kNumber,
       {"18446744073709551615"}},
      {"a fraction", "0.9", Kind::kNumber, {"0.9"}},
      {"a fraction that binary numbers cannot hold", "0.94", Kind::kNumber, {"0.94"}},
      {"a whole number with a point, as the API server stores it", "1.0", Kind::kNumber, {"1"}},
      {"a power of ten", "1e3", Kind::kNumber, {"1000"}},
      {"true", "true", Kind::kBool, {}},
      {"false", "false", Kind::kBool, {}},
      {"a list of scalars", R"([1, "b", true, 0.5])", Kind::kList, {"1", "b", "true", "0.5"}},
      {"an empty list", "[]", Kind::kList, {}},
      {"a repetition", R"({"repeat": ["a", 2]})", Kind::kRepeat, {"a", "2"}},
      {"an empty repetition", R"({"repeat": []})", Kind::kRepeat, {}},
      {"an object", R"({"b": 1, "a": 2})", Kind::kInvalid, {R"({"a":2,"b":1})"}},
      {"an empty object", "{}", Kind::kInvalid, {"{}"}},
      {"a repetition with something beside it",
       R"({"repeat": [], "x": 1})",
       Kind::kInvalid,
       {R"({"repeat":[],"x":1})"}},
      {"a repetition of no list", R"({"repeat": "a"})", Kind::kInvalid, {R"({"repeat":"a"})"}},
      {"a null in a list", "[null]", Kind::kInvalid, {"[null]"}},
      {"a list in a list", "[[1]]", Kind::kInvalid, {"[[1]]"}},
      {"a null in a repetition", R"({"repeat": [null]})", Kind::kInvalid, {R"({"repeat":[null]})"}},
  };
  for (const auto& c : cases) {
    const auto deployment =
        test::Deployment(std::string(R"({"spec": {"engine": {"args": {"x": )") + c.json + "}}}}");
    const ArgValue& value = deployment->spec.engine_args.at("x");
    EXPECT_EQ(value.kind, c.kind) << c.sentence;
    EXPECT_EQ(value.texts, c.texts) << c.sentence;
  }
}

TEST(DecodeArgs, KeepsKeysAsWritten) {
  const auto deployment =
      test::Deployment(R"({"spec": {"decode": {"args": {"max_num_seqs": 1, "--odd": true}}}})");
  const Args& args = deployment->spec.roles.at(RoleName::kDecode).args;
  EXPECT_TRUE(args.contains("max_num_seqs"));
  EXPECT_TRUE(args.contains("max-num-seqs"));
  EXPECT_TRUE(args.at("--odd").flag);
}

TEST(DecodeArgs, DropsNullsAsTheApiServerDoes) {
  std::string json = test::kDeployment;
  json.replace(json.find("128"), 3, "null");
  const auto decoded = DecodeDisaggDeployment(json);
  ASSERT_TRUE(decoded.ok());
  EXPECT_FALSE((*decoded)->spec.engine_args.contains("block-size"));
}

}  // namespace
}  // namespace disagg::api
