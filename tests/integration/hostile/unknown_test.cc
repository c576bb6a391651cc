// Not knowing is not knowing: what a cache does not show is not absent while the cache is not live.

#include <algorithm>
#include <ctime>
#include <thread>

#include "operator/base/clock.h"
#include "tests/integration/hostile/scene.h"
#include "tests/support/nodes.h"

namespace disagg::testing {
namespace {

constexpr const char* kRole = "/apis/rbac.authorization.k8s.io/v1/clusterroles/disagg-operator";

// While this lives the operator may not read a resource.
class Forbidden {
 public:
  explicit Forbidden(const std::string& resource) : rules_(TheApi().Get(kRole).body["rules"]) {
    json fewer = json::array();
    for (json rule : rules_) {
      json& resources = rule["resources"];
      resources.erase(std::remove(resources.begin(), resources.end(), resource), resources.end());
      if (!resources.empty()) fewer.push_back(rule);
    }
    EXPECT_NE(fewer, rules_) << "the chart grants no " << resource;
    EXPECT_TRUE(TheApi().MergePatch(kRole, {{"rules", fewer}}).ok());
  }
  Forbidden(const Forbidden&) = delete;
  Forbidden& operator=(const Forbidden&) = delete;
  ~Forbidden() { Lift(); }
  void Lift() { TheApi().MergePatch(kRole, {{"rules", rules_}}); }

 private:
  const json rules_;
};

class BlindOperator : public Scene {
 protected:
  // Cuts the watch and waits until the API server has refused another.
  void ExpectRefused(const std::string& path, std::int64_t since) {
    proxy().CutWatches();
    EXPECT_TRUE(Eventually(path + " is answered 403", seconds(30), [&] {
      const auto requests = proxy().Requests({{"path", path}, {"since", since}});
      return std::any_of(requests.begin(), requests.end(),
                         [](const json& request) { return request["status"] == 403; });
    }));
  }
  int Deletions(std::int64_t since) {
    return proxy().Count({{"method", "DELETE"}, {"path", "/pods/"}, {"since", since}});
  }
};

TEST_F(BlindOperator, ANodeThatJoinsUnseenIsNotGone) {
  Deployment deployment("blind");
  ASSERT_TRUE(deployment.WaitReady());
  const auto since = FaultProxy::Now();
  Forbidden nodes("nodes");
  ExpectRefused("/api/v1/nodes$", since);
  AddNode("b200-unseen");
  {
    const Cordon others(B200Nodes(kB200Nodes));
    TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("decode").at(0));
    ASSERT_TRUE(Eventually("a pod runs on the node that the operator cannot see", seconds(30), [&] {
      const auto pods = deployment.Pods("decode");
      return pods.size() == 1 && pods[0]["spec"].value("nodeName", "") == "b200-unseen" &&
             pods[0]["status"].value("phase", "") == "Running";
    })) << Told(deployment);
  }
  const auto before = Uids(OwnedPods(deployment));
  const auto unseen = FaultProxy::Now();
  ExpectTold(deployment, "cannot watch nodes");
  const int per_minute = RequestsPerMinute();
  EXPECT_EQ(Deletions(unseen), 0);
  EXPECT_EQ(Uids(OwnedPods(deployment)), before);
  EXPECT_LE(per_minute, 2 * kMostPerMinute) << "list and watch are asked for again";
  nodes.Lift();
  const double healed = SecondsUntil("no cache is told to be behind", [&] {
    return deployment.Converged() && Told(deployment).find("cannot watch") == std::string::npos;
  });
  EXPECT_EQ(Uids(OwnedPods(deployment)), before);
  Report("nodes may not be read", per_minute, healed);
  TheApi().Delete(deployment.path());
  Eventually("the node is empty", kHealed, [&] { return OwnedPods(deployment).empty(); });
  TheApi().Delete(NodePath("b200-unseen"));
}

TEST_F(BlindOperator, PodsThatCannotBeReadAreNotCreatedAgain) {
  Deployment deployment("blind-pods");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(OwnedPods(deployment));
  const auto since = FaultProxy::Now();
  Forbidden pods("pods");
  ExpectRefused("/pods$", since);
  std::this_thread::sleep_for(seconds(15));
  EXPECT_EQ(Deletions(since), 0);
  EXPECT_EQ(Uids(OwnedPods(deployment)), before);
  pods.Lift();
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("decode").at(0));
  const double healed = SecondsUntil("the lost pod is replaced", [&] {
    return deployment.Converged() && Uids(OwnedPods(deployment)) != before;
  });
  Report("pods may not be read", 0, healed);
}

// Whose clock says since when a node is NotReady is not ours: a node that is seen NotReady for the
// first time is not lost yet, whatever time its condition bears.
TEST_F(BlindOperator, ANodeIsNotLostByTheTimeOfAnotherClock) {
  StartOperator({"--node-loss-seconds", "15"});
  Deployment deployment("skew");
  ASSERT_TRUE(deployment.WaitReady());
  const json pod = deployment.Pods("decode").at(0);
  const std::string node = pod["spec"]["nodeName"], name = pod["metadata"]["name"];
  const auto set_ready = [&](const std::string& status) {
    json conditions = TheApi().Get(NodePath(node)).body["status"]["conditions"];
    for (json& condition : conditions) {
      if (condition["type"] != "Ready") continue;
      condition["status"] = status;
      condition["lastTransitionTime"] = base::FormatTime(std::time(nullptr) - 600);
    }
    return TheApi().MergePatch(NodePath(node) + "/status",
                               {{"status", {{"conditions", conditions}}}});
  };
  {
    const DeadKubelet dead(node);
    const auto since = FaultProxy::Now();
    ASSERT_TRUE(set_ready("False").ok());
    std::this_thread::sleep_for(seconds(8));
    EXPECT_EQ(Deletions(since), 0) << "NotReady for 8 s, ten minutes by the node's clock";
    EXPECT_EQ(deployment.PodNames("decode"), std::vector<std::string>{name});
    EXPECT_TRUE(Eventually("replaced after --node-loss-seconds", kHealed, [&] {
      const auto names = deployment.PodNames("decode");
      return !names.empty() && names.back() != name;
    }));
  }
  set_ready("True");
}

// A watch that is refused by something before the API server, without any change of RBAC.
TEST_F(BlindOperator, ModelsThatCannotBeReadAreNotMissing) {
  Deployment deployment("blind-models");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(OwnedPods(deployment));
  proxy().Inject("models", {{"method", "GET"}, {"path", "/servingmodels"}, {"status", 403}});
  ASSERT_GE(proxy().CutWatches(), 1);
  TheApi().MergePatch(deployment.path(), {{"metadata", {{"annotations", {{"touched", "1"}}}}}});
  std::this_thread::sleep_for(seconds(15));
  EXPECT_GE(proxy().Hits("models"), 1);
  EXPECT_NE(deployment.ConditionReason("Stalled"), "ModelNotFound");
  EXPECT_EQ(Uids(OwnedPods(deployment)), before);
  proxy().Lift("models");
  EXPECT_TRUE(deployment.WaitReady(kHealed));
}

}  // namespace
}  // namespace disagg::testing
