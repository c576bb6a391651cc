// What holds devices of no use gives them back: which unit waits, for how long, and what is said.

#include "controllers/planning/capacity.h"

#include <limits>

#include <gmock/gmock.h>

#include "controllers/planning/deployment_planner.h"
#include "controllers/planning/desired.h"
#include "operator/base/clock.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using Pods = std::vector<std::shared_ptr<const kube::Pod>>;

constexpr int kTimeout = 900;
constexpr std::int64_t kLongAgo = kNow - kTimeout - 100;

PodBuilder Bound(api::RoleName role, int replica, std::int64_t at = kLongAgo) {
  return PodBuilder(role, replica).CreatedAt(kLongAgo).On("b200-0").ScheduledAt(at);
}

PodBuilder Unbound(api::RoleName role, int replica, std::int64_t created = kLongAgo) {
  return PodBuilder(role, replica).CreatedAt(created).Unschedulable("0/2 nodes are available");
}

std::shared_ptr<const kube::Pod> Unread(const PodBuilder& builder) {
  kube::Pod pod = *builder.Build();
  pod.meta.decode_error = kube::InternedString("too deep");
  return std::make_shared<const kube::Pod>(std::move(pod));
}

json Wait(const std::string& unit, json attempt, std::int64_t retry_at, int generation = 1) {
  return {{"unit", unit},
          {"attempt", std::move(attempt)},
          {"retryAt", base::FormatTime(retry_at)},
          {"observedGeneration", generation},
          {"message", "gives back"}};
}

// "first: attempt 2", "ends 3 pods", "at most 0 of each role", "not decode-1", "wakes in 10 s":
// what a capacity plan says.
std::vector<std::string> Told(const CapacityPlan& plan) {
  std::vector<std::string> told;
  for (const auto& [unit, wait] : plan.waits) {
    told.push_back(unit + ": attempt " + std::to_string(wait.attempt));
  }
  if (!plan.ends.empty()) told.push_back("ends " + std::to_string(plan.ends.size()) + " pods");
  if (plan.hold.most) {
    told.push_back("at most " + std::to_string(*plan.hold.most) + " of each role");
  }
  for (const auto& [role, replica] : plan.hold.slots) {
    told.push_back("not " + SlotName(role, replica));
  }
  return told;
}

struct UnitCase {
  const char* sentence;
  Pods pods;
  std::vector<std::string> told;
  json status = json::object();
};

std::vector<UnitCase> PlacementCases() {
  return {
      {"every pod has a node", {Bound(kPrefill, 0), Bound(kPrefill, 1), Bound(kDecode, 0)}, {}},
      {"one role has nodes and the other none, for longer than the time",
       {Bound(kPrefill, 0), Bound(kPrefill, 1), Unbound(kDecode, 0)},
       {"first: attempt 1", "at most 0 of each role"}},
      {"no pod has a node: a node autoscaler sees them",
       {Unbound(kPrefill, 0), Unbound(kPrefill, 1), Unbound(kDecode, 0)},
       {}},
      {"a further replica was bound a moment ago, which is no progress of the smallest set",
       {Bound(kPrefill, 0), Bound(kPrefill, 1, kNow - 10), Unbound(kDecode, 0)},
       {"first: attempt 1", "at most 0 of each role"}},
      {"the last pod was bound a moment ago",
       {Bound(kPrefill, 0, kNow - 10), Unbound(kDecode, 0)},
       {}},
      {"a pod was created a moment ago: it was another that was there before",
       {Bound(kPrefill, 0), Unbound(kDecode, 0, kNow - 10)},
       {}},
      {"a pod says that it was bound before it was created, so it counts as bound then",
       {Bound(kPrefill, 0, 1), Unbound(kDecode, 0)},
       {"first: attempt 1", "at most 0 of each role"}},
      {"a missing pod waits for its back-off", {Bound(kPrefill, 0)}, {}},
      {"nobody can read whether a pod serves",
       {Unread(Bound(kPrefill, 0)), Unbound(kDecode, 0)},
       {}},
      {"a further replica has no node",
       {Bound(kPrefill, 0), Unbound(kPrefill, 1), Bound(kDecode, 0)},
       {}},
      {"the replica with a node is not the first by number",
       {Unbound(kPrefill, 0), Bound(kPrefill, 1), Bound(kDecode, 0)},
       {}},
      {"a router has no node", {Bound(kPrefill, 0), Bound(kDecode, 0), Unbound(kRouter, 0)}, {}},
      {"a router has one, and no worker",
       {Unbound(kPrefill, 0), Unbound(kDecode, 0), Bound(kRouter, 0)},
       {}},
      {"it has served, and lost a role since",
       {Bound(kPrefill, 0), Unbound(kDecode, 0)},
       {},
       {{"lastServedTime", base::FormatTime(kLongAgo)}}},
      {"others have served, before these pods were created",
       {Bound(kPrefill, 0), Unbound(kDecode, 0)},
       {"first: attempt 1", "at most 0 of each role"},
       {{"lastServedTime", base::FormatTime(kLongAgo - 1)}}},
  };
}

