// What people and programs read, pass by pass.

#include "controllers/planning/status_planner.h"

#include <functional>

#include <gmock/gmock.h>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/world.h"

namespace disagg::planning {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void ChangeImage(api::DeploymentSpec& spec) { spec.image = "vllm/vllm-openai:2"; }
void MistypeModel(api::DeploymentSpec& spec) { spec.model_ref = "nvidia/MiniMax-M3-NVPF4"; }
std::string Refused(const json&) { return "violates PodSecurity \"restricted:latest\""; }

World Running() {
  World world;
  world.Settle();
  return world;
}

// "True Serving", or "absent".
std::string ConditionOf(const World& world, const std::string& type) {
  const api::Condition* condition = world.Condition(type);
  return condition == nullptr ? "absent" : condition->status + " " + condition->reason;
}

std::string MessageOf(const World& world, const std::string& type) {
  const api::Condition* condition = world.Condition(type);
  return condition == nullptr ? "absent" : condition->message;
}

std::string Text(const json& object, const char* key) { return object.value(key, "absent"); }

// TOPOLOGY, PREFILL, DECODE, GPUS and REASON as `kubectl get` prints them.
std::vector<std::string> Columns(const World& world) {
  const json summary = world.Status().at("summary");
  return {Text(summary, "topology"), Text(summary, "prefill"), Text(summary, "decode"),
          Text(summary, "gpus"), Text(summary, "reason")};
}

json RoleStatus(const World& world, const std::string& role) {
  const json status = world.Status();
  for (const json& entry : status.at("roles")) {
    if (entry.at("role") == role) return entry;
  }
  return json::object();
}

std::vector<std::string> Reasons(const std::vector<Note>& notes) {
  std::vector<std::string> reasons;
  for (const Note& note : notes) reasons.push_back((note.warning ? "Warning " : "Normal ") + note.reason);
  return reasons;
}

// -- conditions, situation by situation

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
     [](World& world) { world.DeletePod(kDecode, 0); world.UpdateRouters(); },
     {{"Ready", "False NoDecodeRoutable"},
      {"FullyAvailable", "False Starting"},
      {"RouterReady", "False NoRouterReady"},
      {"Scheduled", "False Starting"},
      {"Reconciling", "absent"}}},
    {"one of two prefill pods is not ready",
     [](World& world) { world.SetReady(kPrefill, 0, false); },
     {{"Ready", "True Serving"},
      {"FullyAvailable", "False NotReady"},
      {"Scheduled", "True AllScheduled"},
      {"Reconciling", "absent"}}},
    {"no prefill pod is ready",
     [](World& world) {
       world.SetReady(kPrefill, 0, false);
       world.SetReady(kPrefill, 1, false);
     },
     {{"Ready", "False NoPrefillRoutable"}}},
    {"the router is gone",
     [](World& world) {
       for (const std::string& child : world.Children()) {
         if (child.starts_with("Deployment/")) world.DeleteChild(child);
       }
     },
     {{"Ready", "False NoRouterReady"},
      {"RouterReady", "False NoRouterReady"},
      {"FullyAvailable", "False NotReady"},
      {"Reconciling", "absent"}}},
    {"more replicas are wanted",
     [](World& world) { world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 3; }); },
     {{"Ready", "True Serving"}, {"FullyAvailable", "False Starting"}, {"Reconciling", "absent"}}},
    {"a role changes",
     [](World& world) {
       world.Edit([](auto& spec) { spec.roles[kPrefill].args["max-num-seqs"] = planning::Text("8"); });
     },
     {{"Ready", "True Serving"}, {"Reconciling", "True RollingOut"}, {"Stalled", "absent"}}},
    {"the spec is mistyped",
     [](World& world) { world.Edit(MistypeModel); },
     {{"Ready", "True Serving"},
      {"FullyAvailable", "True AllReady"},
      {"ModelResolved", "False ModelNotFound"},
      {"Reconciling", "absent"},
      {"Stalled", "True ModelNotFound"}}},
    {"the cluster refuses the change",
     [](World& world) {
       world.refuses = Refused;
       world.Edit(ChangeImage);
     },
     {{"Ready", "True Serving"},
      {"Reconciling", "absent"},
      {"Stalled", "True RefusedByCluster"}}},
    {"the object cannot be read",
     [](World& world) {
       world.Annotate(api::kDecodeError, "spec.disruption.policy: must be one of Block, None");
       world.Edit([](auto& spec) { spec = {}; });
     },
     {{"Ready", "True Serving"},
      {"FullyAvailable", "True AllReady"},
      {"ModelResolved", "False NotResolved"},
      {"Stalled", "True InvalidSpec"}}},
    {"it is suspended, and its pods still end",
     [](World& world) { world.Edit([](auto& spec) { spec.suspend = true; }); },
     {{"Ready", "True Serving"}, {"Reconciling", "absent"}}},
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

