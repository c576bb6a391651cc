#include "controllers/planning/pod_planner.h"

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Pods = std::vector<std::shared_ptr<const kube::Pod>>;

// Plans towards one role, "decode" of role revision "new" and contract "c", unless told otherwise.
struct Request {
  Pods pods = {};
  int desired = 1;
  bool payload = true;
};

PodPlan Plan(const Request& request) {
  static const render::Revision kRevision = RevisionBuilder("r").Role(kDecode, "new").Payload();
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), request.pods);
  snapshot.nodes["blip"] = NodeBuilder("blip").NotReadySince(kNow - 45).Build();
  snapshot.nodes["dead"] = NodeBuilder("dead").NotReadySince(kNow - 301).Build();
  snapshot.not_ready_seen = {{"blip", kNow - 45}, {"dead", kNow - 301}};
  const PodGoal goal{.revision = kRevision.identity,
                     .desired = {{kDecode, request.desired}},
                     .payload = request.payload ? &kRevision : nullptr};
  return PlanPods(snapshot, ClassifyPods(snapshot), goal);
}

PodBuilder Decode(int replica, int incarnation = 1) {
  return PodBuilder(kDecode, replica, incarnation);
}
PodBuilder OldRevision(int replica, int incarnation = 1) {
  return Decode(replica, incarnation).Of("old");
}
PodBuilder OldContract(int replica) { return Decode(replica).Of("older", "b"); }
PodBuilder Starting(int replica, int incarnation = 1) {
  return Decode(replica, incarnation).On("b200-0").Running();
}

struct PlanCase {
  const char* sentence;
  Pods pods;
  int desired;
  std::vector<std::string> writes;
};

void Check(const PlanCase& c) {
  SCOPED_TRACE(c.sentence);
  EXPECT_THAT(Describe(Plan({.pods = c.pods, .desired = c.desired}).writes),
              ::testing::ElementsAreArray(c.writes));
}

TEST(PlanPods, MakesWhatIsMissing) {
  const PlanCase cases[] = {
      {"nothing there: every replica is made",
       {},
       3,
       {"create decode-0-1", "create decode-1-1", "create decode-2-1"}},
      {"all there: nothing to do", {Decode(0).Ready(), Decode(1).Ready()}, 2, {}},
      {"pods that wait or start are there, too", {Decode(0), Starting(1)}, 2, {}},
      {"a gap is filled with the lowest free numbers",
       {Decode(1).Ready(), Decode(4).Ready()},
       4,
       {"create decode-0-1", "create decode-2-1"}},
      {"nothing is wanted and nothing there", {}, 0, {}},
  };
  for (const PlanCase& c : cases) Check(c);
}

TEST(PlanPods, TakesSurplusAwayInTheOrderOfWhatItCosts) {
  const PlanCase cases[] = {
      {"the highest replica of equals",
       {Decode(0).Ready(), Decode(1).Ready(), Decode(2).Ready()},
       2,
       {"delete decode-2-1"}},
      {"rather one that is not ready", {Starting(0), Decode(1).Ready()}, 1, {"delete decode-0-1"}},
      {"rather one without a node",
       {Decode(0), Starting(1), Decode(2).Ready()},
       2,
       {"delete decode-0-1"}},
      {"rather one that does not serve than one of an older revision that does",
       {OldRevision(0).Ready(), Starting(1), Decode(2).Ready()},
       2,
       {"delete decode-1-1", "delete decode-0-1", "create decode-0-2"}},
      {"of those that serve, rather one of an older revision",
       {OldRevision(0).Ready(), Decode(1).Ready(), Decode(2).Ready()},
       2,
       {"delete decode-0-1"}},
      {"as many as are too many, the cheapest first",
       {Decode(0).Ready(), Decode(1), Starting(2), Decode(3).Ready()},
       1,
       {"delete decode-1-1", "delete decode-2-1", "delete decode-3-1"}},
      {"all of them when none is wanted",
       {Decode(0).Ready(), Decode(1)},
       0,
       {"delete decode-1-1", "delete decode-0-1"}},
      {"those that end already are not counted",
       {Decode(0).Ready(), Decode(1).Ready(), Decode(2).Ready().Deleting()},
       2,
       {}},
      {"the failed pod of a slot that is not wanted goes, too",
       {Decode(0).Ready(), Decode(1).On("b200-1").Failed()},
       1,
       {"delete decode-1-1"}},
  };
  for (const PlanCase& c : cases) Check(c);
}