std::vector<UnitCase> WaitCases() {
  const Pods half = {Bound(kPrefill, 0), Bound(kPrefill, 1), Unbound(kDecode, 0),
                     Bound(kRouter, 0)};
  const auto noted = [](json wait) { return json{{"capacity", json::array({std::move(wait)})}}; };
  return {
      {"it waits: its workers are deleted, and none is created",
       half,
       {"first: attempt 1", "ends 3 pods", "at most 0 of each role"},
       noted(Wait("first", 1, kNow + 50))},
      {"it waits, and its pods are gone",
       {},
       {"first: attempt 1", "at most 0 of each role"},
       noted(Wait("first", 1, kNow + 50))},
      {"it was placed before its pods were deleted",
       {Bound(kPrefill, 0), Bound(kDecode, 0)},
       {},
       noted(Wait("first", 1, kNow + 50))},
      {"its retry has come: the smallest set comes before further replicas",
       {},
       {"first: attempt 1", "at most 1 of each role"},
       noted(Wait("first", 1, kNow))},
      {"it is tried again, and the time is not over",
       {Bound(kPrefill, 0, kNow - 10), Unbound(kDecode, 0)},
       {"first: attempt 1", "at most 1 of each role"},
       noted(Wait("first", 1, kNow - 100))},
      {"it was tried again in vain",
       half,
       {"first: attempt 3", "at most 0 of each role"},
       noted(Wait("first", 2, kLongAgo - 10))},
      {"the operator did not run while it had to wait: that attempt is had again",
       half,
       {"first: attempt 2", "at most 0 of each role"},
       noted(Wait("first", 2, kNow - 10))},
      {"a further replica waits alone",
       {Bound(kPrefill, 0), Bound(kPrefill, 1), Bound(kDecode, 0)},
       {},
       noted(Wait("prefill-1", 1, kNow + 50))},
      {"a replica waits that is gone",
       {Bound(kPrefill, 0), Bound(kDecode, 0)},
       {"prefill-1: attempt 1", "not prefill-1"},
       noted(Wait("prefill-1", 1, kNow + 50))},
      {"a replica waits that nobody wants any more",
       {Bound(kPrefill, 0), Bound(kDecode, 0)},
       {},
       noted(Wait("prefill-7", 1, kNow + 50))},
      {"the spec has changed since",
       {Unbound(kPrefill, 0), Unbound(kDecode, 0)},
       {},
       noted(Wait("first", 1, kNow + 50, /*generation=*/0))},
      {"somebody has written a retry in another century",
       {Unbound(kPrefill, 0), Unbound(kDecode, 0)},
       {},
       noted(Wait("first", 1, kNow + 100LL * 365 * 86'400))},
      {"somebody has written no number of attempts",
       {Unbound(kPrefill, 0), Unbound(kDecode, 0)},
       {},
       noted(Wait("first", "many", kNow + 50))},
      {"somebody has written a huge number of attempts",
       half,
       {"first: attempt 99", "at most 0 of each role"},
       noted(Wait("first", std::numeric_limits<std::int64_t>::max(), kLongAgo - 10))},
      {"it serves, whatever somebody has written",
       {Bound(kPrefill, 0).Ready(), Bound(kDecode, 0).Ready(), Unbound(kPrefill, 1)},
       {},
       noted(Wait("first", 1, kNow + 50))},
  };
}

CapacityPlan PlanOf(const Snapshot& snapshot) {
  const api::Resolution resolution =
      api::Resolve(*snapshot.deployment, snapshot.catalogue, snapshot.namespace_labels);
  return PlanCapacity(snapshot, resolution, DesiredReplicas(snapshot), ClassifyPods(snapshot));
}

TEST(Capacity, UnitsThatArePlacedInPartWait) {
  for (const auto& cases : {PlacementCases(), WaitCases()}) {
    for (const UnitCase& unit : cases) {
      SCOPED_TRACE(unit.sentence);
      DeploymentBuilder deployment;
      deployment.Status(unit.status);
      EXPECT_EQ(Told(PlanOf(SnapshotOf(deployment, unit.pods))), unit.told);
    }
  }
}

TEST(Capacity, AQuotaIsARoleThatHasNoNode) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), {Bound(kPrefill, 0)});
  snapshot.troubles = {{.what = "create Pod minimax-m3-decode-new-0-1",
                        .role = "decode",
                        .pod = "minimax-m3-decode-new-0-1",
                        .reason = "QuotaExceeded",
                        .message = "exceeded quota: gpus",
                        .since = kNow - kTimeout + 1}};
  EXPECT_THAT(Told(PlanOf(snapshot)), IsEmpty()) << "not for long enough";
  EXPECT_EQ(PlanOf(snapshot).wake_at, kNow + 1);
  snapshot.troubles[0].since = kNow - kTimeout;
  const CapacityPlan plan = PlanOf(snapshot);
  EXPECT_THAT(Told(plan), ElementsAre("first: attempt 1", "at most 0 of each role"));
  EXPECT_THAT(plan.waits.at("first").message,
              HasSubstr("decode-0 is kept out by a quota: exceeded quota: gpus"));
}