TEST(Conditions, OfAFirstDeployment) {
  World world;
  world.RunPass();
  EXPECT_EQ(ConditionOf(world, "Ready"), "False NoPrefillRoutable");
  EXPECT_EQ(MessageOf(world, "Ready"), "0 of 2 prefill replicas can serve; requests are refused");
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "True RollingOut");
  EXPECT_EQ(MessageOf(world, "ModelResolved"),
            "ServingModel minimax-m3-nvfp4, revision main (staged on b200)");
}

TEST(Conditions, OfASuspendedDeployment) {
  World world = Running();
  world.Edit([](auto& spec) { spec.suspend = true; });
  world.Settle();
  EXPECT_EQ(ConditionOf(world, "Ready"), "False Suspended");
  EXPECT_EQ(ConditionOf(world, "FullyAvailable"), "True AllReady");
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "absent");
}

TEST(Conditions, OfADeploymentThatWasMadeWithoutReplicas) {
  World world(DeploymentBuilder().Replicas(kPrefill, 0).Replicas(kDecode, 0));
  world.Settle();
  EXPECT_EQ(ConditionOf(world, "Ready"), "False ScaledToZero");
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
  world.Edit(MistypeModel);
  world.RunPass();
  EXPECT_EQ(world.Status().at("observedGeneration"), 2);
  EXPECT_EQ(world.Condition("Stalled")->observed_generation, 2);
}

TEST(Stalled, SaysThatRunningPodsAreUntouchedAsASentenceOfItsOwn) {
  World world = Running();
  world.Edit(MistypeModel);
  world.RunPass();
  EXPECT_EQ(MessageOf(world, "Stalled"),
            "spec.model.ref \"nvidia/MiniMax-M3-NVPF4\": no ServingModel has this name or alias; did "
            "you mean \"nvidia/MiniMax-M3-NVFP4\" (ServingModel minimax-m3-nvfp4)? Running pods are "
            "untouched.");
  world = Running();
  world.refuses = Refused;
  world.Edit(ChangeImage);
  world.RunPass();
  EXPECT_THAT(MessageOf(world, "Stalled"), HasSubstr("\"restricted:latest\". Running pods"));
}

TEST(Stalled, SaysNothingOfPodsWhereThereAreNone) {
  World world;
  world.refuses = Refused;
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
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {prefill, decode});
  snapshot.routers = {RouterOf("a", 1), RouterOf("b", 1)};
  const auto plan = PlanDeployment(snapshot);
  EXPECT_FALSE(PlanStatus(snapshot, plan, {}).ready);
  snapshot.pods.push_back(PodBuilder(kPrefill, 1).Of("p", "b").Ready());
  EXPECT_TRUE(PlanStatus(snapshot, plan, {}).ready);
  snapshot.routers = {RouterOf("a", 1), RouterOf("b", 0)};
  EXPECT_FALSE(PlanStatus(snapshot, plan, {}).ready) << "the router of b is not ready";
}

TEST(Ready, StaysTrueWhileWorkersOfAnOlderShapeStillServe) {
  World world = Running();
  world.Annotate(api::kAnnotationReconcile, "disabled");
  world.Edit([](auto& spec) { spec.roles = DeploymentBuilder().Aggregated(2).spec().roles; });
  EXPECT_TRUE(world.RunPass().status.ready);
}

// -- columns of `kubectl get`

TEST(Columns, OfADeploymentThatServes) {
  World world = Running();
  EXPECT_THAT(Columns(world), ElementsAre("2P x 2 + 1D x 8", "2/2", "1/1", "12", ""));
  const json summary = world.Status().at("summary");
  EXPECT_EQ(Text(summary, "message"), "");
  EXPECT_EQ(Text(summary, "engine"), "vllm/dynamo");
  EXPECT_EQ(Text(world.Status(), "topology"), "2P x 2 GPU + 1D x 8 GPU = 12 GPU on b200");
  EXPECT_EQ(Text(world.Status(), "endpoint"), "http://minimax-m3.serving.svc.cluster.local:8000/v1");
  EXPECT_FALSE(world.Status().contains("problems"));
}