TEST(PlanPods, ReplacesAtOnceWhoeverNoLongerCounts) {
  const PlanCase cases[] = {
      {"a deleted pod's successor does not wait for the drain",
       {Decode(0).Ready().Deleting()},
       1,
       {"create decode-0-2"}},
      {"the next incarnation is one above the highest in any phase",
       {Decode(0, 3).Ready().Deleting(),
        Decode(0, 7).On("b200-0").Failed("", "").FinishedAt(kNow - 60)},
       1,
       {"create decode-0-8"}},
      {"names come back once no pod of the slot is left", {}, 1, {"create decode-0-1"}},
      {"a pod on a node that is gone is ended with grace 0",
       {Decode(0).On("no-more").Running()},
       1,
       {"delete decode-0-1 grace 0"}},
      {"and replaced once that has been answered; one that was ending when its node went, at once",
       {Decode(0).On("no-more").Running().Deleting()},
       1,
       {"delete decode-0-1 grace 0", "create decode-0-2"}},
      {"one that was deleted with grace 0 and is held by a finalizer is not deleted again",
       {Decode(0).On("no-more").Running().Deleting(0)},
       1,
       {"create decode-0-2"}},
      {"a pod on a node that is NotReady for too long is ended with its own grace: it may still "
       "run",
       {Decode(0).On("dead").Running()},
       1,
       {"delete decode-0-1", "create decode-0-2"}},
      {"and is not deleted again",
       {Decode(0).On("dead").Running().Deleting(), Starting(0, 2)},
       1,
       {}},
      {"a pod NotReady for 45 s on a node NotReady for 45 s is not lost",
       {Decode(0).On("blip").Running().NotReadySince(kNow - 45)},
       1,
       {}},
      {"a pod NotReady for 45 s on a sound node is not touched",
       {Decode(0).On("b200-0").Running().NotReadySince(kNow - 45)},
       1,
       {}},
      {"a crash loop is replaced and gives its devices back",
       {Starting(0).CreatedAt(kNow - 500).CrashLoops()},
       1,
       {"delete decode-0-1", "create decode-0-2"}},
  };
  for (const PlanCase& c : cases) Check(c);
}

TEST(PlanPods, KeepsOnePodPerSlot) {
  const PlanCase cases[] = {
      {"of two alive in one slot the ready one stays",
       {Decode(0, 1).Ready(), Starting(0, 2)},
       1,
       {"delete decode-0-2"}},
      {"of two that start the newer one stays",
       {Starting(0, 1), Starting(0, 2)},
       1,
       {"delete decode-0-1"}},
      {"of three one stays",
       {Starting(0, 1), Decode(0, 2).Ready(), Starting(0, 3)},
       1,
       {"delete decode-0-1", "delete decode-0-3"}},
      {"a duplicate is not taken for a second replica",
       {Decode(0, 1).Ready(), Starting(0, 2)},
       2,
       {"delete decode-0-2", "create decode-1-1"}},
  };
  for (const PlanCase& c : cases) Check(c);
}