TEST(Capacity, IsNeverGivenBackWhereTheTimeIsZero) {
  DeploymentBuilder deployment;
  deployment.spec().schedule_timeout_seconds = 0;
  deployment.Status({{"capacity", json::array({Wait("first", 1, kNow + 50)})}});
  const CapacityPlan plan =
      PlanOf(SnapshotOf(deployment, {Bound(kPrefill, 0), Unbound(kDecode, 0)}));
  EXPECT_THAT(Told(plan), IsEmpty());
  EXPECT_THAT(Describe(plan.explanations),
              ElementsAre("decode-0 is waited for, and nothing is given back: "
                          "spec.placement.scheduleTimeoutSeconds is 0"));
}

TEST(Capacity, WaitsLongerEachTimeUpToTenMinutes) {
  const Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  const std::vector<int> longest = {60, 120, 240, 480, 600, 600};
  for (int attempt = 1; attempt <= 6; ++attempt) {
    SCOPED_TRACE(attempt);
    const int most = longest[static_cast<std::size_t>(attempt) - 1];
    EXPECT_EQ(LongestWaitSeconds(attempt), most);
    const std::int64_t wait = WaitFrom(snapshot, "first", attempt).retry_at - kNow;
    EXPECT_LE(wait, most);
    EXPECT_GT(wait, most - most / 4 - 1);
  }
  EXPECT_EQ(LongestWaitSeconds(std::numeric_limits<int>::max()), 600);
}

TEST(Capacity, TwoThatGaveWayDoNotMeetAgain) {
  Snapshot one = SnapshotOf(DeploymentBuilder()), other = one;
  api::DisaggDeployment deployment = DeploymentBuilder().Value();
  deployment.meta.uid = "uid-of-another";
  other.deployment = std::make_shared<const api::DisaggDeployment>(deployment);
  int apart = 0;
  for (int attempt = 1; attempt <= 6; ++attempt) {
    const auto difference =
        WaitFrom(one, "first", attempt).retry_at - WaitFrom(other, "first", attempt).retry_at;
    apart += difference != 0 ? 1 : 0;
  }
  EXPECT_GE(apart, 5);
}

// -- whole passes

void Bind(World& world, api::RoleName role, int replica) {
  kube::Pod& pod = world.At(role, replica);
  pod.node_name = "b200-0";
  pod.scheduled = true;
  pod.scheduled_at = world.now();
  pod.unschedulable_message = "";
  pod.phase = kube::PodPhase::kRunning;
  pod.ready = role != kRouter;  // a router is, once it can route
}

void FindNoNode(World& world, api::RoleName role, int replica) {
  world.At(role, replica).unschedulable_message = "0/3 nodes: 3 Insufficient nvidia.com/gpu.";
}

// Prefill has nodes, and is ready even; decode has none.
World HalfPlaced() {
  World world;
  for (const char* node : {"b200-1", "b200-2"}) world.LoseNode(node);
  world.RunPass();
  world.RunPass();
  Bind(world, kPrefill, 0);
  Bind(world, kPrefill, 1);
  Bind(world, kRouter, 0);
  FindNoNode(world, kDecode, 0);
  world.RunPass();
  return world;
}

