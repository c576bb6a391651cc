// Pods whose node fails.

#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "operator/base/clock.h"
#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

// A node that only this test uses: KWOK plays its kubelet until the annotation is taken away.
json Node(const std::string& name) {
  json node = TheApi().Get("/api/v1/nodes/b200-0").body;
  json fresh = {{"apiVersion", "v1"},
                {"kind", "Node"},
                {"metadata",
                 {{"name", name},
                  {"labels", node["metadata"]["labels"]},
                  {"annotations", {{"kwok.x-k8s.io/node", "fake"}}}}},
                {"spec", {{"taints", node["spec"]["taints"]}}}};
  fresh["metadata"]["labels"]["kubernetes.io/hostname"] = name;
  fresh["metadata"]["labels"]["test-pool"] = name;
  return fresh;
}

void AddNode(const std::string& name) {
  ASSERT_TRUE(TheApi().Create("/api/v1/nodes", Node(name)).ok());
  const json status = TheApi().Get("/api/v1/nodes/b200-0").body["status"];
  TheApi().MergePatch(
      "/api/v1/nodes/" + name + "/status",
      {{"status", {{"capacity", status["capacity"]}, {"allocatable", status["allocatable"]}}}});
  ASSERT_TRUE(Eventually(name + " is Ready", std::chrono::seconds(20), [&] {
    for (const json& condition :
         TheApi().Get("/api/v1/nodes/" + name).body["status"].value("conditions", json::array())) {
      if (condition["type"] == "Ready") return condition["status"] == "True";
    }
    return false;
  }));
}

// While this lives the scheduler puts nothing new on the named nodes, also when a test fails.
class Cordon {
 public:
  explicit Cordon(std::vector<std::string> nodes) : nodes_(std::move(nodes)) { Set(true); }
  Cordon(const Cordon&) = delete;
  Cordon& operator=(const Cordon&) = delete;
  ~Cordon() { Set(nullptr); }

 private:
  void Set(const json& unschedulable) {
    for (const std::string& node : nodes_) {
      TheApi().MergePatch("/api/v1/nodes/" + node, {{"spec", {{"unschedulable", unschedulable}}}});
    }
  }

  const std::vector<std::string> nodes_;
};

TEST(NodeLoss, AStuckPodOnAVanishedNodeDoesNotBlockItsReplica) {
  Operator op;
  AddNode("b200-doomed");
  // Kept empty until only the decode pod looks for a node: it needs all 8 GPUs of one.
  auto doomed_is_closed = std::make_unique<Cordon>(std::vector<std::string>{"b200-doomed"});
  Deployment deployment("node-loss", {{"decode", {{"parallelism", {{"data", 8}}}}}});
  ASSERT_TRUE(deployment.WaitReady());
  const std::string before = deployment.PodNames("decode")[0];
  auto others_are_closed = std::make_unique<Cordon>(
      std::vector<std::string>{"b200-0", "b200-1", "b200-2", "b200-3", "b200-4", "b200-5"});
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
      Eventually("the replica lives elsewhere under a new name", std::chrono::seconds(20), [&] {
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
  // KWOK would mend the condition: it may not manage this node meanwhile.
  TheApi().MergePatch(node_path,
                      {{"metadata", {{"annotations", {{"kwok.x-k8s.io/node", nullptr}}}}}});
  ASSERT_TRUE(set_ready("False").ok());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_EQ(deployment.PodNames("decode"), std::vector<std::string>{name})
      << "3 s of NotReady are no loss";
  EXPECT_TRUE(Eventually("replaced after --node-loss-seconds", std::chrono::seconds(20), [&] {
    const auto names = deployment.PodNames("decode");
    return !names.empty() && names.back() != name;
  }));
  TheApi().MergePatch(node_path,
                      {{"metadata", {{"annotations", {{"kwok.x-k8s.io/node", "fake"}}}}}});
  set_ready("True");
}

}  // namespace
}  // namespace disagg::testing
