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
      {"the largest exact integer", "9007199254740992", Kind::kNumber, {"9007199254740992"}},
      {"the least", "-9007199254740992", Kind::kNumber, {"-9007199254740992"}},
      {"a larger one loses digits on its way",
       "9007199254740993",
       Kind::kInvalid,
       {"9007199254740993"}},
      {"the largest of 64 bits", "9223372036854775807", Kind::kInvalid, {"9223372036854775807"}},
      {"the largest without a sign",
       "18446744073709551615",
       Kind::kInvalid,
       {"18446744073709551615"}},
      {"the same as the API server serves it",
       "18446744073709552000",
       Kind::kInvalid,
       {"1.8446744073709552e+19"}},
      {"a large power of ten", "1e21", Kind::kInvalid, {"1e+21"}},
      {"a small power of ten", "1e-7", Kind::kNumber, {"1e-07"}},
      {"15 digits of a fraction", "0.123456789012345", Kind::kNumber, {"0.123456789012345"}},
      {"more", "0.12345678901234567", Kind::kInvalid, {"0.12345678901234566"}},
      {"a large number in a list", "[1, 1e21]", Kind::kInvalid, {"[1,1e+21]"}},
      {"four levels", "[[[[1]]]]", Kind::kInvalid, {"[[[[1]]]]"}},
      {"five", "[[[[[1]]]]]", Kind::kInvalid, {"[[[[...]]]]"}},
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