// The wait is in the status, and nothing is deleted yet.
World Noted() {
  World world = HalfPlaced();
  world.Advance(kTimeout);
  world.RunPass();
  return world;
}

std::int64_t RetryAt(const World& world) {
  return world.deployment().status.capacity.at(0).retry_at;
}

TEST(WaitingForCapacity, IsNotedBeforeAnythingIsDeleted) {
  World world = HalfPlaced();
  world.Advance(kTimeout - 1);
  const Pass early = world.RunPass();
  EXPECT_THAT(early.WorkerWrites(), IsEmpty());
  EXPECT_EQ(early.plan.wake_at, world.now() + 1);
  world.Advance(1);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  ASSERT_EQ(world.deployment().status.capacity.size(), 1u);
  EXPECT_THAT(
      world.RunPass().WorkerWrites(),
      UnorderedElementsAre("delete prefill-0-1", "delete prefill-1-1", "delete decode-0-1"));
  world.EndTerminating();
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty()) << "none is created";
  EXPECT_EQ(world.RunPass().plan.wake_at, RetryAt(world));
}

TEST(WaitingForCapacity, SaysWhatIsMissingWhatWasGivenBackAndWhenItTriesAgain) {
  World world = HalfPlaced();
  world.Advance(kTimeout);
  const Pass noted = world.RunPass();
  const std::string at = base::FormatTime(RetryAt(world));
  const auto says = AllOf(
      HasSubstr("gives back 4 GPUs of 2 pods after 900 s and tries again at " + at),
      HasSubstr("decode-0 finds no node: the freest node (b200-0) has 4 of 8 nvidia.com/gpu free"),
      HasSubstr("a change of the spec is tried at once"));
  ASSERT_EQ(noted.status.events.size(), 1u);
  EXPECT_EQ(noted.status.events[0].reason, "WaitingForCapacity");
  EXPECT_THAT(noted.status.events[0].message, says);
  for (int pass = 0; pass < 3; ++pass) {
    SCOPED_TRACE(pass);
    EXPECT_EQ(ConditionOf(world, "Scheduled"), "False WaitingForCapacity");
    EXPECT_THAT(MessageOf(world, "Scheduled"), says);
    EXPECT_EQ(Field(world.Status().at("summary"), "reason"), "WaitingForCapacity");
    const Pass next = world.RunPass();
    EXPECT_THAT(
        Describe(next.plan.explanations),
        Contains(HasSubstr("the first replica of each role waits for capacity until " + at)));
    EXPECT_THAT(next.status.events, IsEmpty()) << "told once";
    world.EndTerminating();
  }
}

TEST(WaitingForCapacity, ComesUpWhenThereIsRoomTheSmallestSetFirst) {
  World world = Noted();
  world.RunPass();
  world.EndTerminating();
  world.Advance(RetryAt(world) - world.now());
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              UnorderedElementsAre("create prefill-0-1", "create decode-0-1"));
  EXPECT_THAT(Describe(world.RunPass().plan.explanations),
              Contains("further replicas wait until one of each role has a node"));
  world.EverythingGoesWell();
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create prefill-1-1"));
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_FALSE(world.Status().contains("capacity"));
  EXPECT_EQ(ConditionOf(world, "Scheduled"), "True AllScheduled");
}

TEST(WaitingForCapacity, WaitsLongerAfterEachAttempt) {
  World world = Noted();
  for (int attempt = 1; attempt <= 4; ++attempt) {
    SCOPED_TRACE(attempt);
    ASSERT_EQ(world.deployment().status.capacity.at(0).attempt, attempt);
    EXPECT_LE(RetryAt(world) - world.now(), LongestWaitSeconds(attempt));
    world.RunPass();
    world.EndTerminating();
    world.Advance(RetryAt(world) - world.now());
    world.RunPass();
    Bind(world, kPrefill, 0);
    FindNoNode(world, kDecode, 0);
    world.Advance(kTimeout);
    world.RunPass();
  }
}

TEST(WaitingForCapacity, StaysPendingWhenNothingFindsANodeAnyMore) {
  World world = Noted();
  world.RunPass();
  world.EndTerminating();
  world.Advance(RetryAt(world) - world.now());
  world.RunPass();
  FindNoNode(world, kPrefill, 0);
  FindNoNode(world, kDecode, 0);
  world.Advance(10 * kTimeout);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_EQ(ConditionOf(world, "Scheduled"), "False Unschedulable");
}

