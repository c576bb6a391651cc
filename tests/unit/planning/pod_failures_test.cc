// What a failed pod means for its successor: back-off, history, nodes to avoid.

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/pod_planner.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Pods = std::vector<std::shared_ptr<const kube::Pod>>;

PodPlan Plan(const Pods& pods, int desired = 1) {
  static const render::Revision kRevision = RevisionBuilder("r").Role(kDecode, "new").Payload();
  const Snapshot snapshot = SnapshotOf(DeploymentBuilder(), pods);
  return PlanPods(
      snapshot, ClassifyPods(snapshot),
      {.revision = kRevision.identity, .desired = {{kDecode, desired}}, .payload = &kRevision});
}

PodBuilder Decode(int replica, int incarnation = 1) {
  return PodBuilder(kDecode, replica, incarnation);
}

// Failed on b200-0 so many seconds ago.
PodBuilder Failed(int seconds_ago, int incarnation = 1) {
  return Decode(0, incarnation)
      .CreatedAt(kNow - seconds_ago - 30)
      .On("b200-0")
      .Failed("Evicted")
      .FinishedAt(kNow - seconds_ago);
}

std::string AnnotationOf(const PodPlan& plan, const char* key) {
  const auto& annotations = plan.writes.back().body.at("metadata").at("annotations");
  return annotations.value(key, "");
}

struct BackoffCase {
  const char* sentence;
  PodBuilder failed;
  std::optional<std::int64_t> wake_at;  // nothing: the successor is made
};

TEST(Backoff, GrowsWithFailuresInARow) {
  const BackoffCase cases[] = {
      {"the first failure waits 10 s", Failed(9), kNow + 1},
      {"and no longer", Failed(10), std::nullopt},
      {"the second waits 20 s", Failed(19).Retries(1), kNow + 1},
      {"and no longer", Failed(20).Retries(1), std::nullopt},
      {"the sixth waits 320 s", Failed(100).Retries(5), kNow + 220},
      {"the seventh and all that follow wait 10 minutes", Failed(599).Retries(40), kNow + 1},
      {"and no longer", Failed(600).Retries(40), std::nullopt},
      {"whoever lived for more than ten minutes starts anew",
       Decode(0).CreatedAt(kNow - 700).On("b200-0").Failed().FinishedAt(kNow - 11).Retries(7),
       std::nullopt},
      {"a pod that the kubelet never admitted is counted from its creation",
       Decode(0).CreatedAt(kNow - 5).On("b200-0").Failed("UnexpectedAdmissionError"), kNow + 5},
      {"a failed pod that is being deleted is not waited for", Failed(1).Deleting(), std::nullopt},
  };
  for (const BackoffCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    const PodPlan plan = Plan({c.failed});
    EXPECT_EQ(plan.wake_at, c.wake_at);
    EXPECT_EQ(plan.writes.empty(), c.wake_at.has_value());
  }
}

TEST(Backoff, IsToldWithItsCause) {
  EXPECT_THAT(Plan({Failed(1)}).explanations,
              ElementsAre("decode-0 waits after a failure: Evicted"));
}

TEST(Backoff, HoldsUpNoOtherSlot) {
  const PodPlan plan = Plan({Failed(1)}, 3);
  EXPECT_THAT(Describe(plan.writes), ElementsAre("create decode-1-1", "create decode-2-1"));
}

TEST(Backoff, DoesNotFollowACrashLoop) {
  const auto loop = Decode(0).CreatedAt(kNow - 400).On("b200-0").Running().Restarts(5, kNow - 1);
  EXPECT_THAT(Describe(Plan({loop}).writes), ElementsAre("delete decode-0-1", "create decode-0-2"));
}

TEST(History, IsCarriedFromPodToPod) {
  const PodPlan plan = Plan({Failed(600, 4).Retries(3).Failures("b200-0=1,b200-1=1")});
  EXPECT_THAT(Describe(plan.writes), ElementsAre("create decode-0-5"));
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "4");
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-0=2,b200-1=1");
}

TEST(History, OfACrashLoopIsCarriedToo) {
  const PodPlan plan = Plan(
      {Decode(0).CreatedAt(kNow - 400).On("b200-1").Running().Restarts(6, kNow - 1).Retries(1)});
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "2");
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-1=1");
}

TEST(History, SurvivesAPodThatWasDeletedOrLost) {
  for (const PodBuilder& pod : {Decode(0).Ready().Deleting(), Decode(0).On("no-more").Running()}) {
    const PodPlan plan = Plan({PodBuilder(pod).Retries(2).Failures("b200-1=2")});
    EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-1=2");
    EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "");
  }
}

TEST(History, OfAnOlderRevisionTellsNothing) {
  const PodPlan plan = Plan({Failed(1).Of("old").Retries(5).Failures("b200-0=2")});
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "");
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "");
}

std::vector<std::string> AvoidedNodes(const PodPlan& plan) {
  const auto& spec = plan.writes.back().body.at("spec");
  if (!spec.contains("affinity")) return {};
  return spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
             ["nodeSelectorTerms"][0]["matchExpressions"][0]["values"];
}

TEST(AvoidedNodes, AreThoseOnWhichASlotFailedThreeTimes) {
  EXPECT_THAT(AvoidedNodes(Plan({Failed(600).Retries(1).Failures("b200-0=1")})), IsEmpty());
  EXPECT_THAT(AvoidedNodes(Plan({Failed(600).Retries(2).Failures("b200-0=2")})),
              ElementsAre("b200-0"));
  EXPECT_THAT(AvoidedNodes(Plan({Failed(600).Retries(2).Failures("b200-0=2,b200-1=3")})),
              ElementsAre("b200-0", "b200-1"));
}

TEST(AvoidedNodes, AreForgottenAfterALongLife) {
  const auto long_lived = Decode(0).CreatedAt(kNow - 86'400).On("b200-0").Failed("NodeShutdown");
  const PodPlan plan =
      Plan({PodBuilder(long_lived).FinishedAt(kNow - 60).Failures("b200-0=2,b200-1=3")});
  EXPECT_THAT(AvoidedNodes(plan), IsEmpty());
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-0=1");
}

struct KeptCase {
  const char* sentence;
  Pods pods;
  std::vector<std::string> writes;
};

TEST(FailedPods, AreKeptUntilTheirSuccessorIsReady) {
  const auto starting = Decode(0, 2).On("b200-1").Running();
  const KeptCase cases[] = {
      {"the failed pod stays while its successor waits", {Failed(20), Decode(0, 2)}, {}},
      {"and while it starts", {Failed(20), starting}, {}},
      {"it goes when the successor is ready",
       {Failed(20), Decode(0, 2).Ready()},
       {"delete decode-0-1"}},
      {"of two failed pods the newer one stays", {Failed(90), Failed(5, 2)}, {"delete decode-0-1"}},
      {"a crash loop that was left behind does not stay: it holds what its successor needs",
       {Decode(0).CreatedAt(kNow - 400).On("b200-0").Running().Restarts(5, kNow - 1), Decode(0, 2)},
       {"delete decode-0-1"}},
      {"one that is being deleted is not deleted again",
       {Failed(20).Deleting(), Decode(0, 2).Ready()},
       {}},
  };
  for (const KeptCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    EXPECT_THAT(Describe(Plan(c.pods).writes), ::testing::ElementsAreArray(c.writes));
  }
}

}  // namespace
}  // namespace disagg::planning
