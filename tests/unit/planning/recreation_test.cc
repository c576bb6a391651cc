// What breaks or deletes every new pod is met a bounded number of times, whatever it is. And
// nothing is deleted because something else is only not seen.

#include <functional>

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

void StartOn(World& world, const std::string& node) {
  for (const auto& pod : world.pods()) {
    if (!pod->node_name.empty() || pod->meta.deleting()) continue;
    pod->node_name = node;
    pod->scheduled = true;
    pod->phase = kube::PodPhase::kRunning;
  }
}

void FailAll(World& world, const std::string& reason) {
  StartOn(world, "b200-0");
  for (const auto& pod : world.pods()) {
    pod->phase = kube::PodPhase::kFailed;
    pod->reason = reason;
  }
}

// As the kubelet would: the fifth delay in a row comes after 150 s at the earliest.
void CrashAll(World& world) {
  world.BindAndStart();
  for (const auto& pod : world.pods()) {
    if (world.now() - pod->meta.creation_time < 150 || pod->containers.empty()) continue;
    pod->containers[0].running = false;
    pod->containers[0].restarts = 5;
    pod->containers[0].waiting_reason = "CrashLoopBackOff";
    pod->containers[0].last_started_at = pod->containers[0].last_finished_at = world.now();
  }
}

struct Harm {
  const char* sentence;
  std::function<void(World&)> act;  // once a second
};

const Harm kHarms[] = {
    {"the only node is out of service, and the pods tolerate that",
     [](World& world) { StartOn(world, "out"); }},
    {"every pod vanishes as soon as it is there", [](World& world) { world.Vanish(); }},
    {"somebody deletes every pod",
     [](World& world) {
       StartOn(world, "b200-0");
       for (const auto& pod : world.pods()) pod->meta.deletion_time = world.now();
       world.EndTerminating();
     }},
    {"somebody deletes every pod, and none of them ends",
     [](World& world) {
       StartOn(world, "b200-0");
       for (const auto& pod : world.pods()) pod->meta.deletion_time = world.now();
     }},
    {"every node vanishes with its pod", [](World& world) { StartOn(world, "no-more"); }},
    {"every pod is evicted", [](World& world) { FailAll(world, "Evicted"); }},
    {"no kubelet admits a pod", [](World& world) { FailAll(world, "UnexpectedAdmissionError"); }},
    {"every failed pod is deleted",
     [](World& world) {
       FailAll(world, "Evicted");
       world.Vanish();
     }},
    {"every engine crashes", CrashAll},
};

TEST(Recreation, IsBoundedWhateverHappensToThePods) {
  for (const Harm& harm : kHarms) {
    SCOPED_TRACE(harm.sentence);
    World world;
    world.AddNode("out");
    world.PutOutOfService("out");
    int created = 0;
    for (int second = 0; second < 600; ++second) {
      for (const std::string& write : world.RunPass().WorkerWrites()) {
        if (write.starts_with("create")) ++created;
      }
      harm.act(world);
      world.Advance(1);
    }
    const int slots = 3, most = 13;  // at once, after 20 s and 40 s, and then every minute
    EXPECT_GE(created, 2 * slots) << "it goes on trying";
    EXPECT_LE(created, most * slots);
  }
}

TEST(Recreation, IsSoonWellWhenTheHarmEnds) {
  World world;
  for (int second = 0; second < 30; ++second) {
    world.RunPass();
    world.Vanish();
    world.Advance(1);
  }
  const Pass pass = world.RunPass();
  ASSERT_TRUE(pass.plan.wake_at);
  EXPECT_LE(*pass.plan.wake_at, world.now() + 60);
  EXPECT_THAT(Describe(pass.plan.explanations),
              Contains("decode-0 waits: 3 of its pods in a row were lost or deleted soon after "
                       "their creation"));
  EXPECT_TRUE(world.Settle().status.ready);
}

TEST(Recreation, OfADeletedPodIsImmediate) {
  World world = Running();
  world.Advance(3600);
  world.DeletePod(kDecode, 0);
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create decode-0-2"));
}

