// What a change of the router leads to: a pod more for a while, and what that one may not take.

#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

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

Trouble QuotaOfDecode() {
  return {.what = "create Pod x",
          .role = "decode",
          .pod = "x",
          .reason = "QuotaExceeded",
          .message = "exceeded quota: pods"};
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
    EXPECT_THAT(world.RunPass().writes, Not(Contains("delete router-0-1")));
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
  EXPECT_THAT(pass.writes, Not(Contains("delete router-0-1")));
  world.EverythingGoesWell();
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(world.pods(), SizeIs(4));
}

// A new router that is never ready; its pod is not even started.
World Stuck(int replicas = 1) {
  World world;
  world.Edit([&](auto& spec) { spec.router.replicas = replicas; });
  world.Settle();
  world.Advance(10);  // each became ready some time after its start
  for (int i = 0; i < replicas; ++i) world.SetReady(kRouter, i, true);
  world.Edit(ChangeRouter);
  world.RunPass();
  return world;
}

kube::Pod& OldRouter(World& world, const std::string& name) {
  for (const auto& pod : world.pods()) {
    const bool router = pod->meta.label(api::kLabelRole) == "router";
    if (router && pod->ready && pod->meta.name.ends_with(name)) return *pod;
  }
  throw std::out_of_range("no router ends with " + name);
}

void Drain(World& world, kube::Pod& pod) {
  pod.meta.deletion_time = world.now() + kGraceSeconds;
  pod.meta.deletion_grace = kGraceSeconds;
}

TEST(StuckRouterChange, CreatesALostRouterAgainFromItsOwnRevision) {
  World world = Stuck();
  const std::string old = OldRouter(world, "-0-1").meta.label(api::kLabelRoleRevision);
  Drain(world, OldRouter(world, "-0-1"));
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, ElementsAre("create router-0-3"));
  kube::Pod& again = world.At(kRouter, 0);
  EXPECT_EQ(again.meta.label(api::kLabelRoleRevision), old);
  EXPECT_THAT(Describe(pass.plan.explanations),
              Contains(HasSubstr("router-0 is created again from revision " + old)));
  EXPECT_THAT(world.RunPass().writes, IsEmpty()) << "it stays while it starts";
  again.scheduled = again.ready = true;
  again.node_name = "b200-0";
  EXPECT_TRUE(world.RunPass().status.ready);
  world.EverythingGoesWell();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete router-0-3"))
      << "the new one is ready at last";
}

TEST(StuckRouterChange, CreatesNoMoreOfTheNewRevisionInPlaceOfALostOne) {
  World world = Stuck(2);
  const std::string old = OldRouter(world, "-1-1").meta.label(api::kLabelRoleRevision);
  Drain(world, OldRouter(world, "-1-1"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-1-2"));
  EXPECT_EQ(world.At(kRouter, 1).meta.label(api::kLabelRoleRevision), old);
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(StuckRouterChange, GivesNoRoomToAWorkerWhereNoOtherRouterHasServed) {
  World world = Stuck();
  Drain(world, OldRouter(world, "-0-1"));
  world.RunPass();
  world.EndTerminating();
  world.DeletePod(kDecode, 0);
  world.fails = NoRoomForDecode;
  world.troubles = {QuotaOfDecode()};
  for (int i = 0; i < 3; ++i) EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(StuckRouterChange, EndsWithASuspension) {
  World world = Stuck();
  world.Edit(Suspend);
  world.RunPass();
  world.EndTerminating();
  world.RunPass();
  world.Edit([](auto& spec) { spec.suspend = false; });
  for (int i = 0; i < 3; ++i) world.RunPass();
  const auto routers = std::count_if(world.pods().begin(), world.pods().end(), [](const auto& pod) {
    return pod->meta.label(api::kLabelRole) == "router";
  });
  EXPECT_EQ(routers, 1) << "nobody has lost the older one";
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
  world.troubles = {QuotaOfDecode()};
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete router-0-2"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty()) << "the router that serves stays";
  world.troubles.clear();
  world.fails = Accept;
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create decode-0-2"));
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create router-0-3"));
  EXPECT_TRUE(world.Settle().status.ready);
}

}  // namespace
}  // namespace disagg::planning
