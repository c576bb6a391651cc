// What Flux and others that wait by kstatus are told: Current exactly when what runs is what the
// spec says, Failed exactly when a person has to act.

#include <algorithm>
#include <memory>
#include <thread>

#include "tests/integration/hostile/scene.h"
#include "tests/support/kstatus.h"
#include "tests/support/nodes.h"

namespace disagg::testing {
namespace {

class JudgedByKstatus : public Scene {
 protected:
  static std::string Judge(const Deployment& deployment) {
    return Kstatus(deployment.Object()).status;
  }
  static void ExpectCurrent(const std::string& when, const Deployment& deployment) {
    EXPECT_TRUE(
        Eventually(when + ": Current", kHealed, [&] { return Judge(deployment) == "Current"; }))
        << Kstatus(deployment.Object()).message << Told(deployment);
  }
};

TEST_F(JudgedByKstatus, ANewDeploymentIsCurrentWhenAllOfItIsReady) {
  const auto closed = std::make_unique<Cordon>(B200Nodes(kB200Nodes));
  const Deployment deployment("k-new");
  RequestsPerMinute(seconds(3));
  EXPECT_EQ(Judge(deployment), "InProgress") << Told(deployment);
}

TEST_F(JudgedByKstatus, AScaleUpIsCurrentWhenTheNewPodsAreReady) {
  const Deployment deployment("k-scale");
  ASSERT_TRUE(deployment.WaitReady());
  ExpectCurrent("ready", deployment);
  auto closed = std::make_unique<Cordon>(B200Nodes(kB200Nodes));
  deployment.Patch({{"prefill", {{"replicas", 4}}}});
  ASSERT_TRUE(
      Eventually("four pods", kHealed, [&] { return deployment.Pods("prefill").size() == 4; }));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(Judge(deployment), "InProgress") << "two pods are not ready: " << Told(deployment);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  closed.reset();
  ExpectCurrent("scaled", deployment);
}

TEST_F(JudgedByKstatus, ASuspendedDeploymentIsCurrentWhenItsPodsAreGone) {
  const Deployment deployment("k-suspend");
  ASSERT_TRUE(deployment.WaitReady());
  deployment.Patch({{"suspend", true}});
  ExpectCurrent("suspended", deployment);
  EXPECT_TRUE(OwnedPods(deployment).empty());
  deployment.Patch({{"suspend", false}});
  ExpectCurrent("resumed", deployment);
  EXPECT_EQ(OwnedPods(deployment).size(), 4u);
}

TEST_F(JudgedByKstatus, ARevertInMidRollIsCurrentWhenNoPodOfTheOtherIsLeft) {
  const Deployment deployment("k-revert",
                              {{"decode", {{"replicas", 2}, {"parallelism", {{"data", 1}}}}}});
  ASSERT_TRUE(deployment.WaitReady());
  const json wanted{{"decode", {{"args", {{"max-num-seqs", 64}}}}}};
  const auto old = Uids(deployment.Pods("decode"));
  // The first new pod finds no node, so the roll-out stays where it is.
  auto closed = std::make_unique<Cordon>(B200Nodes(kB200Nodes));
  deployment.Patch(wanted);
  std::set<std::string> other;  // pods of the revision that is taken back
  ASSERT_TRUE(Eventually("one of two pods is of the other revision", kHealed, [&] {
    other.clear();
    for (const std::string& uid : Uids(deployment.Pods("decode"))) {
      if (!old.contains(uid)) other.insert(uid);
    }
    return other.size() == 1;
  }));
  deployment.Patch({{"decode", {{"args", nullptr}}}});
  closed.reset();
  bool current = false;
  Eventually("Current after the revert", seconds(60), [&] {
    const json object = deployment.Object();
    current = Kstatus(object).status == "Current";
    if (!current) return false;
    for (const std::string& uid : Uids(deployment.Pods("decode"))) {
      EXPECT_FALSE(other.contains(uid)) << "Current while a pod of the other revision runs";
    }
    return true;
  });
}

TEST_F(JudgedByKstatus, ASpecThatCannotBeAcceptedIsFailed) {
  const Deployment deployment("k-typo", {{"model", {{"ref", "nvidia/misspelt"}}}});
  EXPECT_TRUE(Eventually("Failed", kHealed, [&] { return Judge(deployment) == "Failed"; }))
      << Told(deployment);
  deployment.Patch({{"model", {{"ref", "nvidia/Tiny-NVFP4"}}}});
  ExpectCurrent("corrected", deployment);
}

TEST_F(JudgedByKstatus, APausedDeploymentWithAnUnseenChangeIsNotCurrent) {
  const Deployment deployment("k-paused");
  ASSERT_TRUE(deployment.WaitReady());
  TheApi().MergePatch(deployment.path(),
                      {{"metadata", {{"annotations", {{"disagg.dev/reconcile", "disabled"}}}}}});
  ExpectTold(deployment, "Paused");
  deployment.Patch({{"prefill", {{"replicas", 3}}}});
  for (int i = 0; i < 15; ++i) {
    ASSERT_NE(Judge(deployment), "Current") << "a change is not rolled out: " << Told(deployment);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  TheApi().MergePatch(deployment.path(),
                      {{"metadata", {{"annotations", {{"disagg.dev/reconcile", nullptr}}}}}});
  ExpectCurrent("no longer paused", deployment);
}

TEST_F(JudgedByKstatus, AnApplyInTheWrongOrderDoesNotFail) {
  const std::string name = "k-order";
  const Deployment deployment(name, {{"model", {{"ref", "nvidia/late"}}}});
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(Judge(deployment), "Failed") << "the model comes a second later";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const Object model("/apis/disagg.dev/v1alpha1/servingmodels",
                     {{"apiVersion", "disagg.dev/v1alpha1"},
                      {"kind", "ServingModel"},
                      {"metadata", {{"name", "late"}}},
                      {"spec",
                       {{"repository", "nvidia/late"},
                        {"revision", "main"},
                        {"aliases", {"nvidia/late"}},
                        {"precision", "fp4"},
                        {"servedName", "nvidia/late"},
                        {"artifacts", json::array({{{"type", "HostPath"}, {"path", "/m"}}})}}}});
  ExpectCurrent("the model has come", deployment);
  for (const json& event : TheApi().List(deployment.Collection("events"))) {
    EXPECT_NE(event.value("type", ""), "Warning") << event.value("note", "");
  }
}

}  // namespace
}  // namespace disagg::testing
