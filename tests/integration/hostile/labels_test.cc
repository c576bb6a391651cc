// Labels are everybody's: people take them off, policies change them at creation.

#include <algorithm>
#include <thread>

#include "tests/integration/hostile/main_job.h"
#include "tests/integration/hostile/mutated_pods.h"
#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

struct Relabel {
  const char* name;
  const char* label;
  json value;  // null takes it off
};

class ForeignLabel : public Scene, public ::testing::WithParamInterface<Relabel> {};

// Neither is the pod forgotten nor does its slot get a second one, and it is still ours to stop.
TEST_P(ForeignLabel, APodOfOursIsOursByItsOwner) {
  const std::string name = std::string("label-") + GetParam().name;
  Deployment deployment(name);
  ASSERT_TRUE(deployment.WaitReady());
  const json pod = deployment.Pods("prefill").at(0);
  ASSERT_TRUE(pod["metadata"]["labels"].contains(GetParam().label)) << "nothing to change";
  const json change{{"labels", {{GetParam().label, GetParam().value}}}};
  ASSERT_TRUE(TheApi().MergePatch(PodPath(deployment, pod), {{"metadata", change}}).ok());
  const double healed = SecondsUntil("exactly four pods, each in its slot", [&] {
    return OwnedPods(deployment).size() == 4 && deployment.Pods("prefill").size() == 2 &&
           deployment.Converged();
  });
  const int per_minute = RequestsPerMinute(seconds(15));
  EXPECT_LE(per_minute, kMostPerMinute);
  Report(std::string("the label ") + GetParam().label + " is changed", per_minute, healed);
  EXPECT_EQ(OwnedPods(deployment).size(), 4u) << "a slot has two pods";
  deployment.Patch({{"suspend", true}});
  EXPECT_TRUE(Eventually("suspended: no pod holds a GPU", kHealed,
                         [&] { return OwnedPods(deployment).empty(); }));
}

INSTANTIATE_TEST_SUITE_P(
    Labels, ForeignLabel,
    ::testing::Values(Relabel{"managed-by", "app.kubernetes.io/managed-by", nullptr},
                      Relabel{"platform", "app.kubernetes.io/managed-by", "platform-team"},
                      Relabel{"deployment", "disagg.dev/deployment", nullptr},
                      Relabel{"role", "disagg.dev/role", nullptr},
                      Relabel{"replica", "disagg.dev/replica", "7"},
                      Relabel{"revision", "disagg.dev/revision", nullptr}),
    [](const auto& test) {
      std::string name = test.param.name;
      name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
      return name;
    });

TEST_F(MutatedPods, ALabelOfAStandardIsAnotherOwners) {
  Mutate("mutated-label", "/set-label/app.kubernetes.io/managed-by=platform-team");
  RunMainJob("mutated-label");
  EXPECT_GE(Calls(), 4);
}

TEST_F(MutatedPods, ImagesComeFromAMirror) {
  Mutate("mutated-image", "/mirror-images/mirror.example/");
  RunMainJob("mutated-image");
  EXPECT_GE(Calls(), 4);
}

// What runs is compared with the revision it was made from, never with what admission made of it.
TEST_F(MutatedPods, WithMirroredImagesAChangedRouterConvergesAndIsWrittenNoMore) {
  Mutate("mutated-front", "/mirror-images/mirror.example/");
  Deployment deployment("mutated-front");
  ASSERT_TRUE(deployment.WaitReady());
  const auto before = Uids(deployment.Pods("router"));
  deployment.Patch(
      {{"router", {{"env", json::array({{{"name", "DYN_LOG"}, {"value", "debug"}}})}}}});
  ASSERT_TRUE(Eventually("another router", kHealed, [&] {
    return deployment.Converged() && Uids(deployment.Pods("router", false)) != before;
  })) << Told(deployment);
  const json router = deployment.Pods("router").at(0);
  EXPECT_TRUE(
      router["spec"]["containers"][0]["image"].get<std::string>().starts_with("mirror.example/"));
  EXPECT_EQ(RequestsDuring(seconds(10)), std::vector<json>{});
}

TEST_F(MutatedPods, StandardLabelsAreTakenAway) {
  Mutate("mutated-strip", "/strip-labels/app.kubernetes.io/");
  RunMainJob("mutated-strip");
  EXPECT_GE(Calls(), 4);
}

// Nothing can serve without our own labels: that must be told, cost little, and hold no GPU when
// it is suspended.
TEST_F(MutatedPods, OurOwnLabelsAreTakenAway) {
  Mutate("stripped", "/strip-labels/disagg.dev/");
  Deployment deployment("stripped");
  EXPECT_TRUE(Eventually("a pod is created", kHealed, [&] { return Calls() > 0; }));
  std::this_thread::sleep_for(seconds(20));
  const int calls = Calls();
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  EXPECT_LE(Calls() - calls, 6) << "pods created in half a minute";
  EXPECT_LE(OwnedPods(deployment).size(), 4u);
  EXPECT_FALSE(Told(deployment).empty());
  deployment.Patch({{"suspend", true}});
  EXPECT_TRUE(Eventually("suspended: no pod holds a GPU", kHealed,
                         [&] { return OwnedPods(deployment).empty(); }));
  webhook_->Remove();
  deployment.Patch({{"suspend", false}});
  const double healed =
      SecondsUntil("without the webhook it is Ready", [&] { return deployment.Converged(); });
  Report("a webhook takes our labels off new pods", per_minute, healed);
}

}  // namespace
}  // namespace disagg::testing