// Were it only hidden from our caches, the API server would say that the name is taken.
TEST(Recreation, AsksForTheSameNameAfterAPodThatLeftNoTrace) {
  World world = Running();
  world.Vanish();
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1"));
}

// -- absence

TEST(NodeLoss, IsAskedForBeforeAPodIsEnded) {
  World world = Running();
  const std::string node = "b200-lost";
  world.At(kDecode, 0).node_name = node;
  const Pass pass = world.RunPass();
  ASSERT_THAT(pass.WorkerWrites(), ElementsAre("delete decode-0-1 grace 0"))
      << "nothing is created before the answer";
  const auto& absence = pass.plan.writes.at(0).because_absent;
  ASSERT_TRUE(absence);
  EXPECT_EQ(absence->resource, kube::kNodes);
  EXPECT_EQ(absence->key.name, node);
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create decode-0-1"));
}

TEST(NodeLoss, IsNoneWhileNodesCannotBeRead) {
  World world = Running();
  world.LoseNode(world.At(kDecode, 0).node_name);
  Snapshot snapshot = world.TakeSnapshot();
  snapshot.not_live[kube::kNodes.ToString()] = "nodes is forbidden";
  EXPECT_THAT(PlanDeployment(snapshot).writes, IsEmpty());
}

TEST(Blindness, ToPodsOrRevisionsStopsAllButGivingBack) {
  for (const kube::Resource& resource : {kube::kPods, kube::kControllerRevisions}) {
    SCOPED_TRACE(resource.plural);
    World world = Running();
    world.DeletePod(kDecode, 0);
    world.Edit(ChangePrefill);
    Snapshot snapshot = world.TakeSnapshot();
    snapshot.not_live[resource.ToString()] = "watch closed";
    const Plan plan = PlanDeployment(snapshot);
    EXPECT_THAT(plan.writes, IsEmpty());
    EXPECT_EQ(plan.target->name, world.deployment().status.target_revision);
    EXPECT_THAT(Describe(plan.explanations), ElementsAre("minimax-m3 waits: " + resource.plural +
                                                         " cannot be read: watch closed"));
    world.Edit(Suspend);
    Snapshot suspended = world.TakeSnapshot();
    suspended.not_live = snapshot.not_live;
    EXPECT_THAT(Describe(PlanDeployment(suspended).writes),
                ElementsAre("delete prefill-0-1", "delete prefill-1-1", "delete router-0-1"));
  }
}

TEST(Blindness, ToModelsIsToldWithWhatIsMissing) {
  World world = Running();
  world.RemoveModels();
  Snapshot snapshot = world.TakeSnapshot();
  snapshot.not_live[api::kServingModels.ToString()] = "servingmodels is forbidden";
  EXPECT_THAT(PlanDeployment(snapshot).errors.at(0).message,
              ::testing::HasSubstr("not certain, because servingmodels cannot be read: "
                                   "servingmodels is forbidden"));
}

// -- inputs that were corrected before anything ran

TEST(Correction, OfAModelReachesPodsThatNeverStarted) {
  World world;
  world.RunPass();
  world.RunPass();
  world.SetModel(ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4").Revision("corrected"));
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Contains("create ControllerRevision"));
  EXPECT_THAT(pass.WorkerWrites(), Contains(StartsWith("delete")).Times(3));
  EXPECT_TRUE(world.Settle().status.ready);
  for (const auto& pod : world.pods()) {
    EXPECT_EQ(pod->meta.label(api::kLabelRevision), world.deployment().status.current_revision);
  }
  EXPECT_EQ(world.Condition("UpdateAvailable")->status, "False");
}

TEST(Correction, OfAClassReachesAChangeThatWasRefused) {
  World world;
  world.refuses = RefuseAll;
  world.RunPass();
  world.SetClass(ClassBuilder().Env("NCCL_DEBUG", "INFO"));
  EXPECT_THAT(world.RunPass().writes, Contains("create ControllerRevision"));
}

TEST(Correction, ReachesNoPodThatRuns) {
  World world;
  world.RunPass();
  world.RunPass();
  world.BindAndStart();
  world.SetModel(ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4").Revision("corrected"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
}

}  // namespace
}  // namespace disagg::planning
