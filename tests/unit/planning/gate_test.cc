// The first pass, and what the dry runs decide.

#include <gmock/gmock.h>

#include <functional>
#include <set>
#include <vector>

#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(FirstPass, MakesThePodsInAnOrderInWhichNothingIsMissing) {
  World world;
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes,
              ElementsAre("create ControllerRevision", "create ServiceAccount minimax-m3-workers",
                          "apply RoleBinding minimax-m3-workers", "create prefill-0-1",
                          "create prefill-1-1", "create decode-0-1"));
  EXPECT_THAT(pass.asked, ElementsAre("ask prefill-0-1", "ask decode-0-1", "ask router-0-1"));
  EXPECT_TRUE(pass.plan.another_pass);
  EXPECT_FALSE(pass.status.changed) << "the second pass tells";
}

TEST(SecondPass, MakesWhatIsOfUseOncePodsAreReady) {
  World world;
  world.RunPass();
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, ElementsAre("create router-0-1", "apply Service minimax-m3-workers",
                                       "apply Service minimax-m3",
                                       "apply PodDisruptionBudget minimax-m3-prefill"));
  EXPECT_FALSE(pass.plan.another_pass);
  EXPECT_TRUE(pass.status.changed);
}

// A quota that lets only some pods in must not keep the router of these away.
TEST(SecondPass, DoesNotWaitForPodsThatCannotBeMade) {
  World world;
  world.fails = [](const Write& write) -> std::optional<base::Error> {
    if (write.key.name.find("decode") == std::string::npos || write.verb != Verb::kCreate) {
      return std::nullopt;
    }
    return Answer(base::ErrorCode::kForbidden, "QuotaExceeded", "exceeded quota: gpus");
  };
  EXPECT_TRUE(world.RunPass().status.changed) << "the failure is told at once";
  EXPECT_THAT(world.RunPass().writes, ::testing::Contains("create router-0-1"));
}

TEST(FirstPass, LeadsToADeploymentThatServesAndIsWrittenNoMore) {
  World world;
  const Pass last = world.Settle();
  EXPECT_TRUE(last.status.ready);
  EXPECT_THAT(last.writes, IsEmpty());
  EXPECT_THAT(last.asked, IsEmpty());
  EXPECT_EQ(world.revisions().size(), 1u);
}

// -- the gate

TEST(Gate, IsNotAskedAgainOnceARevisionWasAccepted) {
  World world;
  EXPECT_THAT(world.RunPass().asked, SizeIs(3));
  EXPECT_THAT(world.RunPass().asked, IsEmpty());
  world.refuses = RefuseAll;
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; });
  EXPECT_THAT(world.RunPass().asked, IsEmpty()) << "scaling makes no revision";
}

TEST(Gate, AsksOnlyForRolesThatHaveNotRunYet) {
  World world = Running();
  world.Edit(ChangeDecode);
  EXPECT_THAT(world.RunPass().asked, ElementsAre("ask decode-0-1"));
}

std::set<Gate> GatesOf(const Plan& plan, bool foundation) {
  std::set<Gate> gates;
  for (const Write& write : plan.writes) {
    if (IsFoundation(write.stage) == foundation) gates.insert(write.gate);
  }
  return gates;
}

TEST(Gate, HoldsBackAllButWhatPodsStandOn) {
  World world;
  const Pass first = world.RunPass();
  EXPECT_THAT(GatesOf(first.plan, true), ElementsAre(Gate::kAlways));
  EXPECT_THAT(GatesOf(first.plan, false), ElementsAre(Gate::kIfAccepted));
  EXPECT_THAT(GatesOf(world.RunPass().plan, false), ElementsAre(Gate::kAlways)) << "accepted";
  world.Settle();
  world.Vanish();
  world.Edit(ChangeImage);
  EXPECT_THAT(GatesOf(world.RunPass().plan, false),
              ElementsAre(Gate::kIfAccepted, Gate::kIfRefused))
      << "back to what was accepted, where the new image is refused";
}

