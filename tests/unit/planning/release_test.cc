// Giving devices back comes before every check: every state that a deployment can be in x {suspend,
// fewer replicas, delete}. And what belongs to it: labels, strays, what serves.

#include <functional>

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::optional<base::Error> WebhookIsDead(const Write& write) {
  const bool asks =
      write.resource == kube::kPods && (write.verb == Verb::kCreate || write.verb == Verb::kDryRun);
  if (!asks) return std::nullopt;
  return Answer(base::ErrorCode::kUnavailable, "InternalError",
                "failed calling webhook \"pods.example.com\": connection refused");
}

void CrashLoop(World& world, api::RoleName role, int replica) {
  kube::Pod& pod = world.At(role, replica);
  pod.ready = false;
  pod.containers.at(0).running = false;
  pod.containers.at(0).restarts = 6;
  pod.containers.at(0).waiting_reason = "CrashLoopBackOff";
  pod.containers.at(0).last_started_at = world.now() - 60;
  pod.containers.at(0).last_finished_at = world.now();
}

struct State {
  const char* sentence;
  std::function<void(World&)> reach;
};

const State kStates[] = {
    {"all is well", [](World&) {}},
    {"its model was deleted", [](World& world) { world.RemoveModels(); }},
    {"its model is misspelt", [](World& world) { world.Edit(MistypeModel); }},
    {"its class is gone", [](World& world) { world.RemoveClasses(); }},
    {"the rest of its spec is invalid",
     [](World& world) {
       world.Edit([](auto& spec) { spec.roles[kDecode].parallelism.data = 99; });
     }},
    {"its spec cannot be read", MakeUnreadable},
    {"its change was refused",
     [](World& world) {
       world.refuses = RefuseAll;
       world.Edit(ChangeImage);
       world.RunPass();
     }},
    {"its change meets a dead webhook",
     [](World& world) {
       world.fails = WebhookIsDead;
       world.Edit(ChangeImage);
       world.RunPass();
     }},
    {"a lost pod meets a dead webhook",
     [](World& world) {
       world.fails = WebhookIsDead;
       world.DeletePod(kDecode, 0);
       world.RunPass();
     }},
    {"a role is in mid-roll",
     [](World& world) {
       world.Edit(ChangePrefill);
       world.RunPass();
     }},
    {"its contract is in mid-roll",
     [](World& world) {
       world.Edit(ChangeImage);
       world.RunPass();
     }},
    {"a pod crash-loops", [](World& world) { CrashLoop(world, kPrefill, 1); }},
    {"a pod has failed", [](World& world) { world.Fail(kPrefill, 0, "Evicted"); }},
    {"a node is gone", [](World& world) { world.LoseNode(world.At(kPrefill, 1).node_name); }},
    {"its revisions cannot be read",
     [](World& world) {
       world.payloads_readable = false;
       world.DeletePod(kDecode, 0);
     }},
    {"its revisions cannot be read, and its spec was changed",
     [](World& world) {
       world.payloads_readable = false;
       world.Edit(ChangeImage);
     }},
    {"its status was lost", [](World& world) { world.LoseStatus(); }},
    {"its revisions were deleted",
     [](World& world) {
       while (!world.revisions().empty()) {
         world.DeleteRevision(world.revisions().front().identity.name);
       }
     }},
    {"labels were taken off a pod",
     [](World& world) { world.At(kPrefill, 1).meta.labels.Erase(api::kLabelRole); }},
};

std::vector<std::string> Holding(const World& world, const std::string& role = "") {
  std::vector<std::string> names;
  for (const auto& pod : world.pods()) {
    const bool asked = role.empty() || pod->meta.name.find(role) != std::string::npos;
    if (asked && !pod->meta.deleting() && !HasEnded(*pod)) names.push_back(pod->meta.name);
  }
  return names;
}

// Nothing is made in many passes, whatever goes well in between.
void ExpectNothingIsCreated(World& world) {
  for (int i = 0; i < 5; ++i) {
    world.EndTerminating();
    world.BindAndStart();
    world.Advance(60);
    EXPECT_THAT(world.RunPass().WorkerWrites(), Not(Contains(StartsWith("create"))));
  }
}

TEST(Release, SuspensionNeedsNothing) {
  for (const State& state : kStates) {
    SCOPED_TRACE(state.sentence);
    World world = Running();
    state.reach(world);
    world.Edit(Suspend);
    world.RunPass();
    EXPECT_THAT(Holding(world), IsEmpty());
    ExpectNothingIsCreated(world);
    EXPECT_THAT(world.pods(), IsEmpty());
  }
}

TEST(Release, FewerReplicasNeedNothing) {
  for (const State& state : kStates) {
    SCOPED_TRACE(state.sentence);
    World world = Running();
    state.reach(world);
    world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 1; });
    world.RunPass();
    EXPECT_LE(Holding(world, "prefill").size(), 1u);
    for (int i = 0; i < 5; ++i) {
      world.EverythingGoesWell();
      world.Advance(60);
      world.RunPass();
      EXPECT_LE(Holding(world, "prefill").size(), 1u);
    }
  }
}

TEST(Release, DeletionMakesNothing) {
  for (const State& state : kStates) {
    SCOPED_TRACE(state.sentence);
    World world = Running();
    state.reach(world);
    world.DeleteDeployment();
    EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
    ExpectNothingIsCreated(world);
  }
}

