// The life of a DisaggDeployment on a real control plane with simulated nodes.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/support/nodes.h"
#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

std::size_t CountOwned(const Deployment& deployment) {
  std::size_t count = 0;
  for (const char* resource : {"pods", "services", "serviceaccounts", "controllerrevisions",
                               "rolebindings", "poddisruptionbudgets"}) {
    count += TheApi()
                 .List(deployment.Collection(resource),
                       "labelSelector=app.kubernetes.io%2Fmanaged-by%3Ddisagg-operator")
                 .size();
  }
  return count;
}

// The resourceVersion of every object in the namespace: any write shows.
json Versions(const Deployment& deployment) {
  json versions = json::object();
  for (const char* resource : {"pods", "services", "serviceaccounts", "controllerrevisions",
                               "rolebindings", "poddisruptionbudgets", "disaggdeployments"}) {
    for (const json& object : TheApi().List(deployment.Collection(resource))) {
      versions[std::string(resource) + "/" + object["metadata"]["name"].get<std::string>()] =
          object["metadata"]["resourceVersion"];
    }
  }
  return versions;
}

TEST(Lifecycle, OneApplyBecomesPinnedPodsARouterAndServices) {
  Operator op;
  Deployment deployment("create");
  ASSERT_TRUE(deployment.WaitReady());

  const auto prefill = deployment.Pods("prefill"), decode = deployment.Pods("decode");
  ASSERT_EQ(prefill.size(), 2u);
  ASSERT_EQ(decode.size(), 1u);
  for (const json& pod : deployment.Pods()) {
    const std::string node = pod["spec"]["nodeName"];
    EXPECT_TRUE(node.starts_with("b200-")) << "an unlabelled GPU node was used: " << node;
    const json& limits = pod["spec"]["containers"][0]["resources"]["limits"];
    const std::string gpus = pod["metadata"]["labels"]["disagg.dev/role"] == "prefill" ? "2" : "8";
    EXPECT_EQ(limits["nvidia.com/gpu"], gpus);
    EXPECT_EQ(limits["rdma/ib"], gpus);
    EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["kind"], "DisaggDeployment");
    EXPECT_EQ(pod["spec"]["hostname"], pod["metadata"]["name"]);
  }
  EXPECT_EQ(TheApi().List(deployment.Collection("services")).size(), 2u);
  const auto routers = deployment.Pods("router");
  ASSERT_EQ(routers.size(), 1u);
  EXPECT_EQ(routers[0]["metadata"]["ownerReferences"][0]["kind"], "DisaggDeployment");
  EXPECT_FALSE(
      routers[0]["spec"]["containers"][0]["resources"]["limits"].contains("nvidia.com/gpu"));
  EXPECT_EQ(TheApi().List(deployment.Collection("controllerrevisions")).size(), 1u);
  EXPECT_EQ(TheApi().List(deployment.Collection("poddisruptionbudgets")).size(), 1u)
      << "of one replica a budget would forbid nothing";
  const json summary = deployment.Status()["summary"];
  EXPECT_EQ(summary["topology"], "2P x 2 + 1D x 8");
  EXPECT_EQ(summary["prefill"], "2/2");
  EXPECT_EQ(summary["decode"], "1/1");
  EXPECT_EQ(summary["gpus"], "12");
  EXPECT_EQ(summary["reason"], "");
}

TEST(Lifecycle, AConvergedDeploymentIsNotWritten) {
  Deployment deployment("quiet");
  {
    Operator op;
    ASSERT_TRUE(deployment.WaitReady());
    const json before = Versions(deployment);
    // A pass that is forced by a change that changes nothing.
    TheApi().MergePatch(deployment.path(), {{"metadata", {{"annotations", {{"touched", "1"}}}}}});
    std::this_thread::sleep_for(std::chrono::seconds(3));
    json after = Versions(deployment);
    after["disaggdeployments/quiet"] = before["disaggdeployments/quiet"];
    EXPECT_EQ(before, after);
  }
  const json before = Versions(deployment);
  Operator again;
  std::this_thread::sleep_for(std::chrono::seconds(5));
  EXPECT_EQ(before, Versions(deployment))
      << "a restart of the operator wrote on a converged deployment";
}

