// Whole passes over a world: what is written in which situation, and what is left alone.

#include "controllers/planning/deployment_planner.h"

#include <gmock/gmock.h>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "tests/unit/planning/world.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

void ChangeDecode(api::DeploymentSpec& spec) {
  spec.roles[kDecode].args["max-num-seqs"] = Text("256");
}
void ChangeImage(api::DeploymentSpec& spec) { spec.image = "vllm/vllm-openai:2"; }
void MistypeModel(api::DeploymentSpec& spec) { spec.model_ref = "nvidia/MiniMax-M3-NVPF4"; }
void Aggregate(api::DeploymentSpec& spec) {
  spec.roles = DeploymentBuilder().Aggregated(2).spec().roles;
}

std::string Refused(const nlohmann::json&) { return "violates PodSecurity \"restricted:latest\""; }

std::string ContractOf(const World& world) {
  return world.pods().empty() ? "" : world.pods()[0]->meta.label(api::kLabelContract);
}

// A deployment that serves.
World Running() {
  World world;
  world.Settle();
  return world;
}

TEST(FirstPass, WritesInAnOrderInWhichNothingIsMissing) {
  World world;
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes,
              ElementsAre("create ControllerRevision", "create ServiceAccount minimax-m3-workers",
                          "apply RoleBinding minimax-m3-workers", "create prefill-0-1",
                          "create prefill-1-1", "create decode-0-1",
                          "apply Service minimax-m3-workers", "apply Service minimax-m3",
                          "apply Deployment router",
                          "apply PodDisruptionBudget minimax-m3-prefill",
                          "apply PodDisruptionBudget minimax-m3-decode"));
  EXPECT_THAT(pass.asked, ElementsAre("ask prefill-0-1", "ask decode-0-1", "ask router-probe"));
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
  world.refuses = Refused;
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; });
  EXPECT_THAT(world.RunPass().asked, IsEmpty()) << "scaling makes no revision";
}

TEST(Gate, AsksOnlyForRolesThatHaveNotRunYet) {
  World world = Running();
  world.Edit(ChangeDecode);
  EXPECT_THAT(world.RunPass().asked, ElementsAre("ask decode-0-1", "ask router-probe"));
}

TEST(Gate, MakesNoPodOfARefusedRevision) {
  World world;
  world.refuses = Refused;
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes,
              ElementsAre("create ControllerRevision", "create ServiceAccount minimax-m3-workers",
                          "apply RoleBinding minimax-m3-workers"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(Gate, IsAskedAgainUntilTheClusterAgrees) {
  World world;
  world.refuses = Refused;
  world.RunPass();
  EXPECT_THAT(world.RunPass().asked, SizeIs(3));
  world.refuses = [](const auto&) { return ""; };
  EXPECT_THAT(world.RunPass().PodWrites(),
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1"));
}

TEST(Gate, LeavesWhatRunsAloneWhenAChangeIsRefused) {
  World world = Running();
  world.refuses = Refused;
  world.Edit(ChangeImage);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

TEST(Gate, HealsTheAcceptedRevisionWhileAChangeIsRefused) {
  World world = Running();
  const std::string contract = ContractOf(world);
  world.refuses = Refused;
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
  world.refuses = Refused;
  world.Edit([](auto& spec) {
    spec.service_account_name = "mine";
    spec.router.service_type = "LoadBalancer";
    spec.router.replicas = 3;
    spec.disruption = api::DisruptionPolicy::kNone;
  });
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_THAT(world.Children(), Contains("ServiceAccount/minimax-m3-workers"));
}

TEST(Gate, WaitsForAnswersThatFailWithoutARefusal) {
  World world;
  world.fails = [](const Write& write) -> std::optional<base::Error> {
    if (write.verb != Verb::kDryRun) return std::nullopt;
    return Answer(base::ErrorCode::kUnavailable, "AccountNotReady", "serviceaccount not found");
  };
  EXPECT_THAT(world.RunPass().PodWrites(), IsEmpty());
  EXPECT_EQ(world.Condition("Stalled"), nullptr);
  EXPECT_EQ(world.deployment().status.target_revision, "");
}

// -- what a change touches

TEST(Change, OfOneRoleReplacesOnlyThatRole) {
  World world = Running();
  world.Edit(ChangeDecode);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, ElementsAre("create ControllerRevision", "delete decode-0-1",
                                       "create decode-0-2"));
  EXPECT_TRUE(world.Settle().status.ready);
}

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
                          "delete decode-0-1", "apply Deployment router"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
  world.EndTerminating();
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1",
                          "delete Deployment router"))
      << "the router of the old contract goes with its last worker";
  EXPECT_TRUE(world.Settle().status.ready);
}

