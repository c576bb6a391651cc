// What is said of a router that does not serve: the fields that change it are not a worker's.

#include <gmock/gmock.h>

#include "controllers/planning/problems.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::SizeIs;

constexpr char kTaint[] = "0/3 nodes are available: 3 node(s) had untolerated taint(s)";

PodBuilder Router() { return PodBuilder(kRouter, 0).On("b200-0").Running(); }

struct RouterCase {
  const char* sentence;
  PodBuilder pod;
  std::string reason, message;
};

const RouterCase kRouters[] = {
    {"too little memory", Router().Restarts(1, kNow).Terminated("OOMKilled", 137), "OOMKilled",
     "router-0: router exited once with exit code 137; raise limits.memory of container router in "
     "spec.router.podTemplate"},
    {"a crash with its exit code and last words",
     Router().Restarts(2, kNow - 9).Terminated("Error", 2, "unknown flag --typo"), "CrashLoop",
     "router-0: router exited 2 times, last with exit code 2: unknown flag --typo; kubectl logs "
     "--previous minimax-m3-router-new-0-1 -n serving"},
    {"a crash loop that is being replaced, with the same",
     Router().CreatedAt(kNow - 400).CrashLoops().Terminated("Error", 2, "unknown flag --typo"),
     "CrashLoop",
     "router-0 failed: router is in CrashLoopBackOff after 5 restarts, the last with exit code 2; "
     "router said: unknown flag --typo"},
    {"an image that cannot be pulled", Router().Waiting("ImagePullBackOff", "not found"),
     "ImagePullFailed",
     "router-0: ImagePullBackOff: not found; check spec.router.image, without it "
     "spec.container.image, and imagePullSecrets"},
    {"a pod that runs, but that requests do not find",
     Router().Ready().Label("disagg.dev/role", "x"), "NotRoutable",
     "router-0 runs, but requests do not find it without its labels; kubectl label pod "
     "minimax-m3-router-new-0-1 -n serving --overwrite disagg.dev/deployment=minimax-m3 "
     "disagg.dev/role=router, or delete it"},
    {"a pod that finds no node", PodBuilder(kRouter, 0).Unschedulable("Insufficient cpu"),
     "Unschedulable", "router-0 finds no node: Insufficient cpu"},
    {"nodes that are all tainted", PodBuilder(kRouter, 0).Unschedulable(kTaint), "Unschedulable",
     std::string("router-0 finds no node: ") + kTaint +
         ": tolerate the taint in spec.placement.tolerations, or for routers alone in tolerations "
         "of spec.router.podTemplate, or add a node without it"},
};

TEST(RouterProblems, NameCauseAndRemedy) {
  for (const RouterCase& c : kRouters) {
    SCOPED_TRACE(c.sentence);
    const Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {c.pod});
    const auto problems = FindProblems(snapshot, {}, {}, ClassifyPods(snapshot), 8).problems;
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].role, "router");
    EXPECT_EQ(problems[0].reason, c.reason);
    EXPECT_EQ(problems[0].message, c.message);
  }
}

TEST(RouterProblems, AreOfTheServiceWhereNoneIsReady) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {Router().Waiting("ImagePullBackOff")});
  const auto severity = [&] {
    return FindProblems(snapshot, {}, {}, ClassifyPods(snapshot), 8).problems.at(0).severity;
  };
  EXPECT_EQ(severity(), Severity::kService);
  snapshot.pods.push_back(PodBuilder(kRouter, 1).Ready());
  EXPECT_EQ(severity(), Severity::kReplica);
}

}  // namespace
}  // namespace disagg::planning