TEST(Lifecycle, ScalesEitherRoleUpAndDown) {
  Operator op;
  Deployment deployment("scale", {{"decode", {{"parallelism", {{"data", 4}}}}}});
  ASSERT_TRUE(deployment.WaitReady());
  const auto first = Uids(deployment.Pods());
  deployment.Patch({{"prefill", {{"replicas", 3}}}, {"decode", {{"replicas", 2}}}});
  ASSERT_TRUE(Eventually("three prefill and two decode pods", std::chrono::seconds(30), [&] {
    return deployment.Pods("prefill").size() == 3 && deployment.Pods("decode").size() == 2 &&
           deployment.Converged();
  }));
  const auto scaled = Uids(deployment.Pods());
  EXPECT_TRUE(std::includes(scaled.begin(), scaled.end(), first.begin(), first.end()))
      << "scaling touched running pods";
  EXPECT_EQ(TheApi().List(deployment.Collection("controllerrevisions")).size(), 1u)
      << "scaling is no revision";

  deployment.Patch({{"prefill", {{"replicas", 1}}}, {"decode", {{"replicas", 1}}}});
  ASSERT_TRUE(Eventually("one of each", std::chrono::seconds(30), [&] {
    return deployment.Pods("prefill", false).size() == 1 &&
           deployment.Pods("decode", false).size() == 1 && deployment.Converged();
  }));
  EXPECT_EQ(deployment.Pods("prefill")[0]["metadata"]["labels"]["disagg.dev/replica"], "0")
      << "the highest replica goes first";
}

TEST(Lifecycle, ADeletedPodComesBack) {
  Operator op;
  Deployment deployment("lost");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods("decode"));
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("decode")[0]);
  ASSERT_TRUE(Eventually("another decode pod", std::chrono::seconds(20), [&] {
    const auto pods = deployment.Pods("decode");
    return pods.size() == 1 && Uids(pods) != before;
  }));
  ASSERT_TRUE(deployment.WaitReady());
}

TEST(Lifecycle, ATerminatingPodDoesNotHoldUpItsNextIncarnation) {
  Operator op;
  Deployment deployment("ending");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string victim = deployment.PodNames("prefill")[0];
  const std::string path = deployment.Collection("pods") + "/" + victim;
  // KWOK takes finalizers away, so it must not play the kubelet of this node meanwhile.
  const DeadKubelet dead(TheApi().Get(path).body["spec"]["nodeName"]);
  TheApi().MergePatch(path, {{"metadata", {{"finalizers", {"test.disagg.dev/drain"}}}}});
  TheApi().Delete(path);
  EXPECT_TRUE(Eventually("the next incarnation beside it", std::chrono::seconds(20), [&] {
    const auto names = deployment.PodNames("prefill");
    return std::any_of(names.begin(), names.end(),
                       [](const std::string& name) { return name.ends_with("-0-2"); });
  })) << deployment.Status().dump(2);
  TheApi().MergePatch(path, {{"metadata", {{"finalizers", nullptr}}}});
}

TEST(Lifecycle, ALocalChangeReplacesOnlyThePodsOfItsRole) {
  Operator op;
  Deployment deployment("change");
  ASSERT_TRUE(deployment.WaitReady());
  const auto prefill = Uids(deployment.Pods("prefill")), decode = Uids(deployment.Pods("decode"));
  deployment.Patch({{"decode", {{"args", {{"max-num-seqs", 256}}}}}});
  ASSERT_TRUE(Eventually("a new decode pod", std::chrono::seconds(30), [&] {
    return deployment.Converged() && Uids(deployment.Pods("decode")) != decode;
  }));
  EXPECT_EQ(prefill, Uids(deployment.Pods("prefill")));
  EXPECT_EQ(TheApi().List(deployment.Collection("controllerrevisions")).size(), 2u);
}

TEST(Lifecycle, AChangedContractNeverMixesOldAndNewWorkers) {
  Operator op;
  Deployment deployment("contract");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods());
  deployment.Patch({{"container", {{"image", "registry.example/mocker:2"}}}});
  bool mixed = false;
  ASSERT_TRUE(Eventually("all workers are of the new contract", std::chrono::seconds(60), [&] {
    std::set<std::string> contracts;
    for (const json& pod : deployment.Pods("", false))
      contracts.insert(pod["metadata"]["labels"]["disagg.dev/contract"]);
    mixed |= contracts.size() > 1;
    return deployment.Converged() && Uids(deployment.Pods()) != before;
  }));
  EXPECT_FALSE(mixed);
  EXPECT_TRUE(Eventually("one router is left", std::chrono::seconds(20),
                         [&] { return deployment.Pods("router", false).size() == 1; }));
}

bool IsReady(const json& pod) {
  for (const json& condition : pod["status"].value("conditions", json::array())) {
    if (condition["type"] == "Ready") return condition["status"] == "True";
  }
  return false;
}

