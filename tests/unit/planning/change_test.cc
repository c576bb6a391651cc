// What a change of the spec, of class or model, or a lost write leads to.

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// -- a role

TEST(Change, OfOneRoleReplacesOnlyThatRole) {
  World world = Running();
  world.Edit(ChangeDecode);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes,
              ElementsAre("create ControllerRevision", "delete decode-0-1", "create decode-0-2"));
  EXPECT_TRUE(world.Settle().status.ready);
}

// -- what a change touches

TEST(Change, OfReplicasMakesNoRevision) {
  World world = Running();
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; });
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create prefill-2-1", "apply PodDisruptionBudget minimax-m3-prefill"));
  EXPECT_EQ(world.revisions().size(), 1u);
}

TEST(Change, OfTheContractEndsAllWorkersBeforeTheFirstNewOne) {
  World world = Running();
  world.Edit(ChangeImage);
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create ControllerRevision", "delete prefill-0-1", "delete prefill-1-1",
                          "delete decode-0-1", "create router-0-1"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
  world.EndTerminating();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create prefill-0-1", "create prefill-1-1",
                                                  "create decode-0-1", "delete router-0-1"))
      << "the router of the old contract goes with its last worker";
  EXPECT_TRUE(world.Settle().status.ready);
}

TEST(Change, GivesTheNewContractItsOwnRoutersAndTheOldOneNoMore) {
  World world = Running();
  world.Edit([](auto& spec) {
    ChangeImage(spec);
    spec.router.replicas = 2;
  });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Contains("create router-0-1"));
  EXPECT_THAT(pass.writes, Contains("create router-1-1"));
  EXPECT_THAT(pass.writes, ::testing::Not(Contains("delete router-0-1")));
}

TEST(Change, FromTwoRolesToOneReplacesEverything) {
  World world = Running();
  world.Edit(Aggregate);
  EXPECT_THAT(world.RunPass().writes,
              UnorderedElementsAre("create ControllerRevision", "delete prefill-0-1",
                                   "delete prefill-1-1", "delete decode-0-1", "create router-0-1",
                                   "apply PodDisruptionBudget minimax-m3-aggregated",
                                   "delete PodDisruptionBudget minimax-m3-prefill"));
  const Pass last = world.Settle();
  EXPECT_TRUE(last.status.ready);
  EXPECT_THAT(world.pods(), SizeIs(3));
}

TEST(Change, BackToAnOlderSpecUsesItsStoredRevision) {
  World world = Running();
  const std::string first = world.deployment().status.current_revision;
  world.Edit(ChangeDecode);
  world.Settle();
  world.Edit([](auto& spec) { spec.roles[kDecode].args.clear(); });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, ElementsAre("delete decode-0-2", "create decode-0-3"));
  EXPECT_EQ(world.deployment().status.target_revision, first);
  world.Settle();
  EXPECT_EQ(world.revisions().size(), 2u);
}

TEST(Change, WhileAnotherOneRollsGoesStraightToTheLast) {
  World world;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 3; });
  world.Settle();
  world.Edit(ChangeDecode);
  world.RunPass();
  world.Edit([](auto& spec) { spec.roles[kDecode].args["max-num-seqs"] = Text("128"); });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.WorkerWrites(), ElementsAre("delete decode-2-2", "create decode-2-3"))
      << "the pod of the revision in between was not ready, the others go on";
  world.Settle();
  for (const auto& pod : world.pods()) EXPECT_TRUE(pod->ready);
  EXPECT_EQ(world.revisions().size(), 3u);
}

// -- class and model

TEST(Catalogue, ChangeIsToldAndTouchesNothing) {
  for (const bool of_class : {true, false}) {
    World world = Running();
    if (of_class) {
      world.SetClass(ClassBuilder().Env("NCCL_DEBUG", "INFO"));
    } else {
      world.SetModel(ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4").Revision("0f3c1e2"));
    }
    const Pass pass = world.RunPass();
    EXPECT_THAT(pass.writes, IsEmpty());
    EXPECT_THAT(pass.plan.update_available, HasSubstr("changed since revision"));
    EXPECT_EQ(world.Condition("UpdateAvailable")->status, "True");
  }
}

TEST(Catalogue, ChangeReachesNoPodThatIsHealed) {
  World world = Running();
  const std::string revision = world.At(kDecode, 0).meta.label(api::kLabelRoleRevision);
  world.SetClass(ClassBuilder().Env("NCCL_DEBUG", "INFO"));
  world.DeletePod(kDecode, 0);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create decode-0-2"));
  EXPECT_EQ(world.At(kDecode, 0).meta.label(api::kLabelRoleRevision), revision);
}

TEST(Catalogue, ChangeReachesOnlyTheRoleThatRollsAnyway) {
  World world = Running();
  world.SetClass(ClassBuilder().Env("NCCL_DEBUG", "INFO"));
  world.Edit(ChangeDecode);
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("delete decode-0-1", "create decode-0-2"));
  EXPECT_NE(world.RunPass().plan.update_available, "") << "prefill is still of the older class";
}

TEST(Catalogue, RemovalOfAClassTouchesNothing) {
  World world = Running();
  world.RemoveClasses();
  world.RunPass();
  world.Advance(10);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.plan.writes, IsEmpty());
  ASSERT_NE(world.Condition("Stalled"), nullptr);
  EXPECT_EQ(world.Condition("Stalled")->reason, "AcceleratorNotFound");
  EXPECT_EQ(world.Condition("Ready")->status, "True");
}

// -- failures of writes

TEST(Failure, OfTheRevisionHoldsUpEverythingAfterIt) {
  World world;
  world.fails = [](const Write& write) -> std::optional<base::Error> {
    if (write.stage != Stage::kRevision) return std::nullopt;
    return Answer(base::ErrorCode::kUnavailable, "ServiceUnavailable", "etcd is away");
  };
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(Failure, OfADeleteLeavesTwoPodsInASlotForOnePassOnly) {
  World world = Running();
  world.fails = [](const Write& write) -> std::optional<base::Error> {
    if (write.verb != Verb::kDelete) return std::nullopt;
    return Answer(base::ErrorCode::kUnavailable, "ServiceUnavailable", "etcd is away");
  };
  world.Edit(ChangeDecode);
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create decode-0-2"));
  world.fails = Accept;
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("delete decode-0-2", "delete decode-0-1", "create decode-0-3"));
  EXPECT_TRUE(world.Settle().status.ready);
}

// -- history

TEST(History, IsKeptUpToItsLimitAndWhatIsInUseBeyondIt) {
  World world;
  world.Edit([](auto& spec) { spec.revision_history_limit = 2; });
  world.Settle();
  for (int i = 1; i <= 5; ++i) {
    world.Edit(
        [&](auto& spec) { spec.roles[kDecode].args["max-num-seqs"] = Text(std::to_string(i)); });
    world.Settle();
  }
  std::vector<std::int64_t> numbers;
  for (const auto& revision : world.revisions()) numbers.push_back(revision.identity.number);
  EXPECT_THAT(numbers, UnorderedElementsAre(1, 4, 5, 6))
      << "1 is what the prefill pods were made from";
}

}  // namespace
}  // namespace disagg::planning