TEST(Columns, OfADeploymentThatFindsNoNode) {
  DeploymentBuilder deployment;
  deployment.spec().roles[kPrefill] = deployment.spec().roles[kDecode];
  World world(deployment);
  world.RunPass();
  for (const char* name : {"b200-0", "b200-1", "b200-2", "b200-3"}) world.AddNode(name);
  world.At(kDecode, 0).unschedulable_message = "0/4 nodes are available: 4 Insufficient gpu.";
  world.BindAndStart();
  world.MakePodsReady();
  kube::Pod& decode = world.At(kDecode, 0);
  decode.node_name.clear();
  decode.ready = decode.scheduled = false;
  decode.phase = kube::PodPhase::kPending;
  world.Occupy("b200-1", 6);
  world.Occupy("b200-2", 4);
  world.Occupy("b200-3", 8);
  world.RunPass();
  EXPECT_THAT(Columns(world), ElementsAre("1P x 8 + 1D x 8", "1/1", "0/1", "8/16", "Unschedulable"));
  EXPECT_EQ(Text(world.Status().at("summary"), "message"),
            "decode-0 needs 8 nvidia.com/gpu and 8 rdma/ib on one node of class b200: 4 nodes match, "
            "the freest (b200-2) has 4 GPUs; free a node, or lower spec.decode.parallelism");
  EXPECT_EQ(ConditionOf(world, "Ready"), "False NoDecodeRoutable");
  EXPECT_EQ(ConditionOf(world, "FullyAvailable"), "False Unschedulable");
  EXPECT_EQ(ConditionOf(world, "Scheduled"), "False Unschedulable");
}

TEST(Columns, OfADeploymentWhoseModelIsUnknown) {
  DeploymentBuilder deployment;
  deployment.Replicas(kPrefill, 4);
  deployment.spec().roles[kPrefill].parallelism = {.data = 4, .expert = 4};
  deployment.spec().roles[kDecode].parallelism = {.data = 16, .expert = 16};
  deployment.spec().model_ref = "kimi-k2.5";
  World world(deployment);
  world.RunPass();
  EXPECT_THAT(Columns(world), ElementsAre("4P x 4 + 1D x 16", "0/4", "0/1", "0/32", "ModelNotFound"));
}

TEST(Columns, OfAnAggregatedDeployment) {
  World world(DeploymentBuilder().Aggregated(2));
  world.Settle();
  EXPECT_THAT(Columns(world), ElementsAre("2A x 2", "-", "-", "4", ""));
}

TEST(Columns, OfADeploymentThatStarts) {
  World world;
  world.RunPass();
  EXPECT_THAT(Columns(world), ElementsAre("2P x 2 + 1D x 8", "0/2", "0/1", "0/12", "Starting"));
}

TEST(Columns, OfADeploymentThatIsSuspended) {
  World world = Running();
  world.Edit([](auto& spec) { spec.suspend = true; });
  world.Settle();
  EXPECT_THAT(Columns(world), ElementsAre("2P x 2 + 1D x 8", "0/0", "0/0", "0", "Suspended"));
}

TEST(Columns, OfAMistypedChangeShowWhatRuns) {
  World world = Running();
  world.Edit([](auto& spec) {
    MistypeModel(spec);
    spec.roles[kPrefill].replicas = 9;
  });
  world.RunPass();
  EXPECT_THAT(Columns(world), ElementsAre("9P x 2 + 1D x 8", "2/2", "1/1", "12", "ModelNotFound"));
}

TEST(Columns, OfAnObjectThatCannotBeRead) {
  World world = Running();
  world.Annotate(api::kDecodeError, "spec.suspend: must be a boolean, is 3");
  world.Edit([](auto& spec) { spec = {}; });
  world.RunPass();
  EXPECT_THAT(Columns(world), ElementsAre("", "2/2", "1/1", "", "InvalidSpec"));
  EXPECT_EQ(Text(world.Status(), "topology"), "");
}

// -- roles and revisions

TEST(Roles, CountReplicas) {
  World world = Running();
  const json prefill = RoleStatus(world, "prefill");
  EXPECT_EQ(prefill.at("desired"), 2);
  EXPECT_EQ(prefill.at("created"), 2);
  EXPECT_EQ(prefill.at("scheduled"), 2);
  EXPECT_EQ(prefill.at("ready"), 2);
  EXPECT_EQ(prefill.at("updated"), 2);
  EXPECT_EQ(prefill.at("selector"), "disagg.dev/deployment=minimax-m3,disagg.dev/role=prefill");
  EXPECT_EQ(prefill.at("revision"), world.At(kPrefill, 0).meta.label(api::kLabelRoleRevision));
}

