// Columns, counts and revisions: what people read of a status.

#include <gmock/gmock.h>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

// TOPOLOGY, PREFILL, DECODE, GPUS and REASON as `kubectl get` prints them.
std::vector<std::string> Columns(const World& world) {
  const json summary = world.Status().at("summary");
  return {Field(summary, "topology"), Field(summary, "prefill"), Field(summary, "decode"),
          Field(summary, "gpus"), Field(summary, "reason")};
}

TEST(Columns, OfADeploymentThatServes) {
  World world = Running();
  EXPECT_THAT(Columns(world), ElementsAre("2P x 2 + 1D x 8", "2/2", "1/1", "12", ""));
  const json summary = world.Status().at("summary");
  EXPECT_EQ(Field(summary, "message"), "");
  EXPECT_EQ(Field(summary, "engine"), "vllm/dynamo");
  EXPECT_EQ(Field(world.Status(), "topology"), "2P x 2 GPU + 1D x 8 GPU = 12 GPU on b200");
  EXPECT_EQ(Field(world.Status(), "endpoint"), "http://minimax-m3.serving.svc:8000/v1");
  EXPECT_FALSE(world.Status().contains("problems"));
}

// Their deletion is not in the caches yet; nobody may take the new generation for Ready.
TEST(Columns, OfThePassThatDeletesWhatServed) {
  World world = Running();
  world.Edit(ChangeImage);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.WorkerWrites(),
              ElementsAre("delete prefill-0-1", "delete prefill-1-1", "delete decode-0-1"));
  EXPECT_FALSE(pass.status.ready);
  EXPECT_EQ(Field(pass.status.status.at("summary"), "prefill"), "0/2");
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
  decode.node_name = "";
  decode.ready = decode.scheduled = false;
  decode.phase = kube::PodPhase::kPending;
  world.Occupy("b200-1", 6);
  world.Occupy("b200-2", 4);
  world.Occupy("b200-3", 8);
  world.RunPass();
  EXPECT_THAT(Columns(world),
              ElementsAre("1P x 8 + 1D x 8", "1/1", "0/1", "8/16", "Unschedulable"));
  EXPECT_EQ(
      Field(world.Status().at("summary"), "message"),
      "decode-0 finds no node: the freest node (b200-2) has 4 of 8 nvidia.com/gpu free: free a "
      "node, or lower spec.decode.parallelism; it needs 8 nvidia.com/gpu and 8 rdma/ib on one node "
      "of class b200 (4 nodes match)");
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
  EXPECT_THAT(Columns(world),
              ElementsAre("4P x 4 + 1D x 16", "0/4", "0/1", "0/32", "ModelNotFound"));
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
  world.Edit(Suspend);
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
  MakeUnreadable(world);
  world.RunPass();
  EXPECT_THAT(Columns(world), ElementsAre("", "2/2", "1/1", "", "InvalidSpec"));
  EXPECT_EQ(Field(world.Status(), "topology"), "");
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
  world.refuses = RefuseAll;
  world.RunPass();
  EXPECT_EQ(RoleStatus(world, "prefill").at("desired"), 0);
  EXPECT_FALSE(world.Status().contains("targetRevision"));
  EXPECT_FALSE(world.Status().contains("endpoint"));
}

TEST(Desired, StaysWhileTheSpecIsRefused) {
  for (const bool by_cluster : {true, false}) {
    World world = Running();
    const std::string target = world.deployment().status.target_revision;
    if (by_cluster) world.refuses = RefuseAll;
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
  world.EverythingGoesWell();
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, world.revisions()[0].identity.name);
}

TEST(CurrentRevision, StaysTheOldOneUntilARollIsOver) {
  World world = Running();
  const std::string before = world.deployment().status.current_revision;
  world.Edit(ChangePrefill);
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, before);
  world.Settle();
  EXPECT_NE(world.deployment().status.current_revision, before);
}

TEST(CurrentRevision, WaitsForARouterThatHasYetToRoll) {
  World world = Running();
  const std::string before = world.deployment().status.current_revision;
  world.Edit([](auto& spec) { spec.router.args["router-mode"] = Text("random"); });
  EXPECT_THAT(world.RunPass().writes,
              ElementsAre("create ControllerRevision", "create router-0-2"));
  EXPECT_EQ(world.deployment().status.current_revision, before);
  EXPECT_EQ(ConditionOf(world, "Reconciling"), "True RollingOut");
  world.BindAndStart();
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, before) << "the new pod is not ready";
  world.UpdateRouters();
  world.RunPass();
  EXPECT_EQ(world.deployment().status.current_revision, before) << "the old pod terminates";
  world.EndTerminating();
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

}  // namespace
}  // namespace disagg::planning