TEST(PlanPods, RollsARoleOneReadyPodAtATime) {
  const PlanCase cases[] = {
      {"complete: the highest old replica is replaced",
       {OldRevision(0).Ready(), OldRevision(1).Ready()},
       2,
       {"delete decode-1-1", "create decode-1-2"}},
      {"its successor starts: the next one waits",
       {OldRevision(0).Ready(), OldRevision(1).Ready().Deleting(), Starting(1, 2)},
       2,
       {}},
      {"its successor is ready: the next one is replaced",
       {OldRevision(0).Ready(), Decode(1, 2).Ready()},
       2,
       {"delete decode-0-1", "create decode-0-2"}},
      {"old pods that are not ready serve nothing and go at once",
       {OldRevision(0).Ready(), OldRevision(1), OldRevision(2).On("b200-0").Running()},
       3,
       {"delete decode-1-1", "delete decode-2-1", "create decode-1-2", "create decode-2-2"}},
      {"an old pod that was ready a moment ago is not torn down for a blip of the API server",
       {OldRevision(0).Ready(), OldRevision(1).On("b200-0").Running().NotReadySince(kNow - 45)},
       2,
       {}},
      {"a minute later it counts as one that serves nothing",
       {OldRevision(0).Ready(), OldRevision(1)
                                    .On("b200-0")
                                    .CreatedAt(kNow - 900)
                                    .Running(kNow - 800)
                                    .NotReadySince(kNow - 60)},
       2,
       {"delete decode-1-1", "create decode-1-2"}},
      {"with fewer wanted, old pods are the surplus",
       {OldRevision(0).Ready(), Decode(1).Ready()},
       1,
       {"delete decode-0-1"}},
      {"with more wanted, the new replicas come first",
       {OldRevision(0).Ready()},
       2,
       {"create decode-1-1"}},
      {"a lone replica is replaced without a stand-in",
       {OldRevision(0).Ready()},
       1,
       {"delete decode-0-1", "create decode-0-2"}},
      {"the failed pod of an old revision is replaced without back-off",
       {OldRevision(0).On("b200-0").Failed().FinishedAt(kNow)},
       1,
       {"create decode-0-2"}},
  };
  for (const PlanCase& c : cases) Check(c);
}

TEST(PlanPods, SaysWhatARollWaitsFor) {
  const PodPlan plan = Plan({.pods = {OldRevision(0).Ready(), Starting(1, 2)}, .desired = 2});
  EXPECT_THAT(
      Describe(plan.explanations),
      ElementsAre("decode-0 keeps the older revision: the role is not complete, 1 of 2 ready"));
}

TEST(PlanPods, WakesWhenABlinkIsOver) {
  const PodPlan plan =
      Plan({.pods = {OldRevision(0).On("b200-0").Running().NotReadySince(kNow - 45)}});
  EXPECT_EQ(plan.wake_at, kNow + 15);
}

TEST(PlanPods, ChangesTheContractOnlyWhenNoWorkerOfTheOldOneIsLeft) {
  const PlanCase cases[] = {
      {"every worker of the other contract goes, ready or not",
       {OldContract(0).Ready(), OldContract(1)},
       2,
       {"delete decode-0-1", "delete decode-1-1"}},
      {"none is made while one of them still ends", {OldContract(0).Ready().Deleting()}, 1, {}},
      {"new ones start when none is left", {}, 1, {"create decode-0-1"}},
      {"a failed one holds nothing: it goes, and the new one starts",
       {OldContract(0).On("b200-0").Failed()},
       1,
       {"delete decode-0-1", "create decode-0-1"}},
      {"a crash-looping one holds its devices until it has ended",
       {OldContract(0).On("b200-0").Running().CreatedAt(kNow - 500).CrashLoops()},
       1,
       {"delete decode-0-1"}},
      {"one on a node that is gone is ended with grace 0",
       {OldContract(0).On("no-more").Running()},
       1,
       {"delete decode-0-1 grace 0"}},
      {"and waited for by nobody once that has been answered",
       {OldContract(0).On("no-more").Running().Deleting()},
       1,
       {"delete decode-0-1 grace 0", "create decode-0-1"}},
      {"one that ends on a node that is NotReady is waited for",
       {OldContract(0).On("blip").Running().Deleting()},
       1,
       {}},
      {"but not for longer than a node may be NotReady",
       {OldContract(0).On("dead").Running().Deleting()},
       1,
       {"create decode-0-1"}},
  };
  for (const PlanCase& c : cases) Check(c);
}

TEST(PlanPods, WakesWhenTheNodeOfAnOldContractCountsAsLost) {
  const PodPlan plan = Plan({.pods = {OldContract(0).On("blip").Running().Deleting()}});
  EXPECT_EQ(plan.wake_at, kNow - 45 + 300);
  EXPECT_THAT(
      Describe(plan.explanations),
      ElementsAre("new workers wait for those of the previous contract to terminate: 1 left"));
}

