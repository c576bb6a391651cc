// Conditions, situation by situation.

#include <functional>

#include <gmock/gmock.h>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::HasSubstr;

struct Situation {
  const char* sentence;
  std::function<void(World&)> happens;  // to a deployment that serves; one pass follows
  std::map<std::string, std::string> conditions;
};

const Situation kSituations[] = {
    {"all is well",
     [](World&) {},
     {{"Ready", "True Serving"},
      {"FullyAvailable", "True AllReady"},
      {"RouterReady", "True Routing"},
      {"ModelResolved", "True Resolved"},
      {"Scheduled", "True AllScheduled"},
      {"UpdateAvailable", "False UpToDate"},
      {"Reconciling", "absent"},
      {"Stalled", "absent"}}},
    {"the only decode pod was deleted",
     [](World& world) {
       world.DeletePod(kDecode, 0);
       world.UpdateRouters();
     },
     {{"Ready", "False NoDecodeRoutable"},
      {"FullyAvailable", "False Starting"},
      {"RouterReady", "False NoRouterReady"},
      {"Scheduled", "False Starting"},
      {"Reconciling", "True Progressing"}}},
    {"one of two prefill pods is not ready",
     [](World& world) { world.SetReady(kPrefill, 0, false); },
     {{"Ready", "True Serving"},
      {"FullyAvailable", "False NotReady"},
      {"Scheduled", "True AllScheduled"},
      {"Reconciling", "True Progressing"}}},
    {"no prefill pod is ready",
     [](World& world) {
       world.SetReady(kPrefill, 0, false);
       world.SetReady(kPrefill, 1, false);
     },
     {{"Ready", "False NoPrefillRoutable"}}},
    {"the router is gone",
     [](World& world) { world.RemoveRouters(); },
     {{"Ready", "False NoRouterReady"},
      {"RouterReady", "False NoRouterReady"},
      {"FullyAvailable", "False Starting"},
      {"Reconciling", "True Progressing"}}},
    {"more replicas are wanted",
     [](World& world) { world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; }); },
     {{"Ready", "True Serving"},
      {"FullyAvailable", "False Starting"},
      {"Reconciling", "True Progressing"}}},
    {"a role changes",
     [](World& world) { world.Edit(ChangePrefill); },
     {{"Ready", "True Serving"}, {"Reconciling", "True RollingOut"}, {"Stalled", "absent"}}},
    {"a model that the spec names may follow in the same apply",
     [](World& world) { world.Edit(MistypeModel); },
     {{"Ready", "True Serving"},
      {"ModelResolved", "False ModelNotFound"},
      {"Reconciling", "True WaitingForInputs"},
      {"Stalled", "absent"}}},
    {"the spec is mistyped, and stays so",
     [](World& world) { MistypeForLong(world); },
     {{"Ready", "True Serving"},
      {"FullyAvailable", "True AllReady"},
      {"ModelResolved", "False ModelNotFound"},
      {"Reconciling", "absent"},
      {"Stalled", "True ModelNotFound"}}},
    {"the cluster refuses the change",
     [](World& world) {
       world.refuses = RefuseAll;
       world.Edit(ChangeImage);
     },
     {{"Ready", "True Serving"}, {"Reconciling", "absent"}, {"Stalled", "True RefusedByCluster"}}},
    {"the object cannot be read",
     MakeUnreadable,
     {{"Ready", "True Serving"},
      {"FullyAvailable", "True AllReady"},
      {"ModelResolved", "False NotResolved"},
      {"Stalled", "True InvalidSpec"}}},
    {"it is suspended, and its pods still end",
     [](World& world) { world.Edit(Suspend); },
     {{"Ready", "False Suspended"}, {"Reconciling", "True Suspended"}}},
    {"the class changed",
     [](World& world) { world.SetClass(ClassBuilder().Env("NCCL_DEBUG", "INFO")); },
     {{"Ready", "True Serving"}, {"UpdateAvailable", "True InputsChanged"}}},
    {"somebody else has a child's name",
     [](World& world) {
       world.DeleteChild("Service/minimax-m3");
       world.fails = [](const Write& write) -> std::optional<base::Error> {
         if (!(write.resource == kube::kServices)) return std::nullopt;
         return Answer(base::ErrorCode::kInvalid, "NameConflict", "belongs to somebody else");
       };
     },
     {{"Stalled", "True NameConflict"}, {"Reconciling", "absent"}}},
    {"the API server is away for a moment",
     [](World& world) {
       world.DeletePod(kDecode, 0);
       world.fails = [](const Write&) {
         return Answer(base::ErrorCode::kTimeout, "Timeout", "no answer");
       };
     },
     {{"Stalled", "absent"}}},
    {"the quota is exhausted",
     [](World& world) {
       world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; });
       world.fails = [](const Write& write) -> std::optional<base::Error> {
         if (!(write.resource == kube::kPods)) return std::nullopt;
         return Answer(base::ErrorCode::kForbidden, "QuotaExceeded", "exceeded quota: gpus");
       };
     },
     {{"Scheduled", "False QuotaExceeded"}, {"Stalled", "absent"}, {"Ready", "True Serving"}}},
    {"the quota is exhausted when a suspended deployment goes on",
     [](World& world) {
       world.Edit([](auto& spec) { spec.suspend = true; });
       world.Settle();
       world.fails = [](const Write& write) -> std::optional<base::Error> {
         if (!(write.resource == kube::kPods)) return std::nullopt;
         return Answer(base::ErrorCode::kForbidden, "QuotaExceeded", "exceeded quota: gpus");
       };
       world.Edit([](auto& spec) { spec.suspend = false; });
     },
     {{"Scheduled", "False QuotaExceeded"}, {"Stalled", "absent"}}},
};

