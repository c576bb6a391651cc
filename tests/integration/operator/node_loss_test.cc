// Pods whose node fails.

#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "operator/base/clock.h"
#include "tests/support/nodes.h"
#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

TEST(NodeLoss, AStuckPodOnAVanishedNodeDoesNotBlockItsReplica) {
  Operator op;
  AddNode("b200-doomed");
  // Kept empty until only the decode pod looks for a node: it needs all 8 GPUs of one.
  auto doomed_is_closed = std::make_unique<Cordon>(std::vector<std::string>{"b200-doomed"});
  Deployment deployment("node-loss", {{"decode", {{"parallelism", {{"data", 8}}}}}});
  ASSERT_TRUE(deployment.WaitReady());
  const std::string before = deployment.PodNames("decode")[0];
  auto others_are_closed = std::make_unique<Cordon>(B200Nodes(6));
  doomed_is_closed.reset();
  TheApi().Delete(deployment.Collection("pods") + "/" + before, 0);
  ASSERT_TRUE(Eventually("decode is on b200-doomed", std::chrono::seconds(30), [&] {
    const auto pods = deployment.Pods("decode");
    return pods.size() == 1 && pods[0]["spec"].value("nodeName", "") == "b200-doomed" &&
           deployment.Converged();
  }));
  const std::string stuck = deployment.PodNames("decode")[0];
  others_are_closed.reset();

  // A finalizer holds the pod as a dead kubelet would: it stays Terminating for ever.
  const std::string pod_path = deployment.Collection("pods") + "/" + stuck;
  TheApi().MergePatch(pod_path, {{"metadata", {{"finalizers", {"test.disagg.dev/stuck"}}}}});
  TheApi().Delete("/api/v1/nodes/b200-doomed");
  ASSERT_TRUE(
      Eventually("the replica lives elsewhere under a new name", std::chrono::seconds(40), [&] {
        const auto pods = deployment.Pods("decode");
        return pods.size() == 1 && pods[0]["metadata"]["name"] != stuck &&
               pods[0]["spec"].value("nodeName", "") != "b200-doomed" && deployment.Converged();
      }));
  EXPECT_TRUE(TheApi().Get(pod_path).ok()) << "the old pod is still Terminating, as was meant";
  TheApi().MergePatch(pod_path, {{"metadata", {{"finalizers", nullptr}}}});
}

TEST(NodeLoss, ANodeThatIsNotReadyForAShortTimeLosesNothing) {
  Operator op(ChartEnvironment::operator_kubeconfig(), {"--node-loss-seconds", "8"});
  Deployment deployment("not-ready");
  ASSERT_TRUE(deployment.WaitReady());
  const auto pods = deployment.Pods("decode");
  const std::string node = pods[0]["spec"]["nodeName"], name = pods[0]["metadata"]["name"];
  const std::string node_path = "/api/v1/nodes/" + node;
  const auto set_ready = [&](const std::string& value) {
    json conditions = TheApi().Get(node_path).body["status"]["conditions"];
    for (json& condition : conditions) {
      if (condition["type"] == "Ready") {
        condition["status"] = value;
        condition["lastTransitionTime"] = base::FormatTime(std::time(nullptr));
      }
    }
    return TheApi().MergePatch(node_path + "/status", {{"status", {{"conditions", conditions}}}});
  };
  // KWOK would repair the condition: it may not manage this node meanwhile.
  auto dead = std::make_unique<DeadKubelet>(node);
  ASSERT_TRUE(set_ready("False").ok());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_EQ(deployment.PodNames("decode"), std::vector<std::string>{name})
      << "3 s of NotReady are no loss";
  EXPECT_TRUE(Eventually("replaced after --node-loss-seconds", std::chrono::seconds(20), [&] {
    const auto names = deployment.PodNames("decode");
    return !names.empty() && names.back() != name;
  }));
  dead.reset();
  set_ready("True");
}

}  // namespace
}  // namespace disagg::testing