TEST(PlanPods, WakesWhenANodeCountsAsLost) {
  EXPECT_EQ(Plan({.pods = {Decode(0).On("blip").Running()}}).wake_at, kNow - 45 + 300);
}

TEST(PlanPods, NamesTheUidOfWhatItDeletesAndSaysWhy) {
  const PodPlan plan = Plan({.pods = {Decode(0).Ready(), Decode(1).Ready()}, .desired = 1});
  ASSERT_EQ(plan.writes.size(), 1u);
  const Write& write = plan.writes[0];
  EXPECT_EQ(write.uid, "uid-of-minimax-m3-decode-new-1-1");
  EXPECT_EQ(write.key.ToString(), "serving/minimax-m3-decode-new-1-1");
  EXPECT_EQ(write.stage, Stage::kPods);
  EXPECT_EQ(write.reason, "surplus: 1 wanted");
}

TEST(PlanPods, SaysWhyAPodIsMade) {
  const std::pair<PodBuilder, const char*> cases[] = {
      {Decode(0).On("no-more").Running().Deleting(),
       "create decode-0 (incarnation 2): node no-more is gone"},
      {Decode(0).Ready().Deleting(), "create decode-0 (incarnation 2): its pod was deleted"},
      {OldRevision(0).Ready(), "create decode-0 (incarnation 2): revision new"},
      {Decode(0).On("b200-0").Failed("Evicted", "low on memory").FinishedAt(kNow - 60),
       "create decode-0 (incarnation 2): Evicted: low on memory"},
  };
  for (const auto& [pod, reason] : cases) {
    EXPECT_EQ(Plan({.pods = {pod}}).writes.back().reason, reason);
  }
  EXPECT_EQ(Plan({}).writes.at(0).reason, "create decode-0 (incarnation 1)");
}

TEST(PlanPods, RendersFromTheStoredTemplate) {
  const PodPlan plan = Plan({});
  ASSERT_EQ(plan.writes.size(), 1u);
  const auto& body = plan.writes[0].body;
  EXPECT_EQ(body.at("metadata").at("name"), plan.writes[0].key.name);
  EXPECT_EQ(body.at("metadata").at("labels").at(api::kLabelRoleRevision), "new");
  EXPECT_EQ(body.at("spec").at("containers").at(0).at("name"), "engine");
}

TEST(PlanPods, AsksForThePayloadOnlyWhenAPodHasToBeMade) {
  const PodPlan missing = Plan({.payload = false});
  EXPECT_THAT(missing.needs_payloads, ElementsAre("r"));
  EXPECT_THAT(missing.writes, IsEmpty());
  EXPECT_THAT(Plan({.pods = {Decode(0).Ready()}, .payload = false}).needs_payloads, IsEmpty());
  EXPECT_THAT(Plan({.pods = {Decode(0).Ready()}, .desired = 0, .payload = false}).needs_payloads,
              IsEmpty());
  EXPECT_THAT(Plan({.pods = {OldContract(0).Ready()}, .payload = false}).needs_payloads, IsEmpty());
}

TEST(PlanPods, PlansEachRoleByItself) {
  const render::Revision revision =
      RevisionBuilder("r").Role(kPrefill, "p").Role(kDecode, "new").Payload();
  const Snapshot snapshot = SnapshotOf(
      DeploymentBuilder(), {PodBuilder(kPrefill, 0).Of("p").Ready(), Decode(0).Of("old").Ready()});
  const PodPlan plan = PlanPods(snapshot, ClassifyPods(snapshot),
                                {.revision = revision.identity,
                                 .desired = {{kPrefill, 2}, {kDecode, 1}},
                                 .payload = &revision});
  EXPECT_THAT(Describe(plan.writes),
              ElementsAre("create prefill-1-1", "delete decode-0-1", "create decode-0-2"));
}

}  // namespace
}  // namespace disagg::planning