TEST(Lifecycle, ARouterIsReplacedWithoutAMomentWithoutOne) {
  Operator op;
  Deployment deployment("router", {{"router", {{"replicas", 2}}}});
  ASSERT_TRUE(deployment.WaitReady());
  EXPECT_TRUE(TheApi().Get(deployment.Collection("poddisruptionbudgets") + "/router-router").ok())
      << "of two routers one may go at a time";
  const auto workers = Uids(deployment.Pods());
  const auto before = Uids(deployment.Pods("router"));
  deployment.Patch(
      {{"router", {{"env", json::array({{{"name", "DYN_LOG"}, {"value", "debug"}}})}}}});
  std::size_t least = 2, most = 2;
  ASSERT_TRUE(Eventually("two other routers", std::chrono::seconds(60), [&] {
    const auto pods = deployment.Pods("router");
    const auto ready = static_cast<std::size_t>(std::count_if(pods.begin(), pods.end(), IsReady));
    least = std::min(least, ready);
    most = std::max(most, pods.size());
    const auto now = Uids(deployment.Pods("router", false));
    return deployment.Converged() && now.size() == 2 &&
           std::none_of(now.begin(), now.end(),
                        [&](const auto& uid) { return before.contains(uid); });
  }));
  EXPECT_EQ(least, 2u) << "ready routers";
  EXPECT_LE(most, 3u) << "routers at once";
  EXPECT_EQ(workers, Uids(deployment.Pods()));
}

TEST(Lifecycle, ALostRouterComesBack) {
  Operator op;
  Deployment deployment("router-lost");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods("router"));
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("router")[0]);
  ASSERT_TRUE(Eventually("another router", std::chrono::seconds(20), [&] {
    const auto pods = deployment.Pods("router");
    return pods.size() == 1 && Uids(pods) != before;
  }));
  ASSERT_TRUE(deployment.WaitReady());
}

TEST(Lifecycle, AWrongAliasIsRefusedWithNearNamesAndTouchesNothing) {
  Operator op;
  Deployment fresh("typo-new", {{"model", {{"ref", "nvidia/Tiny-NVPF4"}}}});
  ASSERT_TRUE(Eventually("Stalled", std::chrono::seconds(20),
                         [&] { return fresh.Condition("Stalled") == "True"; }));
  EXPECT_EQ(fresh.ConditionReason("Stalled"), "ModelNotFound");
  EXPECT_NE(fresh.ConditionMessage("Stalled").find("did you mean \"nvidia/Tiny-NVFP4\""),
            std::string::npos)
      << fresh.ConditionMessage("Stalled");
  EXPECT_EQ(CountOwned(fresh), 0u);

  Deployment running("typo-running");
  ASSERT_TRUE(running.WaitReady());
  const auto before = Uids(running.Pods());
  running.Patch({{"model", {{"ref", "tiny-nvfp4-typo"}}}, {"prefill", {{"replicas", 3}}}});
  ASSERT_TRUE(Eventually("Stalled", std::chrono::seconds(20),
                         [&] { return running.Condition("Stalled") == "True"; }));
  EXPECT_EQ(before, Uids(running.Pods())) << "a refused spec touched a pod";
  EXPECT_EQ(running.Condition("Ready"), "True");
  // What was accepted goes on being healed.
  TheApi().Delete(running.Collection("pods") + "/" + running.PodNames("prefill")[1]);
  EXPECT_TRUE(Eventually("healed at the accepted replicas", std::chrono::seconds(30), [&] {
    return running.Pods("prefill").size() == 2 && running.Condition("Ready") == "True";
  }));
  running.Patch({{"model", {{"ref", "tiny-nvfp4"}}}, {"prefill", {{"replicas", 2}}}});
  ASSERT_TRUE(Eventually("accepted again", std::chrono::seconds(20),
                         [&] { return running.Condition("Stalled").empty(); }));
}

TEST(Lifecycle, AChangedClassSaysUpdateAvailableAndRollsOnlyWhenAsked) {
  Operator op;
  Deployment deployment("update");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods());
  TheApi().MergePatch("/apis/disagg.dev/v1alpha1/acceleratorclasses/b200",
                      {{"spec", {{"sharedMemory", "32Gi"}}}});
  EXPECT_TRUE(Eventually("UpdateAvailable", std::chrono::seconds(20),
                         [&] { return deployment.Condition("UpdateAvailable") == "True"; }));
  EXPECT_EQ(before, Uids(deployment.Pods()));
  deployment.Patch({{"restart", {{"token", "take-the-class"}}}});
  EXPECT_TRUE(Eventually("taken over", std::chrono::seconds(60), [&] {
    return deployment.Converged() && deployment.Condition("UpdateAvailable") == "False" &&
           Uids(deployment.Pods()) != before;
  }));
  TheApi().MergePatch("/apis/disagg.dev/v1alpha1/acceleratorclasses/b200",
                      {{"spec", {{"sharedMemory", "64Gi"}}}});
}

