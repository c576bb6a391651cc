// Placement without a gang scheduler: a cluster with room for one deployment and a half.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/support/nodes.h"
#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// Two nodes; of it half is of no use.
json OfTwoNodes() {
  const json role = {{"replicas", 1}, {"parallelism", {{"data", 8}}}};
  return {{"prefill", role}, {"decode", role}, {"placement", {{"scheduleTimeoutSeconds", 30}}}};
}

int BoundWorkers(const Deployment& deployment) {
  const auto pods = deployment.Pods("", /*alive=*/false);
  return static_cast<int>(std::count_if(
      pods.begin(), pods.end(), [](const json& pod) { return pod["spec"].contains("nodeName"); }));
}

TEST(Capacity, WhatIsPlacedInPartGivesItsGpusBackAndComesUpWhenThereIsRoom) {
  auto others = std::make_unique<Cordon>(std::vector<std::string>{"b200-3", "b200-4", "b200-5"});
  auto op = std::make_unique<Operator>();
  Deployment one("one", OfTwoNodes()), another("another", OfTwoNodes());
  ASSERT_TRUE(Eventually("one of the two is Ready", seconds(60), [&] {
    return one.Condition("Ready") == "True" || another.Condition("Ready") == "True";
  }));
  const bool first = one.Condition("Ready") == "True";
  const Deployment& serves = first ? one : another;
  const Deployment& waits = first ? another : one;
  const auto served = Uids(serves.Pods());
  EXPECT_EQ(BoundWorkers(waits), 1) << "it holds a node for nothing";

  ASSERT_TRUE(Eventually("it gives its GPUs back", seconds(60), [&] {
    return waits.ConditionReason("Scheduled") == "WaitingForCapacity" && BoundWorkers(waits) == 0;
  })) << waits.Status().dump(2);
  const std::string message = waits.ConditionMessage("Scheduled");
  for (const char* part : {"gives back 8 GPUs of 1 pod after 30 s and tries again at ",
                           "-0 finds no node: ", "on one node of class b200"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  EXPECT_EQ(waits.Status()["summary"]["reason"], "WaitingForCapacity");
  EXPECT_EQ(waits.Status()["capacity"][0]["attempt"], 1);

  op->Kill();
  EXPECT_TRUE(op->WaitForEnd(seconds(10))) << "another process goes on with the wait";
  op = std::make_unique<Operator>();
  others.reset();
  EXPECT_TRUE(waits.Pods().empty()) << "it waits for its time";
  ASSERT_TRUE(waits.WaitReady(seconds(120))) << waits.Status().dump(2);
  EXPECT_FALSE(waits.Status().contains("capacity"));
  EXPECT_EQ(Uids(serves.Pods()), served) << "nobody else moves";
}

}  // namespace
}  // namespace disagg::testing
