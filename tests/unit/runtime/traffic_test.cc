#include "operator/runtime/traffic.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace runtime {
namespace {

using base::ErrorCode;

class TrafficTest : public ::testing::Test {
 protected:
  static Flow Writes(const std::string& name) { return {Flow::Kind::kWrite, name}; }

  // A place, unless that takes any wait.
  bool Takes(const std::string& flow) {
    const base::Status entered = traffic_.Enter(Writes(flow), {});
    EXPECT_TRUE(entered.ok() || entered.error().code == ErrorCode::kTimeout);
    return entered.ok();
  }
  int TakesAllItCan(const std::string& flow) {
    int taken = 0;
    while (Takes(flow)) ++taken;
    return taken;
  }

  base::ManualClock clock_{base::SystemTime{}};
  Traffic traffic_{clock_, {}};
};

TEST_F(TrafficTest, AFlowTakesItsPartOfThePlaces) { EXPECT_EQ(TakesAllItCan("a"), 16); }

TEST_F(TrafficTest, SlowFlowsHoldUpOnlyThemselves) {
  for (int i = 0; i < 32; ++i) TakesAllItCan("slow" + std::to_string(i));
  EXPECT_EQ(traffic_.writes(), 62) << "two times 16, and one for each of the others";
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Takes("healthy")) << i;
    EXPECT_FALSE(Takes("slow0")) << i;
    traffic_.Leave(Writes("healthy"));
  }
}

TEST_F(TrafficTest, EveryFlowHasItsFirstPlaceWhileThereIsOne) {
  TakesAllItCan("a");
  for (int i = traffic_.writes(); i < 64; ++i) ASSERT_TRUE(Takes("flow" + std::to_string(i))) << i;
  EXPECT_FALSE(Takes("one more"));
  traffic_.Leave(Writes("a"));
  EXPECT_TRUE(Takes("one more"));
}

TEST_F(TrafficTest, AFreedPlaceGoesToWhoeverWaitsAndMayTakeIt) {
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(Takes("flow" + std::to_string(i)));
  const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto greedy =
      std::async(std::launch::async, [&] { return traffic_.Enter(Writes("flow0"), soon).ok(); });
  auto waiting =
      std::async(std::launch::async, [&] { return traffic_.Enter(Writes("new"), soon).ok(); });
  traffic_.Leave(Writes("flow1"));
  EXPECT_TRUE(waiting.get()) << "flow0 has one and too little is free for a second";
  for (int i = 2; i <= 40; ++i) traffic_.Leave(Writes("flow" + std::to_string(i)));
  EXPECT_TRUE(greedy.get());
}

TEST_F(TrafficTest, AWaitForAPlaceEnds) {
  TakesAllItCan("a");
  const base::Status entered =
      traffic_.Enter(Writes("a"), std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().reason, "WritesUnderWay");
  EXPECT_FALSE(entered.error().outcome_unknown);
}

TEST_F(TrafficTest, AfterTheShutdownNothingMayBeWrittenAndNoGateIsAsked) {
  struct Gate : WriteGate {
    bool MayWrite() const override {
      ++asked;
      return true;
    }
    mutable int asked = 0;
  } gate;
  EXPECT_TRUE(traffic_.MayWrite(gate));
  traffic_.Shutdown();
  EXPECT_FALSE(traffic_.MayWrite(gate));
  EXPECT_EQ(gate.asked, 1);
}

}  // namespace
}  // namespace runtime
