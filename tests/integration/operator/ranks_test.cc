// Replicas over several nodes, on simulated ones.

#include <gtest/gtest.h>

#include <set>

#include "tests/support/nodes.h"
#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

Api& TheApi() { return ChartEnvironment::api(); }

json OverNodes(int nodes) {
  return {{"decode", {{"parallelism", {{"data", 1}, {"tensor", 8}, {"pipeline", nodes}}}}}};
}

std::set<std::string> NodesOf(const std::vector<json>& pods) {
  std::set<std::string> nodes;
  for (const json& pod : pods) nodes.insert(pod["spec"].value("nodeName", ""));
  return nodes;
}

// All alive pods of decode are of one incarnation, none of them is one of `before`, there is one on
// each of so many nodes, and they serve.
bool IsWhole(const Deployment& deployment, std::size_t ranks,
             const std::set<std::string>& before = {}) {
  const auto pods = deployment.Pods("decode");
  const bool of_one = std::all_of(pods.begin(), pods.end(), [&](const json& pod) {
    const char* label = "disagg.dev/incarnation";
    return pod["metadata"]["labels"][label] == pods[0]["metadata"]["labels"][label] &&
           !before.contains(pod["metadata"]["uid"]);
  });
  return of_one && pods.size() == ranks && NodesOf(pods).size() == ranks &&
         deployment.Converged() && deployment.Condition("Ready") == "True";
}

int ReadyDecodes(const Deployment& deployment) {
  const json status = deployment.Status();
  for (const json& role : status["roles"]) {
    if (role["role"] == "decode") return role["ready"];
  }
  return -1;
}

TEST(Ranks, OfAReplicaOverTwoNodesAreOneReplica) {
  Operator op;
  Deployment deployment("two-nodes", OverNodes(2));
  ASSERT_TRUE(deployment.WaitReady());
  EXPECT_TRUE(IsWhole(deployment, 2)) << deployment.Status().dump(2);
  EXPECT_EQ(ReadyDecodes(deployment), 1);
  const json peers = TheApi().Get(deployment.Collection("services") + "/two-nodes-peers").body;
  EXPECT_EQ(peers["spec"]["publishNotReadyAddresses"], true);
  EXPECT_EQ(peers["spec"]["clusterIP"], "None");
}

TEST(Ranks, HaveOneFate) {
  Operator op;
  Deployment deployment("fate", OverNodes(2));
  ASSERT_TRUE(deployment.WaitReady());
  const auto others = Uids(deployment.Pods("prefill")), before = Uids(deployment.Pods("decode"));
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("decode").back());
  EXPECT_TRUE(Eventually("all ranks are new", seconds(60), [&] {
    return IsWhole(deployment, 2, before);
  })) << deployment.Status().dump(2);
  EXPECT_EQ(Uids(deployment.Pods("prefill")), others) << "nobody else moves";
}

TEST(Ranks, LeaveALostNodeTogether) {
  Operator op;
  Deployment deployment("moves", OverNodes(2));
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods("decode"));
  const std::string node = deployment.Pods("decode").back()["spec"]["nodeName"];
  TheApi().MergePatch(
      NodePath(node),
      {{"spec",
        {{"taints", json::array({{{"key", "nvidia.com/gpu"}, {"effect", "NoSchedule"}},
                                 {{"key", "node.kubernetes.io/out-of-service"},
                                  {"effect", "NoExecute"}}})}}}});
  EXPECT_TRUE(Eventually("the replica is whole elsewhere", seconds(60), [&] {
    return IsWhole(deployment, 2, before) && !NodesOf(deployment.Pods("decode")).contains(node);
  })) << deployment.Status().dump(2);
  TheApi().MergePatch(
      NodePath(node),
      {{"spec",
        {{"taints", json::array({{{"key", "nvidia.com/gpu"}, {"effect", "NoSchedule"}}})}}}});
}

TEST(Ranks, CanBeTwelve) {
  std::vector<std::string> more;
  for (int i = 0; i < 8; ++i) {
    more.push_back("b200-more-" + std::to_string(i));
    AddNode(more.back());
  }
  {
    Operator op;
    Deployment deployment("twelve", OverNodes(12));
    ASSERT_TRUE(deployment.WaitReady());
    EXPECT_TRUE(IsWhole(deployment, 12)) << deployment.Status().dump(2);
    deployment.Patch({{"suspend", true}});
    EXPECT_TRUE(Eventually("no pod is left", seconds(60),
                           [&] { return deployment.Pods("decode", false).empty(); }));
  }
  for (const std::string& node : more) TheApi().Delete(NodePath(node));
}

}  // namespace
}  // namespace disagg::testing
