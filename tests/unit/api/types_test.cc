#include "controllers/api/types.h"

#include <gtest/gtest.h>

namespace disagg::api {
namespace {

TEST(RoleName, ReadsBack) {
  for (const RoleName role :
       {RoleName::kPrefill, RoleName::kDecode, RoleName::kAggregated, RoleName::kRouter}) {
    EXPECT_EQ(ParseRoleName(ToString(role)), role);
  }
  EXPECT_FALSE(ParseRoleName("encode"));
  EXPECT_FALSE(ParseRoleName(""));
}

TEST(Parallelism, CountsGpusOfOneReplica) {
  const struct {
    const char* sentence;
    Parallelism widths;
    int gpus;
  } cases[] = {
      {"nothing said is one GPU", {}, 1},
      {"DEP8 is eight", {.data = 8, .expert = 8}, 8},
      {"experts take no GPU of their own", {.tensor = 4, .expert = 4}, 4},
      {"decode context takes none either", {.tensor = 8, .decode_context = 4}, 8},
      {"tensor, pipeline, data and context multiply",
       {.tensor = 2, .pipeline = 3, .data = 5, .context = 7},
       210},
      {"what no cluster has is cut, not wrapped around",
       {.tensor = 2'000'000'000, .pipeline = 2'000'000'000, .data = 2'000'000'000},
       kMaxGpus},
      {"a width that makes no sense counts as none", {.tensor = -4, .data = 2'000'000'000}, 0},
  };
  for (const auto& c : cases) EXPECT_EQ(c.widths.gpus(), c.gpus) << c.sentence;
}

TEST(LabelSelector, Matches) {
  const std::map<std::string, std::string> labels = {{"team", "research"}, {"tier", "prod"}};
  const struct {
    const char* sentence;
    LabelSelector selector;
    bool matches;
  } cases[] = {
      {"an empty selector matches all", {}, true},
      {"an equal label matches", {{{"team", "research"}}, {}}, true},
      {"another value does not", {{{"team", "sales"}}, {}}, false},
      {"an absent label does not", {{{"region", "eu"}}, {}}, false},
      {"all labels must match", {{{"team", "research"}, {"tier", "test"}}, {}}, false},
      {"In matches a listed value", {{}, {{"team", "In", {"sales", "research"}}}}, true},
      {"In does not match an absent label", {{}, {{"region", "In", {"eu"}}}}, false},
      {"NotIn refuses a listed value", {{}, {{"team", "NotIn", {"research"}}}}, false},
      {"NotIn matches an absent label", {{}, {{"region", "NotIn", {"eu"}}}}, true},
      {"Exists wants the label", {{}, {{"tier", "Exists", {}}}}, true},
      {"Exists refuses its absence", {{}, {{"region", "Exists", {}}}}, false},
      {"DoesNotExist refuses the label", {{}, {{"tier", "DoesNotExist", {}}}}, false},
      {"DoesNotExist wants its absence", {{}, {{"region", "DoesNotExist", {}}}}, true},
      {"labels and expressions must both match",
       {{{"team", "research"}}, {{"tier", "NotIn", {"prod"}}}},
       false},
      {"an operator of the future matches nothing", {{}, {{"tier", "Gt", {"1"}}}}, false},
  };
  for (const auto& c : cases) EXPECT_EQ(c.selector.Matches(labels), c.matches) << c.sentence;
}

TEST(StatusView, FindsConditions) {
  StatusView status;
  status.conditions = {{.type = "Ready", .status = "True", .reason = "", .message = ""},
                       {.type = "Stalled", .status = "True", .reason = "", .message = ""}};
  ASSERT_NE(status.Find("Stalled"), nullptr);
  EXPECT_EQ(status.Find("Stalled")->type, "Stalled");
  EXPECT_EQ(status.Find("Scheduled"), nullptr);
}

}  // namespace
}  // namespace disagg::api