std::vector<bool> RoomIsFreed(const Pass& pass) {
  std::vector<bool> freed;
  for (const Write& write : pass.plan.writes) {
    if (write.verb == Verb::kDryRun) freed.push_back(write.room_is_freed);
  }
  return freed;
}

// A quota that the deployment itself uses up must not hold up its own change.
TEST(Gate, KnowsWhatThePodsItReplacesHold) {
  World world;
  EXPECT_THAT(RoomIsFreed(world.RunPass()), ElementsAre(false, false, false)) << "nothing is there";
  world.Settle();
  world.Edit(ChangeImage);
  EXPECT_THAT(RoomIsFreed(world.RunPass()), ElementsAre(true, true, true));
  World growing = Running();
  growing.Edit([](auto& spec) { spec.roles[kPrefill].parallelism = {.data = 4, .expert = 4}; });
  const Pass pass = growing.RunPass();
  EXPECT_THAT(RoomIsFreed(pass), ElementsAre(false)) << "2 GPUs are not 4";
}

// Of the dry run of a role's pod, as a deployment is planned that has no pods yet.
std::string LikenessOf(const Snapshot& snapshot, const std::string& role) {
  for (const Write& write : PlanDeployment(snapshot).writes) {
    if (write.verb != Verb::kDryRun) continue;
    if (write.body.at("metadata").at("labels").at(api::kLabelRole) == role) return write.likeness;
  }
  return "";
}

TEST(Gate, AsksOnceForPodsThatDifferInNamesOnly) {
  struct Case {
    const char* sentence;
    std::function<void(api::DisaggDeployment&, Snapshot&)> change;
    bool alike;
  };
  // The seed's own name is a part of its model's.
  api::DisaggDeployment first = DeploymentBuilder().Value();
  first.meta.name = "first";
  Snapshot seed = SnapshotOf(DeploymentBuilder());
  seed.deployment = std::make_shared<api::DisaggDeployment>(first);
  for (const Case& c : {
           Case{"the name and the UID of the deployment",
                [](auto& deployment, auto&) {
                  deployment.meta.name = "the-second";
                  deployment.meta.uid = "another-uid";
                },
                true},
           Case{"replicas",
                [](auto& deployment, auto&) { deployment.spec.roles[kPrefill].replicas = 7; },
                true},
           Case{"the other role: a label tells the revision",
                [](auto& deployment, auto&) { ChangeDecode(deployment.spec); }, false},
           Case{"the image", [](auto& deployment, auto&) { ChangeImage(deployment.spec); }, false},
           Case{"a label that its pods inherit",
                [](auto& deployment, auto&) { deployment.inherited.labels["team"] = "a"; }, false},
           Case{"labels of the namespace",
                [](auto&, auto& snapshot) {
                  snapshot.namespace_labels["pod-security.kubernetes.io/enforce"] = "baseline";
                },
                false},
       }) {
    api::DisaggDeployment deployment = first;
    Snapshot snapshot = seed;
    c.change(deployment, snapshot);
    snapshot.deployment = std::make_shared<api::DisaggDeployment>(deployment);
    const std::string before = LikenessOf(seed, "prefill");
    ASSERT_FALSE(before.empty());
    EXPECT_EQ(before == LikenessOf(snapshot, "prefill"), c.alike) << c.sentence;
    EXPECT_NE(before, LikenessOf(snapshot, "router")) << c.sentence;
  }
}

// A wrong answer would cost them.
TEST(Gate, AsksForItselfWherePodsRun) {
  World world = Running();
  world.Edit(ChangeImage);
  int asked = 0;
  for (const Write& write : world.RunPass().plan.writes) {
    if (write.verb != Verb::kDryRun) continue;
    EXPECT_EQ(write.likeness, "");
    ++asked;
  }
  EXPECT_GT(asked, 0);
}