// A person said that nothing may be written; that goes before everything.
TEST(Release, DoesNotTouchAPausedDeployment) {
  World world = Running();
  world.Annotate(api::kAnnotationReconcile, "disabled");
  world.Edit(Suspend);
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
  EXPECT_EQ(world.deployment().status.desired.at(kPrefill), 2) << "they run";
}

TEST(Release, ComesBeforeTheDryRunsOfTheSamePass) {
  World world = Running();
  world.fails = WebhookIsDead;
  world.Edit([](auto& spec) {
    ChangeImage(spec);
    spec.roles[kPrefill].replicas = 1;
  });
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("delete prefill-1-1", "create ControllerRevision"));
}

TEST(Release, StopsTheRouterOfAnInvalidSpecToo) {
  World world = Running();
  world.RemoveModels();
  world.Edit(Suspend);
  EXPECT_THAT(world.RunPass().writes, Contains("delete router-0-1"));
}

TEST(Release, AsksTheClusterAgainWhenASuspendedDeploymentGoesOn) {
  World world = Running();
  world.Edit([](auto& spec) {
    ChangeImage(spec);
    Suspend(spec);
  });
  EXPECT_THAT(world.RunPass().asked, IsEmpty());
  world.Settle();
  world.refuses = RefuseAll;
  world.Edit([](auto& spec) { spec.suspend = false; });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.asked, SizeIs(3));
  EXPECT_THAT(pass.WorkerWrites(), IsEmpty());
}

// -- what serves is kept

TEST(ScaleDown, TakesAPodThatCrashLoopsWhateverHoldsUpTheRest) {
  World world = Running();
  CrashLoop(world, kPrefill, 0);
  world.fails = WebhookIsDead;
  world.Edit([](auto& spec) {
    ChangeImage(spec);
    spec.roles[kPrefill].replicas = 1;
  });
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("delete prefill-0-1"));
}

TEST(ScaleDown, InAStuckRollOutKeepsThePodThatServes) {
  World world;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 2; });
  world.Settle();
  world.Edit(ChangeDecode);
  world.RunPass();
  world.EndTerminating();
  world.BindAndStart();
  const std::string serves = world.At(kDecode, 0).meta.name;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 1; });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.WorkerWrites(), ElementsAre("delete decode-1-2"));
  EXPECT_THAT(Describe(pass.plan.explanations),
              Contains(HasSubstr("decode-0 keeps the older revision: decode-1")));
  world.EndTerminating();
  world.Advance(60);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_THAT(Holding(world, "decode"), ElementsAre(serves));
}

TEST(ScaleDown, InARollOutThatOnlyTookItsTimeRollsOnLater) {
  World world;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 2; });
  world.Settle();
  world.Edit(ChangeDecode);
  world.RunPass();
  world.EndTerminating();
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 1; });
  const Pass pass = world.RunPass();
  ASSERT_TRUE(pass.plan.wake_at);
  world.EndTerminating();
  world.Advance(*pass.plan.wake_at - world.now());
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("delete decode-0-1", "create decode-0-2"));
}

TEST(ScaleDown, AfterTroubleRollsOnWithAChangeOnly) {
  World world;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 2; });
  world.Settle();
  world.Edit(ChangeDecode);
  world.RunPass();
  world.EndTerminating();
  world.BindAndStart();
  CrashLoop(world, kDecode, 1);
  world.At(kDecode, 1).containers.at(0).restarts = 2;
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 1; });
  world.RunPass();
  world.EndTerminating();
  world.Advance(86'400);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  world.Edit([](auto& spec) { spec.restart_token = "1"; });
  EXPECT_THAT(world.RunPass().WorkerWrites(), Contains("delete decode-0-1"));
}

// -- labels are everybody's

TEST(Labels, AreGivenBack) {
  World world = Running();
  world.At(kDecode, 0).meta.labels.Erase(api::kLabelDeployment);
  world.At(kDecode, 0).meta.labels.Set(api::kLabelRole, "prefill");
  const Pass pass = world.RunPass();
  ASSERT_THAT(pass.writes, ElementsAre("patch decode-0-1"));
  const Write& write = pass.plan.writes.at(0);
  EXPECT_EQ(write.uid, pass.before.pods.at(2)->meta.uid);
  EXPECT_EQ(write.stage, Stage::kRelease);
  EXPECT_EQ(write.body, nlohmann::json::parse(R"({"metadata": {"labels": {
      "disagg.dev/deployment": "minimax-m3", "disagg.dev/role": "decode"}}})"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(Labels, AreGivenBackWhateverElseIsWrong) {
  World world = Running();
  world.RemoveModels();
  world.fails = WebhookIsDead;
  world.At(kPrefill, 1).meta.labels.Erase(api::kLabelReplica);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("patch prefill-1-1"));
}

TEST(Strays, OfANameThatIsNoReplicasAreDeleted) {
  World world = Running();
  world.At(kDecode, 0).meta.name = "minimax-m3-something-else";
  const Pass pass = world.RunPass();
  EXPECT_EQ(pass.plan.writes.at(0).key.name, "minimax-m3-something-else");
  EXPECT_EQ(pass.plan.writes.at(0).verb, Verb::kDelete);
  EXPECT_THAT(pass.WorkerWrites(), Contains("create decode-0-1"));
}

}  // namespace
}  // namespace disagg::planning
