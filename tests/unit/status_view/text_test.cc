#include "controllers/status_view/text.h"

#include <gtest/gtest.h>

namespace disagg::status_view {
namespace {

TEST(Age, IsWrittenAsKubectlWritesIt) {
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  EXPECT_EQ(Age(-5), "0s") << "the clocks of two machines differ";
  EXPECT_EQ(Age(0), "0s");
  EXPECT_EQ(Age(119), "119s");
  EXPECT_EQ(Age(2 * kMinute), "2m");
  EXPECT_EQ(Age(4 * kMinute + 10), "4m10s");
  EXPECT_EQ(Age(kHour), "60m");
  EXPECT_EQ(Age(3 * kHour + 20 * kMinute), "3h20m");
  EXPECT_EQ(Age(9 * kHour + 20 * kMinute), "9h");
  EXPECT_EQ(Age(3 * kDay + 2 * kHour), "3d2h");
  EXPECT_EQ(Age(3 * kDay + 20 * kMinute), "3d");
  EXPECT_EQ(Age(200 * kDay), "200d");
}

struct LayoutCase {
  const char* sentence;
  api::Parallelism parallelism;
  const char* expected;
};

class Layouts : public ::testing::TestWithParam<LayoutCase> {};

TEST_P(Layouts, HaveTheNamesThatPeopleUse) {
  EXPECT_EQ(Layout(GetParam().parallelism), GetParam().expected) << GetParam().sentence;
}

INSTANTIATE_TEST_SUITE_P(
    Names, Layouts,
    ::testing::Values(
        LayoutCase{"one GPU", {}, "TP1"},
        LayoutCase{
            "attention data-parallel with expert parallelism", {.data = 8, .expert = 8}, "DEP8"},
        LayoutCase{"data-parallel alone", {.data = 2}, "DP2"},
        LayoutCase{"tensor-parallel alone", {.tensor = 4}, "TP4"},
        LayoutCase{"tensor-parallel attention with expert parallelism",
                   {.tensor = 4, .expert = 4},
                   "TEP4"},
        LayoutCase{"both", {.tensor = 2, .data = 4}, "DP4xTP2"},
        LayoutCase{
            "both with expert parallelism", {.tensor = 2, .data = 4, .expert = 8}, "DP4xTP2xEP8"},
        LayoutCase{"stages", {.tensor = 8, .pipeline = 2}, "TP8xPP2"},
        LayoutCase{"context", {.tensor = 4, .context = 2, .decode_context = 4}, "TP4xCP2xDCP4"}));

TEST(Count, KnowsThePlural) {
  EXPECT_EQ(Count(1, "GPU"), "1 GPU");
  EXPECT_EQ(Count(8, "GPU"), "8 GPUs");
}

}  // namespace
}  // namespace disagg::status_view