TEST(Change, LeavesTheRouterOfAnOldContractAsItIs) {
  World world = Running();
  world.Edit([](auto& spec) {
    ChangeImage(spec);
    spec.router.replicas = 4;
  });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Contains("apply Deployment router").Times(1));
}

TEST(Change, FromTwoRolesToOneReplacesEverything) {
  World world = Running();
  world.Edit(Aggregate);
  EXPECT_THAT(world.RunPass().writes,
              UnorderedElementsAre("create ControllerRevision", "delete prefill-0-1",
                                   "delete prefill-1-1", "delete decode-0-1",
                                   "apply Deployment router",
                                   "apply PodDisruptionBudget minimax-m3-aggregated",
                                   "delete PodDisruptionBudget minimax-m3-prefill",
                                   "delete PodDisruptionBudget minimax-m3-decode"));
  const Pass last = world.Settle();
  EXPECT_TRUE(last.status.ready);
  EXPECT_THAT(world.pods(), SizeIs(2));
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
  EXPECT_THAT(pass.PodWrites(), ElementsAre("delete decode-2-2", "create decode-2-3"))
      << "the pod of the revision in between was not ready, the others go on";
  world.Settle();
  for (const auto& pod : world.pods()) EXPECT_TRUE(pod->ready);
  EXPECT_EQ(world.revisions().size(), 3u);
}

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
    spec.roles[kPrefill].replicas = 0;
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
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Contains("create prefill-1-2"));
  EXPECT_THAT(pass.writes, Contains("create decode-0-2"));
  EXPECT_THAT(pass.writes, Not(Contains("create prefill-2-1")));
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
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1",
                          "delete Deployment router"));
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
  // The pods are made, and the operator dies before it can say so: the first status names no replicas.
  world.RunPass();
  const nlohmann::json first = {{"observedGeneration", 1},
                                {"roles", {{{"role", "prefill"}, {"desired", 0}},
                                           {{"role", "decode"}, {"desired", 0}}}}};
  world.LoseStatus();
  world.SetStatus(first);
  world.Edit(MistypeModel);
  EXPECT_THAT(world.RunPass().PodWrites(), IsEmpty());
}

TEST(Unreadable, ObjectKeepsItsPodsAndChildren) {
  World world = Running();
  world.Annotate(api::kDecodeError, "spec.disruption.policy: must be one of OneGroup, Block, None");
  world.Edit([](auto& spec) { spec = {}; });
  EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
  world.DeletePod(kDecode, 0);
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create decode-0-2"));
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
  EXPECT_THAT(world.RunPass().PodWrites(), ElementsAre("delete decode-0-1", "create decode-0-2"));
  EXPECT_NE(world.RunPass().plan.update_available, "") << "prefill is still of the older class";
}

TEST(Catalogue, RemovalOfAClassTouchesNothing) {
  World world = Running();
  world.RemoveClasses();
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.plan.writes, IsEmpty());
  EXPECT_EQ(world.Condition("Stalled")->reason, "AcceleratorNotFound");
  EXPECT_EQ(world.Condition("Ready")->status, "True");
}

// -- pausing and ending

TEST(Suspend, EndsAllPodsAndKeepsTheRevision) {
  World world = Running();
  world.Edit([](auto& spec) { spec.suspend = true; });
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes,
              UnorderedElementsAre("delete prefill-0-1", "delete prefill-1-1", "delete decode-0-1",
                                   "apply Deployment router",
                                   "apply PodDisruptionBudget minimax-m3-prefill"));
  world.Settle();
  EXPECT_THAT(world.pods(), IsEmpty());
  EXPECT_EQ(world.revisions().size(), 1u);
  world.Edit([](auto& spec) { spec.suspend = false; });
  EXPECT_THAT(world.RunPass().PodWrites(),
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
  EXPECT_THAT(world.RunPass().PodWrites(), ElementsAre("create decode-0-2"));
  world.fails = [](const Write&) { return std::nullopt; };
  EXPECT_THAT(world.RunPass().PodWrites(),
              ElementsAre("delete decode-0-2", "delete decode-0-1", "create decode-0-3"));
  EXPECT_TRUE(world.Settle().status.ready);
}

// -- history

TEST(History, IsKeptUpToItsLimitAndWhatIsInUseBeyondIt) {
  World world;
  world.Edit([](auto& spec) { spec.revision_history_limit = 2; });
  world.Settle();
  for (int i = 1; i <= 5; ++i) {
    world.Edit([&](auto& spec) {
      spec.roles[kDecode].args["max-num-seqs"] = Text(std::to_string(i));
    });
    world.Settle();
  }
  std::vector<std::int64_t> numbers;
  for (const auto& revision : world.revisions()) numbers.push_back(revision.identity.number);
  EXPECT_THAT(numbers, UnorderedElementsAre(1, 4, 5, 6))
      << "1 is what the prefill pods were made from";
}

}  // namespace
}  // namespace disagg::planning