TEST(Gate, MakesNoPodOfARefusedRevision) {
  World world;
  world.refuses = RefuseAll;
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes,
              ElementsAre("create ControllerRevision", "create ServiceAccount minimax-m3-workers",
                          "apply RoleBinding minimax-m3-workers"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(Gate, IsAskedAgainUntilTheClusterAgrees) {
  World world;
  world.refuses = RefuseAll;
  world.RunPass();
  EXPECT_THAT(world.RunPass().asked, SizeIs(3));
  world.refuses = [](const auto&) { return ""; };
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1"));
}

TEST(Gate, LeavesWhatRunsAloneWhenAChangeIsRefused) {
  World world = Running();
  world.refuses = RefuseAll;
  world.Edit(ChangeImage);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(Gate, HealsTheAcceptedRevisionWhileAChangeIsRefused) {
  World world = Running();
  const std::string contract = world.At(kDecode, 0).meta.label(api::kLabelContract);
  world.refuses = RefuseAll;
  world.Edit([](auto& spec) {
    ChangeImage(spec);
    spec.roles[kPrefill].replicas = 5;
  });
  world.RunPass();
  world.DeletePod(kDecode, 0);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, ElementsAre("create decode-0-2")) << "and not 5 prefill replicas";
  EXPECT_EQ(world.At(kDecode, 0).meta.label(api::kLabelContract), contract);
}

TEST(Gate, RefusedTakesNothingFromPodsOfTheAcceptedRevision) {
  World world = Running();
  world.refuses = RefuseAll;
  world.Edit([](auto& spec) {
    spec.service_account_name = "mine";
    spec.router.service_type = "LoadBalancer";
    spec.router.replicas = 3;
    spec.disruption = api::DisruptionPolicy::kNone;
  });
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_THAT(world.Children(), Contains("ServiceAccount/minimax-m3-workers"));
}

TEST(Gate, KeepsNoMoreRefusedRevisionsThanTheHistoryMayHold) {
  World world;
  world.Edit([](auto& spec) { spec.revision_history_limit = 2; });
  world.Settle();
  world.refuses = RefuseAll;
  for (int i = 1; i <= 6; ++i) {
    world.Edit([&](auto& spec) { spec.image = "vllm/vllm-openai:wrong-" + std::to_string(i); });
    world.RunPass();
    world.RunPass();
  }
  EXPECT_THAT(world.revisions(), SizeIs(4)) << "the accepted one, the refused one, and two more";
}

// The executor went on to the pods, and the status says so: nothing else would know of them.
TEST(Gate, AcceptsATargetWhateverItsPodsDoNotStandOn) {
  struct Case {
    const char* what;
    Stage stage;
    std::string uid;
    bool accepted;
  };
  for (const Case& c : {Case{"the repair of an account", Stage::kAccount, "uid", true},
                        Case{"a new account", Stage::kAccount, "", false},
                        Case{"the revision", Stage::kRevision, "", false},
                        Case{"a dry run", Stage::kDryRun, "", false},
                        Case{"labels that are given back", Stage::kRelease, "uid", true}}) {
    World world = Running();
    world.Edit(ChangeImage);
    Pass pass = world.RunPass();
    ASSERT_TRUE(pass.plan.gated);
    Write failed;
    failed.stage = c.stage;
    failed.uid = c.uid;
    pass.outcome.failed.push_back({&failed, Answer(base::ErrorCode::kUnavailable, "", "later")});
    const auto& told = c.accepted ? pass.plan.target : pass.plan.accepted;
    EXPECT_EQ(PlanStatus(pass.before, pass.plan, pass.outcome).status.at("targetRevision"),
              told->name)
        << c.what << " fails";
    EXPECT_EQ(pass.outcome.stands() && pass.outcome.accepted(), c.accepted) << c.what;
  }
}

TEST(Gate, WaitsForAnswersThatFailWithoutARefusal) {
  World world;
  world.fails = [](const Write& write) -> std::optional<base::Error> {
    if (write.verb != Verb::kDryRun) return std::nullopt;
    return Answer(base::ErrorCode::kUnavailable, "AccountNotReady", "serviceaccount not found");
  };
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_EQ(world.Condition("Stalled"), nullptr);
  EXPECT_EQ(world.deployment().status.target_revision, "");
}

}  // namespace
}  // namespace disagg::planning
