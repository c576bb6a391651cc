// When a status is written, and which events tell of it.

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Reasons(const std::vector<Note>& notes) {
  std::vector<std::string> reasons;
  for (const Note& note : notes) {
    reasons.push_back((note.warning ? "Warning " : "Normal ") + note.reason);
  }
  return reasons;
}

TEST(Status, IsWrittenBeforeTheFirstChild) {
  World world;
  Snapshot snapshot = world.TakeSnapshot();
  const Plan plan = PlanDeployment(snapshot);
  const StatusPlan first = PlanStatus(snapshot, plan, {});
  EXPECT_TRUE(first.changed);
  EXPECT_FALSE(first.status.contains("targetRevision"));
  EXPECT_THAT(first.actions, IsEmpty());
}

TEST(Status, IsValidUtf8HoweverLongItsMessagesAre) {
  World world = Running();
  std::string message = "x";
  while (message.size() < 5000) message += "\u00e4";
  world.refuses = [&](const json&) { return message; };
  world.Edit(ChangeImage);
  EXPECT_NO_THROW(world.RunPass());
  EXPECT_LE(Field(world.Status().at("summary"), "message").size(), 1024u);
}

TEST(Events, TellTransitionsOnce) {
  World world;
  const Pass first = world.RunPass();
  EXPECT_THAT(Reasons(first.status.actions), ElementsAre("Normal Created"));
  EXPECT_EQ(first.status.actions[0].message, "created 2 prefill and 1 decode pods of revision " +
                                                 world.revisions()[0].identity.name);
  EXPECT_THAT(Reasons(first.status.events), IsEmpty());
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
  world.EverythingGoesWell();
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Normal Ready"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
  world.SetReady(kDecode, 0, false);
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning NoDecodeRoutable"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
}

TEST(Events, TellARefusalOnceUntilItsTextChanges) {
  World world = Running();
  MistypeForLong(world);
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning ModelNotFound"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
  world.Edit([](auto& spec) { spec.model_ref = "something-else"; });
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning ModelNotFound"));
}

TEST(Events, AreQuietAboutADeploymentThatIsAppliedBeforeItsModel) {
  World world;
  world.RemoveModels();
  const Pass early = world.RunPass();
  EXPECT_THAT(early.status.events, IsEmpty());
  EXPECT_EQ(early.status.wake_at, world.now() + 10);
  world.Advance(3);
  world.SetModel(ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
  EXPECT_EQ(ConditionOf(world, "Stalled"), "absent");
}

TEST(Events, DoNotWarnOfASuspensionThatSomebodyAskedFor) {
  World world = Running();
  world.Edit(Suspend);
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Normal Suspended"));
}

TEST(Events, TellAProblemOfARoleOnce) {
  World world = Running();
  world.Fail(kPrefill, 0, "Evicted");
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning Evicted"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
}

TEST(Events, DoNotWarnOfALabelThatIsGivenBackAtOnce) {
  World world = Running();
  world.At(kRouter, 0).meta.labels.Set(api::kLabelRole, "mine");
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning NoRouterReady"))
      << "no request finds it for a moment; nobody has to give the label back";
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Normal Ready"));
}

TEST(Events, WarnOfALabelThatCannotBeGivenBack) {
  World world = Running();
  world.At(kRouter, 0).meta.labels.Set(api::kLabelRole, "mine");
  world.fails = [](const Write&) {
    return Answer(base::ErrorCode::kTimeout, "Timeout", "no answer");
  };
  EXPECT_THAT(Reasons(world.RunPass().status.events),
              ElementsAre("Warning NoRouterReady", "Warning NotRoutable"));
}

// Whoever takes it off drains the pod.
TEST(Events, WarnOfALabelThatNobodyGivesBack) {
  World world = Running();
  world.At(kPrefill, 0).meta.labels.Set(api::kLabelDiscovery, "");
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning NotRoutable"));
}

TEST(Events, NameTheRevisionThatIsHealed) {
  World world = Running();
  const std::string accepted = world.deployment().status.target_revision;
  world.refuses = RefuseAll;
  world.Edit(ChangeImage);
  world.DeletePod(kDecode, 0);
  const Pass pass = world.RunPass();
  ASSERT_THAT(pass.status.actions, SizeIs(1));
  EXPECT_EQ(pass.status.actions[0].message, "created 1 decode pod of revision " + accepted);
}

TEST(Events, AreQuietWhileAllIsWell) {
  World world = Running();
  for (int i = 0; i < 5; ++i) {
    world.Advance(100);
    const Pass pass = world.RunPass();
    EXPECT_THAT(pass.status.events, IsEmpty());
    EXPECT_THAT(pass.status.actions, IsEmpty());
  }
}

}  // namespace
}  // namespace disagg::planning