TEST(Conditions, TellEverySituation) {
  for (const Situation& situation : kSituations) {
    SCOPED_TRACE(situation.sentence);
    World world = Running();
    situation.happens(world);
    world.RunPass();
    for (const auto& [type, expected] : situation.conditions) {
      EXPECT_EQ(ConditionOf(world, type), expected) << type;
    }
  }
}

TEST(Conditions, AreNotWrittenTwice) {
  for (const Situation& situation : kSituations) {
    SCOPED_TRACE(situation.sentence);
    World world = Running();
    situation.happens(world);
    world.RunPass();
    world.RunPass();  // the second one sees what the first one wrote
    world.Advance(3);
    EXPECT_FALSE(world.RunPass().status_written);
  }
}

TEST(Conditions, OfAFirstDeployment) {
  World world;
  world.RunPass();
  EXPECT_EQ(ConditionOf(world, "Ready"), "False NoPrefillRoutable");
  EXPECT_EQ(MessageOf(world, "Ready"), "0 of 2 prefill replicas can serve; requests are refused");
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "True RollingOut");
  EXPECT_EQ(MessageOf(world, "ModelResolved"),
            "ServingModel minimax-m3-nvfp4, revision main (staged on b200)");
}

TEST(Conditions, NameTheRouterThatIsMissing) {
  World world = Running();
  EXPECT_EQ(MessageOf(world, "FullyAvailable"), "all 3 replicas and 1 router are ready");
  world.RemoveRouters();
  world.RunPass();
  EXPECT_EQ(MessageOf(world, "FullyAvailable"),
            "2 of 2 prefill and 1 of 1 decode replicas and 0 of 1 router ready, 3 of 4 scheduled");
  EXPECT_EQ(MessageOf(world, "Reconciling"),
            "2 of 2 prefill and 1 of 1 decode replicas and 0 of 1 router of revision " +
                world.deployment().status.target_revision + " are ready");
}

TEST(Conditions, CountNoOlderRouterForOneThatIsMissing) {
  World world = Running();
  world.Edit([](auto& spec) { spec.router.args["router-mode"] = Text("random"); });
  world.RunPass();
  world.BindAndStart();
  world.RunPass();
  EXPECT_EQ(MessageOf(world, "FullyAvailable"),
            "2 of 2 prefill and 1 of 1 decode replicas and 0 of 1 router ready, 4 of 4 scheduled");
}

TEST(Conditions, OfASuspendedDeployment) {
  World world = Running();
  world.Edit(Suspend);
  world.Settle();
  EXPECT_EQ(ConditionOf(world, "Ready"), "absent");
  EXPECT_EQ(ConditionOf(world, "FullyAvailable"), "True AllReady");
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "absent");
}

TEST(Conditions, OfADeploymentThatWasMadeWithoutReplicas) {
  World world(DeploymentBuilder().Replicas(kPrefill, 0).Replicas(kDecode, 0));
  world.Settle();
  EXPECT_EQ(ConditionOf(world, "Ready"), "absent");
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "absent") << "or nothing could ever wait for it";
  EXPECT_NE(world.deployment().status.current_revision, "");
}

TEST(Conditions, KeepTheirTransitionTime) {
  World world = Running();
  const std::int64_t since = world.Condition("Ready")->last_transition_time;
  world.Advance(1000);
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; });
  world.RunPass();
  EXPECT_EQ(world.Condition("Ready")->last_transition_time, since);
  world.SetReady(kDecode, 0, false);
  world.RunPass();
  EXPECT_EQ(world.Condition("Ready")->last_transition_time, world.now());
}

