// No loop without back-off: what fails again and again costs little.

#include <thread>

#include "tests/integration/hostile/scene.h"
#include "tests/support/nodes.h"

namespace disagg::testing {
namespace {

class Loops : public Scene {
 protected:
  int Creations(std::int64_t since) {
    return proxy().Count(
        {{"method", "POST"}, {"path", "/pods$"}, {"kind", "write"}, {"since", since}});
  }
};

TEST_F(Loops, ATaintThatIsToleratedAndMeansOutOfService) {
  AddNode("b200-out");
  Deployment deployment("out", {{"placement",
                                 {{"nodeSelector", {{"test-pool", "b200-out"}}},
                                  {"tolerations", json::array({{{"operator", "Exists"}}})}}},
                                {"prefill", {{"parallelism", {{"data", 1}}}}},
                                {"decode", {{"parallelism", {{"data", 2}}}}}});
  ASSERT_TRUE(deployment.WaitReady());
  const auto since = FaultProxy::Now();
  TheApi().MergePatch(NodePath("b200-out"),
                      {{"spec",
                        {{"taints", json::array({{{"key", "node.kubernetes.io/out-of-service"},
                                                  {"value", "nodeshutdown"},
                                                  {"effect", "NoExecute"}}})}}}});
  std::this_thread::sleep_for(seconds(30));
  const int first = Creations(since);
  EXPECT_LE(first, 20) << "4 pods in 30 s";
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, 2 * kMostPerMinute);
  EXPECT_FALSE(Told(deployment).empty());
  TheApi().MergePatch(NodePath("b200-out"), {{"spec", {{"taints", nullptr}}}});
  const double healed = SecondsUntil(
      "Ready", [&] { return deployment.Converged(); }, seconds(60));
  Report("out-of-service taint, tolerated, on the only node", per_minute, healed);
  TheApi().Delete(deployment.path());
  Eventually("the node is empty", kHealed, [&] { return OwnedPods(deployment).empty(); });
  TheApi().Delete(NodePath("b200-out"));
}

TEST_F(Loops, SomebodyWhoDeletesEveryPod) {
  Deployment deployment("deleter");
  ASSERT_TRUE(deployment.WaitReady());
  const auto since = FaultProxy::Now();
  int deleted = 0;
  while (FaultProxy::Now() < since + 30'000) {
    for (const json& pod : OwnedPods(deployment)) {
      ++deleted;
      TheApi().Delete(PodPath(deployment, pod), 0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_GT(deleted, 3);
  EXPECT_LE(Creations(since), 40) << "4 slots in 30 s";
  const double healed = SecondsUntil(
      "Ready", [&] { return deployment.Converged(); }, seconds(60));
  Report("somebody deletes every pod at once", Creations(since) * 2, healed);
}

TEST_F(Loops, AQuietFleetAsksForNothing) {
  Deployment one("quiet-one"), other("quiet-other");
  ASSERT_TRUE(one.WaitReady());
  ASSERT_TRUE(other.WaitReady());
  std::this_thread::sleep_for(seconds(10));
  const int per_minute = RequestsPerMinute();
  EXPECT_EQ(per_minute, 0);
  Report("nothing", per_minute, 0);
}

}  // namespace
}  // namespace disagg::testing
