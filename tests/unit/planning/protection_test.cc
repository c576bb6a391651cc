// What must not reach pods that run: a wrong spec, a pause, a deletion, a loss of what was stored.

#include <gmock/gmock.h>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// -- a spec that is wrong

TEST(Typo, BeforeAnythingRanMakesNothing) {
  World world;
  world.Edit(MistypeModel);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.plan.writes, IsEmpty());
  EXPECT_THAT(pass.plan.errors, SizeIs(1));
}

TEST(Typo, TouchesNothingThatRuns) {
  World world = Running();
  world.Edit([](auto& spec) {
    MistypeModel(spec);
    ChangeDecode(spec);
    spec.roles[kPrefill].replicas = 9;
    spec.service_account_name = "mine";
    spec.router.replicas = 3;
    spec.router.service_type = "LoadBalancer";
    spec.disruption = api::DisruptionPolicy::kNone;
    spec.revision_history_limit = 0;
  });
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
}

TEST(Typo, HealsTheAcceptedRevisionAtItsReplicas) {
  World world = Running();
  world.Edit([](auto& spec) {
    MistypeModel(spec);
    spec.roles[kPrefill].replicas = 9;
  });
  world.RunPass();
  world.LoseNode(world.At(kPrefill, 1).node_name);
  world.DeletePod(kDecode, 0);
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("delete prefill-1-1 grace 0", "create decode-0-2"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create prefill-1-1"));
}

TEST(Typo, HealsAMissingChild) {
  World world = Running();
  world.Edit(MistypeModel);
  world.DeleteChild("Service/minimax-m3");
  EXPECT_THAT(world.RunPass().writes, ElementsAre("apply Service minimax-m3"));
}

TEST(Typo, DoesNotStopAContractThatIsBeingReplaced) {
  World world = Running();
  world.Edit(ChangeImage);
  world.RunPass();
  world.Edit(MistypeModel);
  world.EndTerminating();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create prefill-0-1", "create prefill-1-1",
                                                  "create decode-0-1", "delete router-0-1"));
}

TEST(Typo, CorrectedIsAsIfItHadNeverBeen) {
  World world = Running();
  const std::string right = world.deployment().spec.model_ref;
  world.Edit(MistypeModel);
  world.RunPass();
  world.Edit([&](auto& spec) { spec.model_ref = right; });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, IsEmpty());
  EXPECT_THAT(pass.asked, IsEmpty());
  EXPECT_EQ(world.Condition("Stalled"), nullptr);
}

TEST(Typo, NeverEndsPodsThatStatusDoesNotSpeakOfYet) {
  World world;
  // The pods are made, and the operator dies before it can say so: the first status names no
  // replicas.
  world.RunPass();
  const nlohmann::json first = {
      {"observedGeneration", 1},
      {"roles", {{{"role", "prefill"}, {"desired", 0}}, {{"role", "decode"}, {"desired", 0}}}}};
  world.LoseStatus();
  world.SetStatus(first);
  world.Edit(MistypeModel);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
}

TEST(Unreadable, ObjectKeepsItsPodsAndChildren) {
  World world = Running();
  MakeUnreadable(world);
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
  world.DeletePod(kDecode, 0);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create decode-0-2"));
}

// -- pausing and ending

TEST(Suspend, EndsAllPodsAndKeepsTheRevision) {
  World world = Running();
  world.Edit(Suspend);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, UnorderedElementsAre("delete prefill-0-1", "delete prefill-1-1",
                                                "delete decode-0-1", "delete router-0-1",
                                                "delete PodDisruptionBudget minimax-m3-prefill"));
  world.EndTerminating();
  world.Settle();
  EXPECT_THAT(world.pods(), IsEmpty());
  EXPECT_EQ(world.revisions().size(), 1u);
  world.Edit([](auto& spec) { spec.suspend = false; });
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1"));
}

TEST(Disabled, ObjectIsNotWrittenAtAll) {
  World world = Running();
  world.Annotate(api::kAnnotationReconcile, "disabled");
  world.Edit(ChangeImage);
  world.DeletePod(kDecode, 0);
  world.DeleteChild("Service/minimax-m3");
  const Pass pass = world.RunPass();
  EXPECT_TRUE(pass.plan.paused);
  EXPECT_THAT(pass.plan.writes, IsEmpty());
  world.Annotate(api::kAnnotationReconcile, "");
  EXPECT_THAT(world.RunPass().writes, Contains("apply Service minimax-m3"));
}

TEST(Disabled, ObjectKeepsTheReplicasThatWereAccepted) {
  World world = Running();
  world.Annotate(api::kAnnotationReconcile, "disabled");
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 7; });
  world.RunPass();
  EXPECT_EQ(world.deployment().status.desired.at(kPrefill), 2);
}

TEST(Deletion, StopsEveryWrite) {
  World world = Running();
  world.DeleteDeployment();
  world.DeletePod(kDecode, 0);
  world.DeleteChild("Service/minimax-m3");
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
}

TEST(Deletion, OfAnObjectThatNeverRanWritesNothing) {
  World world;
  world.DeleteDeployment();
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
}

// -- what is lost

TEST(Lost, StatusIsMadeAnewWithoutTouchingPods) {
  World world = Running();
  const nlohmann::json before = world.Status();
  world.LoseStatus();
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, IsEmpty());
  EXPECT_EQ(world.Status().at("targetRevision"), before.at("targetRevision"));
  EXPECT_EQ(world.Status().at("currentRevision"), before.at("currentRevision"));
  EXPECT_EQ(world.Status().at("roles"), before.at("roles"));
}

TEST(Lost, StatusAndAWrongSpecAtOnceEndNoPod) {
  World world = Running();
  world.LoseStatus();
  world.Edit(MistypeModel);
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
  world.DeletePod(kPrefill, 1);
  world.RunPass();
  EXPECT_EQ(world.deployment().status.desired.at(kDecode), 1);
}

TEST(Lost, StatusInTheMiddleOfARollGoesOnWithIt) {
  World world;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 3; });
  world.Settle();
  world.Edit(ChangeDecode);
  world.RunPass();
  const std::string target = world.deployment().status.target_revision;
  world.LoseStatus();
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, IsEmpty());
  EXPECT_THAT(pass.asked, IsEmpty());
  EXPECT_EQ(world.deployment().status.target_revision, target);
}

TEST(Lost, RevisionIsStoredAgainFromTheSpec) {
  World world = Running();
  const std::string name = world.deployment().status.target_revision;
  world.DeleteRevision(name);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  ASSERT_EQ(world.revisions().size(), 1u);
  EXPECT_EQ(world.revisions()[0].identity.name, name);
}

TEST(Lost, RevisionAndAWrongSpecAtOnceEndNoPod) {
  World world = Running();
  world.DeleteRevision(world.deployment().status.target_revision);
  world.Edit(MistypeModel);
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
  EXPECT_EQ(world.Condition("Ready")->status, "True");
}

}  // namespace
}  // namespace disagg::planning
