// Pods that somebody has made too deep or too large to be read: what is not known of them looks
// like a pod that has not started.

#include <gmock/gmock.h>

#include "controllers/planning/pod_planner.h"
#include "controllers/planning/pod_state.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(UnreadPod, IsAliveAndNotReadyWhateverWasReadOfIt) {
  const PodBuilder pods[] = {PodBuilder(kDecode, 0), PodBuilder(kDecode, 0).Ready(),
                             PodBuilder(kDecode, 0).Failed(), PodBuilder(kDecode, 0).Succeeded(),
                             PodBuilder(kDecode, 0).On("b200-0").CrashLoops()};
  for (const PodBuilder& pod : pods) {
    auto unread = std::make_shared<kube::Pod>(*pod.Build());
    unread->meta.decode_error = kube::InternedString("too deep");
    const auto state = Classify(unread, SnapshotOf(DeploymentBuilder()));
    EXPECT_TRUE(state->alive());
    EXPECT_FALSE(state->ready());
  }
}

TEST(UnreadPod, IsReportedByNameAndLeftAlone) {
  World world = Running();
  world.MakeUnreadable(kDecode, 0);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, IsEmpty());
  EXPECT_EQ(RoleStatus(world, "decode").at("created"), 1);
  EXPECT_EQ(RoleStatus(world, "decode").at("ready"), 0);
  const nlohmann::json problem = world.Status().at("problems").at(0);
  EXPECT_EQ(problem.at("reason"), "PodUnreadable");
  EXPECT_EQ(problem.at("pod"), world.At(kDecode, 0).meta.name);
  EXPECT_THAT(Field(problem, "message"), HasSubstr("decode-0: field \"status\" cannot be read"));
  world.Advance(86'400);
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(UnreadPod, OfAnOlderRevisionIsNotReplacedForNotBeingReady) {
  World world = Running();
  world.MakeUnreadable(kDecode, 0);
  world.Edit(ChangeDecode);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
}

TEST(UnreadPod, IsNotReplacedBecauseOfABan) {
  auto pod = std::make_shared<kube::Pod>(*PodBuilder(kDecode, 0).Avoids("b200-0").Build());
  pod->meta.decode_error = kube::InternedString("too deep");
  const Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {pod});
  const render::Revision revision = RevisionBuilder("r").Role(kDecode, "new").Payload();
  const PodGoal goal{revision.identity, {{kDecode, 1}}, &revision};
  EXPECT_THAT(PlanPods(snapshot, ClassifyPods(snapshot), goal).writes, IsEmpty());
}

TEST(UnreadPod, IsGivenBackWhereTheSpecAsksForIt) {
  World world = Running();
  world.MakeUnreadable(kPrefill, 0);
  world.SetReady(kPrefill, 1, false);
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 1; });
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("delete prefill-1-1"))
      << "the other one may serve";
  world.Edit(Suspend);
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("delete prefill-0-1", "delete decode-0-1"));
}

// A class that was corrected replaces pods only while none of them has run.
TEST(UnreadPod, MayHaveRun) {
  World world;
  world.RunPass();
  for (int replica : {0, 1}) world.MakeUnreadable(kPrefill, replica);
  world.MakeUnreadable(kDecode, 0);
  world.SetClass(ClassBuilder().Env("UCX_TLS", "rc"));
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
}

}  // namespace
}  // namespace disagg::planning