// Nothing of the process is needed: the wait is in the status, or is decided again.
TEST(WaitingForCapacity, SurvivesACrashBeforeAndAfterItIsNoted) {
  World before = HalfPlaced();
  before.Advance(kTimeout);
  Snapshot snapshot = before.TakeSnapshot();
  EXPECT_EQ(PlanOf(snapshot).waits.size(), 1u);  // and nobody writes it
  EXPECT_EQ(PlanOf(snapshot).ends.size(), 0u);
  before.Advance(3);
  before.RunPass();
  EXPECT_EQ(PlanOf(before.TakeSnapshot()).ends.size(), 3u);

  World after = Noted();
  after.Advance(600);  // nobody deletes anything
  after.RunPass();
  EXPECT_EQ(after.deployment().status.capacity.at(0).attempt, 1) << "it was never tried again";
  EXPECT_EQ(after.RunPass().WorkerWrites().size(), 3u);

  World half = Noted();
  half.DeletePod(kPrefill, 0);  // as by a process that crashed then
  half.EndTerminating();
  EXPECT_THAT(half.RunPass().WorkerWrites(),
              UnorderedElementsAre("delete prefill-1-1", "delete decode-0-1"));
}

TEST(WaitingForCapacity, DoesNotHoldUpWhatTheUserAsksFor) {
  struct Case {
    const char* sentence;
    void (*edit)(api::DeploymentSpec&);
    std::vector<std::string> writes;
  };
  const std::vector<Case> cases = {
      {"suspended", Suspend, {}},
      {"scaled to nothing",
       [](auto& spec) { spec.roles[kPrefill].replicas = spec.roles[kDecode].replicas = 0; },
       {}},
      {"a change of the spec is tried at once",
       [](auto& spec) { spec.roles[kPrefill].replicas = 1; },
       {"create prefill-0-1", "create decode-0-1"}},
  };
  for (const Case& edited : cases) {
    SCOPED_TRACE(edited.sentence);
    World world = Noted();
    world.RunPass();
    world.EndTerminating();
    world.Edit(edited.edit);
    EXPECT_EQ(world.RunPass().WorkerWrites(), edited.writes);
    world.RunPass();
    EXPECT_FALSE(world.Status().contains("capacity"));
  }
  World suspended = Noted();
  suspended.Edit(Suspend);
  EXPECT_EQ(suspended.RunPass().WorkerWrites().size(), 3u);
}

TEST(WaitingForCapacity, IsNotForWhatHasServed) {
  World world = Running();
  EXPECT_NE(world.deployment().status.last_served, 0);
  world.LoseNode(world.At(kDecode, 0).node_name);
  world.RunPass();
  world.EndTerminating();
  world.RunPass();
  FindNoNode(world, kDecode, 0);
  world.Advance(10 * kTimeout);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_EQ(ConditionOf(world, "Scheduled"), "False Unschedulable");
}

TEST(WaitingForCapacity, IsOfAReplicaOverSeveralNodesThatIsPlacedInPart) {
  DeploymentBuilder deployment;
  deployment.spec().roles[kDecode].parallelism = {.tensor = 16};
  World world(deployment);
  world.Settle();
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 2; });
  world.RunPass();
  Bind(world, kDecode, 1);  // its follower
  world.RunPass();
  world.RunPass();
  world.Advance(kTimeout);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              UnorderedElementsAre("delete decode-1-1-0", "delete decode-1-1-1"))
      << "nobody else moves";
  EXPECT_EQ(world.deployment().status.capacity.at(0).unit, "decode-1");
  EXPECT_EQ(ConditionOf(world, "Ready"), "True Serving");
  world.EndTerminating();
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty()) << "neither it nor another in its place";
  world.Advance(RetryAt(world) - world.now());
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create decode-1-1-1"));
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_FALSE(world.Status().contains("capacity"));
}

TEST(WaitingForCapacity, IsKeptWhileTheOperatorIsPausedOrBlind) {
  World world = Noted();
  const json noted = world.Status().at("capacity");
  world.Annotate("disagg.dev/reconcile", "disabled");
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
  EXPECT_EQ(world.Status().at("capacity"), noted);
  world.Annotate("disagg.dev/reconcile", "");
  Snapshot blind = world.TakeSnapshot();
  blind.not_live["pods"] = "Forbidden";
  EXPECT_EQ(PlanDeployment(blind).waits.size(), 1u);
  EXPECT_THAT(Describe(PlanDeployment(blind).writes), Not(Contains(HasSubstr("delete"))));
}

}  // namespace
}  // namespace disagg::planning
