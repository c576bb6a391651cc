// What a change of the spec, of class or model, or a lost write leads to.

#include <algorithm>

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

// -- the router

void CrashLoop(kube::Pod& pod) {
  kube::ContainerState& container = pod.containers.at(0);
  container.running = false;
  container.restarts = 5;
  container.waiting_reason = "CrashLoopBackOff";
}

void ChangeRouter(api::DeploymentSpec& spec) { spec.router.args["router-mode"] = Text("random"); }

std::optional<base::Error> NoRoomForDecode(const Write& write) {
  if (write.verb != Verb::kCreate || !Describe(write).starts_with("create decode-")) {
    return std::nullopt;
  }
  return Answer(base::ErrorCode::kForbidden, "QuotaExceeded", "exceeded quota: pods");
}

TEST(RouterChange, CreatesTheNewPodBeforeTheOldOneGoes) {
  World world = Running();
  world.Edit(ChangeRouter);
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create ControllerRevision", "create router-0-2"));
  world.BindAndStart();
  EXPECT_THAT(world.RunPass().writes, IsEmpty()) << "the new one is not ready";
  world.UpdateRouters();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete router-0-1"));
  EXPECT_TRUE(world.Settle().status.ready);
}

// Routers that nobody has deleted before this pass, and those that it creates.
int RoutersOf(const Pass& pass) {
  const auto before =
      std::count_if(pass.before.pods.begin(), pass.before.pods.end(), [](const auto& pod) {
        return pod->meta.label(api::kLabelRole) == "router" && !pod->meta.deleting();
      });
  const auto created =
      std::count_if(pass.writes.begin(), pass.writes.end(),
                    [](const std::string& write) { return write.starts_with("create router-"); });
  return static_cast<int>(before + created);
}

TEST(RouterChange, ReplacesOneAfterTheOtherAndServesOnWithAllOfThem) {
  World world;
  world.Edit([](auto& spec) { spec.router.replicas = 3; });
  world.Settle();
  world.Edit(ChangeRouter);
  for (int i = 0; i < 12; ++i) {
    const Pass pass = world.RunPass();
    EXPECT_GE(RoleStatus(world, "router").at("ready"), 3);
    EXPECT_LE(RoleStatus(world, "router").at("created"), 4);
    EXPECT_LE(RoutersOf(pass), 4) << "also while a deletion and a creation are under way together";
    world.EverythingGoesWell();
  }
  EXPECT_EQ(RoleStatus(world, "router").at("updated"), 3);
  EXPECT_THAT(world.Settle().writes, IsEmpty());
  EXPECT_THAT(world.pods(), SizeIs(6));
}

TEST(RouterChange, LeavesTheOldPodWhereTheNewImageCannotBePulled) {
  World world = Running();
  world.Edit([](auto& spec) { spec.router.image = "registry.example/typo:1"; });
  world.RunPass();
  kube::Pod& pulling = world.At(kRouter, 0);
  for (int pass = 0; pass < 5; ++pass) {
    pulling.scheduled = true;
    pulling.containers.resize(1);
    pulling.containers[0].waiting_reason = "ImagePullBackOff";
    world.Advance(1000);
    EXPECT_THAT(world.RunPass().writes, IsEmpty());
  }
  EXPECT_EQ(ConditionOf(world, "Ready"), "True Serving");
  EXPECT_EQ(ConditionOf(world, "FullyAvailable"), "False ImagePullFailed");
  world.Edit([](auto& spec) { spec.router.image = "registry.example/router:1"; });
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create ControllerRevision", "delete router-0-2"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-0-2"))
      << "no pod of this name is there any more";
}

TEST(RouterChange, DeletesANewPodThatCrashLoopsBeforeItCreatesTheNextOne) {
  World world = Running();
  world.Edit(ChangeRouter);
  world.RunPass();
  world.BindAndStart();
  CrashLoop(world.At(kRouter, 0));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete router-0-2"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-0-3"));
}

// Workers that are away make every router NotReady, and say nothing about its template.
TEST(RouterChange, LeavesAPodThatHasServedUntilItsSuccessorDoes) {
  World world = Running();
  world.Advance(100);
  world.SetReady(kDecode, 0, false);
  world.UpdateRouters();
  world.Edit(ChangeRouter);
  for (int pass = 0; pass < 3; ++pass) {
    EXPECT_THAT(world.RunPass().writes, ::testing::Not(Contains("delete router-0-1")));
    world.Advance(100);
  }
  world.SetReady(kDecode, 0, true);
  world.BindAndStart();
  world.UpdateRouters();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete router-0-1"));
}

TEST(RouterChange, KeepsWhatServesWhenFewerAreWantedInBetween) {
  World world;
  world.Edit([](auto& spec) { spec.router.replicas = 3; });
  world.Settle();
  world.Edit(ChangeRouter);
  world.RunPass();
  world.Edit([](auto& spec) { spec.router.replicas = 1; });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Contains("delete router-1-1"));
  EXPECT_THAT(pass.writes, Contains("delete router-2-1"));
  EXPECT_THAT(pass.writes, ::testing::Not(Contains("delete router-0-1")));
  world.EverythingGoesWell();
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(world.pods(), SizeIs(4));
}

// A router more is worth less than a worker.
TEST(RouterChange, WaitsWhileAWorkerIsMissing) {
  World world = Running();
  world.fails = NoRoomForDecode;
  world.DeletePod(kDecode, 0);
  world.Edit(ChangeRouter);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_EQ(MessageOf(world, "Reconciling"),
            "revision " + world.deployment().status.target_revision +
                " is being rolled out: the next router waits until no worker is missing: a quota "
                "or a node may have room for one of them only");
  world.fails = Accept;
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create decode-0-2"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-0-2"));
  EXPECT_TRUE(world.Settle().status.ready);
}

TEST(RouterChange, WaitsForTheBackOffOfAWorker) {
  World world = Running();
  world.Fail(kDecode, 0, "Evicted");
  world.Edit(ChangeRouter);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_THAT(MessageOf(world, "Reconciling"), HasSubstr("decode-0 waits after a failure"));
  EXPECT_TRUE(world.Settle().status.ready);
}

TEST(RouterChange, CreatesALostRouterBesideAMissingWorker) {
  World world = Running();
  world.fails = NoRoomForDecode;
  world.DeletePod(kDecode, 0);
  world.DeletePod(kRouter, 0);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-0-2"));
}

TEST(RouterChange, GivesTheRoomOfANewPodToAWorkerThatAQuotaKeepsOut) {
  World world = Running();
  world.Edit(ChangeRouter);
  world.RunPass();
  world.BindAndStart();
  world.DeletePod(kDecode, 0);
  world.fails = NoRoomForDecode;
  EXPECT_THAT(world.RunPass().writes, IsEmpty()) << "nobody knows yet that a quota is short";
  world.troubles = {{.what = "create Pod x",
                     .role = "decode",
                     .pod = "x",
                     .reason = "QuotaExceeded",
                     .message = "exceeded quota: pods"}};
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete router-0-2"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty()) << "the router that serves stays";
  world.troubles.clear();
  world.fails = Accept;
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create decode-0-2"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-0-3"));
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
