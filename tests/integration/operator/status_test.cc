// What a person on call is told.

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

TEST(Status, AnUnschedulableReplicaNamesWhatIsMissingAndWhatToDo) {
  Operator op;
  // Six nodes of eight GPUs cannot hold seven decode replicas of eight.
  Deployment deployment("too-big", {{"prefill", {{"replicas", 1}, {"parallelism", {{"data", 8}}}}},
                                    {"decode", {{"replicas", 6}}}});
  ASSERT_TRUE(Eventually("Unschedulable", std::chrono::seconds(30), [&] {
    return deployment.Condition("Scheduled") == "False" &&
           deployment.ConditionReason("Scheduled") == "Unschedulable";
  }));
  const json problem = deployment.Status()["problems"][0];
  EXPECT_EQ(problem["reason"], "Unschedulable");
  const std::string message = problem["message"];
  EXPECT_NE(message.find(" finds no node: the freest node ("), std::string::npos) << message;
  EXPECT_NE(message.find("has 0 of 8 nvidia.com/gpu free: free a node, or lower spec."),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("on one node of class b200 (6 nodes match)"), std::string::npos)
      << message;
  EXPECT_EQ(deployment.Status()["summary"]["reason"], "Unschedulable");
}

void SetGpuQuota(const Deployment& deployment, int gpus) {
  ASSERT_TRUE(
      TheApi()
          .Create(deployment.Collection("resourcequotas"),
                  {{"apiVersion", "v1"},
                   {"kind", "ResourceQuota"},
                   {"metadata", {{"name", "gpus"}}},
                   {"spec", {{"hard", {{"requests.nvidia.com/gpu", std::to_string(gpus)}}}}}})
          .ok());
  EXPECT_TRUE(Eventually("the quota has counted what is there", std::chrono::seconds(20), [&] {
    const json quota = TheApi().Get(deployment.Collection("resourcequotas") + "/gpus").body;
    return quota.value(json::json_pointer("/status/used"), json::object())
        .contains("requests.nvidia.com/gpu");
  }));
}

TEST(Status, AQuotaIsToldAndTriedAgain) {
  Operator op;
  Deployment deployment("quota", {{"suspend", true}});
  SetGpuQuota(deployment, 4);
  deployment.Patch({{"suspend", false}});
  ASSERT_TRUE(Eventually("QuotaExceeded", std::chrono::seconds(30), [&] {
    return deployment.ConditionReason("Scheduled") == "QuotaExceeded";
  })) << deployment.Status().dump(2);
  EXPECT_NE(deployment.Condition("Stalled"), "True") << "a quota is no fault of the spec";
  TheApi().Delete(deployment.Collection("resourcequotas") + "/gpus");
  EXPECT_TRUE(deployment.WaitReady(std::chrono::seconds(90)));
}

TEST(Status, AQuotaThatADeploymentUsesUpDoesNotHoldUpItsChange) {
  Operator op;
  Deployment deployment("used-up");
  ASSERT_TRUE(deployment.WaitReady());
  SetGpuQuota(deployment, 12);  // 2 x 2 + 8
  for (const json& change : {json{{"decode", {{"args", {{"max-num-seqs", 256}}}}}},
                             json{{"container", {{"image", "registry.example/mocker:2"}}}}}) {
    const json before = deployment.Status()["currentRevision"];
    deployment.Patch(change);
    EXPECT_TRUE(Eventually("the change is rolled out", std::chrono::seconds(60),
                           [&] {
                             return deployment.Converged() &&
                                    deployment.Status()["currentRevision"] != before &&
                                    deployment.Condition("Ready") == "True";
                           }))
        << change.dump() << deployment.Status().dump(2);
  }
}

TEST(Status, AWorkerThatRoutersDoNotFindIsNotReady) {
  Operator op;
  Deployment deployment("hidden");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string path = deployment.Collection("pods") + "/" + deployment.PodNames("decode")[0];
  TheApi().MergePatch(path, {{"metadata", {{"labels", {{"disagg.dev/discovery", nullptr}}}}}});
  EXPECT_TRUE(Eventually("NoDecodeRoutable", std::chrono::seconds(20), [&] {
    return deployment.ConditionReason("Ready") == "NoDecodeRoutable";
  }));
  EXPECT_EQ(deployment.Status()["summary"]["reason"], "NotRoutable");
  TheApi().MergePatch(path, {{"metadata", {{"labels", {{"disagg.dev/discovery", "enabled"}}}}}});
  EXPECT_TRUE(deployment.WaitReady());
}

// The pass that deletes what serves must not tell Ready of the generation that asks for it.
TEST(Status, ReadyOfANewContractIsToldOnlyByItsOwnWorkers) {
  Operator op;
  Deployment deployment("truth");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods());
  deployment.Patch({{"container", {{"image", "registry.example/mocker:2"}}}});
  EXPECT_TRUE(Eventually("Ready of the new generation", std::chrono::seconds(60), [&] {
    const json object = TheApi().Get(deployment.path()).body;
    return object["status"]["observedGeneration"] == object["metadata"]["generation"] &&
           deployment.Condition("Ready") == "True";
  }));
  for (const std::string& uid : Uids(deployment.Pods())) EXPECT_FALSE(before.contains(uid)) << uid;
}

TEST(Status, ANamespaceThatForbidsThePodsIsToldBeforeAnyPodExists) {
  Operator op;
  Deployment deployment("restricted", {{"suspend", true}});
  TheApi().MergePatch(
      "/api/v1/namespaces/" + deployment.namespace_name(),
      {{"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}});
  deployment.Patch({{"suspend", false}, {"restart", {{"token", "again"}}}});
  ASSERT_TRUE(Eventually("Stalled", std::chrono::seconds(20),
                         [&] { return deployment.Condition("Stalled") == "True"; }));
  EXPECT_EQ(deployment.ConditionReason("Stalled"), "RefusedByCluster");
  EXPECT_NE(deployment.ConditionMessage("Stalled").find("violates PodSecurity"), std::string::npos)
      << deployment.ConditionMessage("Stalled");
  EXPECT_TRUE(deployment.Pods("", false).empty());
}

TEST(Status, EventsTellTransitionsOnce) {
  Operator op;
  Deployment deployment("events");
  ASSERT_TRUE(deployment.WaitReady());
  const auto reasons = [&] {
    std::map<std::string, int> counts;
    for (const json& event : TheApi().List(deployment.Collection("events"))) {
      if (event["regarding"].value("kind", "") == "DisaggDeployment") ++counts[event["reason"]];
    }
    return counts;
  };
  EXPECT_TRUE(Eventually("Created and Ready events", std::chrono::seconds(10), [&] {
    const auto counts = reasons();
    return counts.contains("Created") && counts.contains("Ready");
  }));
  const auto before = reasons();
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_EQ(before, reasons()) << "a converged deployment makes no events";
}

}  // namespace
}  // namespace disagg::testing