TEST(Desired, IsNotToldBeforeAnythingWasAccepted) {
  World world;
  world.refuses = Refused;
  world.RunPass();
  EXPECT_EQ(RoleStatus(world, "prefill").at("desired"), 0);
  EXPECT_FALSE(world.Status().contains("targetRevision"));
  EXPECT_FALSE(world.Status().contains("endpoint"));
}

TEST(Desired, StaysWhileTheSpecIsRefused) {
  for (const bool by_cluster : {true, false}) {
    World world = Running();
    const std::string target = world.deployment().status.target_revision;
    if (by_cluster) world.refuses = Refused;
    world.Edit([&](auto& spec) {
      spec.roles[kPrefill].replicas = 9;
      if (by_cluster) {
        ChangeImage(spec);
      } else {
        MistypeModel(spec);
      }
    });
    for (int i = 0; i < 3; ++i) world.RunPass();
    EXPECT_EQ(RoleStatus(world, "prefill").at("desired"), 2);
    EXPECT_EQ(world.deployment().status.target_revision, target);
  }
}

TEST(CurrentRevision, IsSetOnlyWhenEverythingOfItIsReady) {
  World world;
  for (int i = 0; i < 2; ++i) world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, "");
  world.BindAndStart();
  world.MakePodsReady();
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, "") << "the router is not ready";
  world.UpdateRouters();
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, world.revisions()[0].identity.name);
}

TEST(CurrentRevision, StaysTheOldOneUntilARollIsOver) {
  World world = Running();
  const std::string before = world.deployment().status.current_revision;
  world.Edit([](auto& spec) { spec.roles[kPrefill].args["max-num-seqs"] = planning::Text("8"); });
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, before);
  world.Settle();
  EXPECT_NE(world.deployment().status.current_revision, before);
}

TEST(CurrentRevision, WaitsForARouterThatHasYetToRoll) {
  World world = Running();
  const std::string before = world.deployment().status.current_revision;
  world.Edit([](auto& spec) { spec.router.args["router-mode"] = planning::Text("random"); });
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision", "apply Deployment router"));
  EXPECT_EQ(world.deployment().status.current_revision, before);
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "True RollingOut");
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, before) << "its controller has not seen it";
  world.UpdateRouters();
  world.RunPass();
  EXPECT_NE(world.deployment().status.current_revision, before);
}

TEST(CurrentRevision, DoesNotMoveWhenPodsDie) {
  World world = Running();
  const std::string before = world.deployment().status.current_revision;
  world.DeletePod(kDecode, 0);
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, before);
}

// -- when it is written, and what is told

TEST(Status, IsNotWrittenTwice) {
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
  EXPECT_LE(Text(world.Status().at("summary"), "message").size(), 1024u);
}

TEST(Events, TellTransitionsOnce) {
  World world;
  const Pass first = world.RunPass();
  EXPECT_THAT(Reasons(first.status.actions), ElementsAre("Normal Created"));
  EXPECT_EQ(first.status.actions[0].message,
            "created 1 decode and 2 prefill pods of revision " + world.revisions()[0].identity.name);
  EXPECT_THAT(Reasons(first.status.events), IsEmpty());
  world.EverythingGoesWell();
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Normal Ready"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
  world.SetReady(kDecode, 0, false);
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning NoDecodeRoutable"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
}

TEST(Events, TellARefusalOnceUntilItsTextChanges) {
  World world = Running();
  world.Edit(MistypeModel);
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning ModelNotFound"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
  world.Edit([](auto& spec) { spec.model_ref = "something-else"; });
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning ModelNotFound"));
}

TEST(Events, TellAProblemOfARoleOnce) {
  World world = Running();
  world.Fail(kPrefill, 0, "Evicted");
  EXPECT_THAT(Reasons(world.RunPass().status.events), ElementsAre("Warning Evicted"));
  EXPECT_THAT(Reasons(world.RunPass().status.events), IsEmpty());
}

TEST(Events, NameTheRevisionThatIsHealed) {
  World world = Running();
  const std::string accepted = world.deployment().status.target_revision;
  world.refuses = Refused;
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