TEST(Conditions, SpeakOfTheGenerationThatWasSeen) {
  World world = Running();
  MistypeForLong(world);
  world.RunPass();
  EXPECT_EQ(world.Status().at("observedGeneration"), 2);
  EXPECT_EQ(world.Condition("Stalled")->observed_generation, 2);
}

TEST(Stalled, SaysThatRunningPodsAreUntouchedAsASentenceOfItsOwn) {
  World world = Running();
  MistypeForLong(world);
  world.RunPass();
  EXPECT_EQ(
      MessageOf(world, "Stalled"),
      "spec.model.ref \"nvidia/MiniMax-M3-NVPF4\": no ServingModel has this name or alias; did "
      "you mean \"nvidia/MiniMax-M3-NVFP4\" (ServingModel minimax-m3-nvfp4)? Running pods are "
      "untouched.");
  world = Running();
  world.refuses = RefuseAll;
  world.Edit(ChangeImage);
  world.RunPass();
  EXPECT_THAT(MessageOf(world, "Stalled"), HasSubstr("\"restricted:latest\". Running pods"));
}

TEST(Stalled, SaysNothingOfPodsWhereThereAreNone) {
  World world;
  world.refuses = RefuseAll;
  world.RunPass();
  EXPECT_EQ(MessageOf(world, "Stalled"), "violates PodSecurity \"restricted:latest\"");
}

// -- Ready

TEST(Ready, NeedsEveryRoleAndTheRouter) {
  for (int missing = 0; missing < 3; ++missing) {
    World world = Running();
    if (missing == 0) world.SetReady(kDecode, 0, false);
    if (missing == 1) {
      world.SetReady(kPrefill, 0, false);
      world.SetReady(kPrefill, 1, false);
    }
    if (missing == 2) world.RemoveRouters();
    EXPECT_FALSE(world.RunPass().status.ready) << missing;
  }
}

TEST(Ready, HonoursMinReady) {
  World world;
  world.Edit([](auto& spec) { spec.roles[kPrefill].min_ready = 2; });
  EXPECT_TRUE(world.Settle().status.ready);
  world.SetReady(kPrefill, 1, false);
  EXPECT_FALSE(world.RunPass().status.ready);
  EXPECT_EQ(MessageOf(world, "Ready"), "1 of 2 prefill replicas can serve; requests are refused");
}

// Prefill of one contract, decode and router of another: nobody can exchange KV blocks.
TEST(Ready, IsNeverTrueForMixedContracts) {
  const auto prefill = PodBuilder(kPrefill, 0).Of("p", "a").Ready();
  const auto decode = PodBuilder(kDecode, 0).Of("d", "b").Ready();
  const auto of_a = PodBuilder(kRouter, 0).Of("r", "a").Ready();
  const auto of_b = PodBuilder(kRouter, 0).Of("s", "b").Ready();
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {prefill, decode, of_a, of_b});
  auto service = std::make_shared<kube::RawObject>();
  service->meta.name = snapshot.deployment->meta.name;
  service->meta.namespace_name = snapshot.deployment->meta.namespace_name;
  snapshot.children = {{kube::kServices, service}};
  const Plan plan;
  EXPECT_FALSE(PlanStatus(snapshot, plan, {}).ready);
  snapshot.pods.push_back(PodBuilder(kPrefill, 1).Of("p", "b").Ready());
  EXPECT_TRUE(PlanStatus(snapshot, plan, {}).ready);
  snapshot.pods[3] = PodBuilder(kRouter, 0).Of("s", "b").On("b200-0").Running();
  EXPECT_FALSE(PlanStatus(snapshot, plan, {}).ready) << "the router of b is not ready";
}

// A quota on Services is the usual cause.
TEST(Ready, NeedsTheServiceOfTheClients) {
  World world;
  world.leftovers = {{kube::kServices, "minimax-m3", "uid-of-earlier", "owner", true}};
  EXPECT_FALSE(world.Settle().status.ready);
  world.leftovers.clear();
  EXPECT_TRUE(world.Settle().status.ready);
}

TEST(Ready, StaysTrueWhileWorkersOfAnOlderShapeStillServe) {
  World world = Running();
  world.Annotate(api::kAnnotationReconcile, "disabled");
  world.Edit(Aggregate);
  EXPECT_TRUE(world.RunPass().status.ready);
}

}  // namespace
}  // namespace disagg::planning