TEST(Lifecycle, SuspendReleasesTheGpusAndKeepsTheRevision) {
  Operator op;
  Deployment deployment("suspend");
  ASSERT_TRUE(deployment.WaitReady());
  const json revision = deployment.Status()["currentRevision"];
  deployment.Patch({{"suspend", true}});
  ASSERT_TRUE(Eventually("no pods", std::chrono::seconds(30), [&] {
    return deployment.Pods("", false).empty() && deployment.Pods("router", false).empty();
  }));
  EXPECT_TRUE(Eventually("says so", std::chrono::seconds(10),
                         [&] { return deployment.Status()["summary"]["reason"] == "Suspended"; }));
  EXPECT_EQ(deployment.Condition("Ready"), "") << "False reads as in progress for ever";
  deployment.Patch({{"suspend", false}});
  ASSERT_TRUE(deployment.WaitReady());
  EXPECT_EQ(revision, deployment.Status()["currentRevision"]);
}

TEST(Lifecycle, DeleteLeavesNothingBehind) {
  Operator op;
  for (const std::string propagation : {"Background", "Foreground"}) {
    Deployment deployment(propagation == "Background" ? "delete-bg" : "delete-fg");
    ASSERT_TRUE(deployment.WaitReady());
    TheApi().Delete(deployment.path(), -1, propagation);
    EXPECT_TRUE(Eventually(
        "nothing left after a " + propagation + " delete", std::chrono::seconds(60), [&] {
          return CountOwned(deployment) == 0 && TheApi().Get(deployment.path()).status == 404;
        }));
  }
}

TEST(Lifecycle, ForeignObjectsWithOurNamesAreReportedAndNeverTouched) {
  Operator op;
  Deployment deployment("conflict", {{"suspend", true}});
  // Made before anything of ours can be: the namespace exists, nothing was accepted yet.
  const json service = {
      {"apiVersion", "v1"},
      {"kind", "Service"},
      {"metadata", {{"name", "conflict-two"}}},
      {"spec", {{"selector", {{"app", "mine"}}}, {"ports", json::array({{{"port", 80}}})}}}};
  ASSERT_TRUE(TheApi().Create(deployment.Collection("services"), service).ok());
  json second = TheApi().Get(deployment.path()).body["spec"];
  ASSERT_TRUE(TheApi()
                  .Create(deployment.Collection("disaggdeployments"),
                          {{"apiVersion", "disagg.dev/v1alpha1"},
                           {"kind", "DisaggDeployment"},
                           {"metadata",
                            {{"name", "conflict-two"}, {"namespace", deployment.namespace_name()}}},
                           {"spec", second}})
                  .ok());
  const std::string path = deployment.Collection("disaggdeployments") + "/conflict-two";
  EXPECT_TRUE(Eventually("NameConflict", std::chrono::seconds(20), [&] {
    return TheApi().Get(path).body["status"].dump().find("NameConflict") != std::string::npos;
  }));
  const json live = TheApi().Get(deployment.Collection("services") + "/conflict-two").body;
  EXPECT_EQ(live["spec"]["selector"], service["spec"]["selector"]);
  TheApi().Delete(path);
}

TEST(Lifecycle, DriftOfAChildIsMended) {
  Operator op;
  Deployment deployment("drift");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string service = deployment.Collection("services") + "/drift-workers";
  TheApi().MergePatch(
      service, {{"metadata", {{"labels", {{"nvidia.com/dynamo-discovery-enabled", "false"}}}}}});
  EXPECT_TRUE(Eventually("the discovery label is back", std::chrono::seconds(20), [&] {
    return TheApi().Get(service).body["metadata"]["labels"]
                                     ["nvidia.com/dynamo-discovery-enabled"] == "true";
  }));
  TheApi().Delete(deployment.Collection("services") + "/drift");
  EXPECT_TRUE(Eventually("the Service is back", std::chrono::seconds(20), [&] {
    return TheApi().Get(deployment.Collection("services") + "/drift").ok();
  }));
}

TEST(Lifecycle, TheAnnotationStopsEveryWriteButStatus) {
  Operator op;
  Deployment deployment("paused");
  ASSERT_TRUE(deployment.WaitReady());
  TheApi().MergePatch(deployment.path(),
                      {{"metadata", {{"annotations", {{"disagg.dev/reconcile", "disabled"}}}}}});
  ASSERT_TRUE(Eventually("it is told", std::chrono::seconds(20), [&] {
    return deployment.Status().dump().find("Paused") != std::string::npos;
  }));
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("decode")[0]);
  std::this_thread::sleep_for(std::chrono::seconds(4));
  EXPECT_TRUE(deployment.Pods("decode").empty());
  EXPECT_EQ(deployment.Condition("Ready"), "False");
  TheApi().MergePatch(deployment.path(),
                      {{"metadata", {{"annotations", {{"disagg.dev/reconcile", nullptr}}}}}});
  EXPECT_TRUE(deployment.WaitReady());
}

}  // namespace
}  // namespace disagg::testing
