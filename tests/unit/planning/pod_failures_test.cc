// What a failed pod means for its successor: back-off, history, nodes to avoid.

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/pod_planner.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Pods = std::vector<std::shared_ptr<const kube::Pod>>;

// `others`: nodes that the cluster has and that are free.
PodPlan Plan(const Pods& pods, int desired = 1, const std::vector<const char*>& others = {}) {
  static const render::Revision kRevision = RevisionBuilder("r").Role(kDecode, "new").Payload();
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), pods);
  snapshot.nodes["drained"] =
      NodeBuilder("drained").Taint("node.kubernetes.io/out-of-service").Build();
  for (const char* name : others) snapshot.capacity.push_back({NodeBuilder(name).Build(), {}});
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
      {"a pod that is deleted soon after its creation is followed at once",
       Decode(0).CreatedAt(kNow - 1).On("b200-0").Deleting(), std::nullopt},
      {"but not the second one in a row",
       Decode(0).CreatedAt(kNow - 1).On("b200-0").Deleting().Retries(1), kNow + 19},
      {"nor the second one in a row on a node out of service",
       Decode(0).CreatedAt(kNow - 1).On("drained").Running().Deleting().Retries(1), kNow + 19},
      {"one that lived for ten minutes is followed at once, whatever came before it",
       Decode(0).CreatedAt(kNow - 600).On("b200-0").Deleting().Retries(9), std::nullopt},
  };
  for (const BackoffCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    const PodPlan plan = Plan({c.failed});
    EXPECT_EQ(plan.wake_at, c.wake_at);
    EXPECT_THAT(Describe(plan.writes), Contains(StartsWith("create")).Times(c.wake_at ? 0 : 1));
  }
}

TEST(Backoff, IsToldWithItsCause) {
  EXPECT_THAT(Describe(Plan({Failed(1)}).explanations),
              ElementsAre("decode-0 waits after a failure: Evicted",
                          "decode-0 keeps its failed pod until a successor is ready: Evicted"));
}

TEST(Backoff, HoldsUpNoOtherSlot) {
  const PodPlan plan = Plan({Failed(1)}, 3);
  EXPECT_THAT(Describe(plan.writes), ElementsAre("create decode-1-1", "create decode-2-1"));
}

TEST(Backoff, DoesNotFollowACrashLoop) {
  const auto loop = Decode(0).CreatedAt(kNow - 400).On("b200-0").Running().CrashLoops();
  EXPECT_THAT(Describe(Plan({loop}).writes), ElementsAre("delete decode-0-1", "create decode-0-2"));
}

TEST(History, IsCarriedFromPodToPod) {
  const PodPlan plan = Plan({Failed(600, 4).Retries(3).Failures("b200-0=1,b200-1=1")});
  EXPECT_THAT(Describe(plan.writes), ElementsAre("create decode-0-5"));
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "4");
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-0=2,b200-1=1");
}

TEST(History, OfACrashLoopIsCarriedToo) {
  const PodPlan plan =
      Plan({Decode(0).CreatedAt(kNow - 400).On("b200-1").Running().CrashLoops().Retries(1)});
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "2");
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-1=1");
}

TEST(History, SurvivesAPodThatWasDeletedOrLost) {
  for (const PodBuilder& pod :
       {Decode(0).Ready().Deleting(), Decode(0).On("no-more").Running().Deleting()}) {
    const auto young = PodBuilder(pod).CreatedAt(kNow - 60).Retries(2).Failures("b200-1=2");
    const PodPlan plan = Plan({young});
    EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "b200-1=2");
    EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "3") << "it died young again";
    const PodPlan later = Plan({PodBuilder(young).CreatedAt(kNow - 600)});
    EXPECT_EQ(AnnotationOf(later, api::kAnnotationRetries), "") << "it had come through it";
  }
}

TEST(History, OfAnOlderRevisionTellsNothing) {
  const PodPlan plan = Plan({Failed(1).Of("old").Retries(5).Failures("b200-0=2")});
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationRetries), "");
  EXPECT_EQ(AnnotationOf(plan, api::kAnnotationFailures), "");
}

// -- nodes to keep away from

// Failed on b200-0 ten minutes ago, by its fault, after `before` such failures on it.
PodBuilder Faulty(int before, int seconds_ago = 600) {
  return Decode(0)
      .CreatedAt(kNow - seconds_ago)
      .On("b200-0")
      .Failed("UnexpectedAdmissionError", "no healthy devices")
      .Faults("b200-0=" + std::to_string(before) + "@" + std::to_string(kNow - 700));
}

const nlohmann::json& SpecOf(const PodPlan& plan) { return plan.writes.back().body.at("spec"); }

// "strictly b200-0", "rather not b200-0", or "" where it may go anywhere.
std::string Avoidance(const PodPlan& plan) {
  const nlohmann::json affinity =
      SpecOf(plan).value(nlohmann::json::json_pointer("/affinity/nodeAffinity"), nlohmann::json());
  if (affinity.is_null()) return "";
  const nlohmann::json::json_pointer strict(
      "/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0");
  const nlohmann::json::json_pointer rather(
      "/preferredDuringSchedulingIgnoredDuringExecution/0/preference/matchFields/0");
  const bool strictly = affinity.contains(strict);
  const nlohmann::json& field = affinity.at(strictly ? strict : rather);
  EXPECT_EQ(field.at("key"), "metadata.name");
  EXPECT_EQ(field.at("operator"), "NotIn");
  return (strictly ? "strictly " : "rather not ") + field.at("values").at(0).get<std::string>();
}

TEST(Bans, FollowTheThirdFaultOfANodeWithinAnHour) {
  struct Case {
    const char* sentence;
    PodBuilder failed;
    std::string avoids;
  };
  const Case cases[] = {
      {"the second fault bans nothing", Faulty(1), ""},
      {"the third one does", Faulty(2), "strictly b200-0"},
      {"faults of more than an hour ago are forgotten",
       Faulty(2).Faults("b200-0=2@" + std::to_string(kNow - 3600)), ""},
      {"an annotation of an older operator is of no time", Faulty(2).Faults("b200-0=2"), ""},
      {"an eviction is not the node's fault",
       Faulty(2).Failed("Evicted", "Pod ephemeral local storage usage exceeds the total limit"),
       ""},
      {"nor is an engine that crashes", Faulty(2).Failed("", "").Terminated("Error", 1), ""},
      {"a device that the runtime does not find is",
       Faulty(2).Failed("", "").Terminated("StartError", 128, "nvidia-container-cli: no device"),
       "strictly b200-0"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.sentence);
    EXPECT_EQ(Avoidance(Plan({c.failed}, 1, {"b200-0", "b200-1"})), c.avoids);
  }
}

TEST(Bans, NeverTakeTheLastNodeThatFits) {
  EXPECT_EQ(Avoidance(Plan({Faulty(2)}, 1, {"b200-0"})), "rather not b200-0");
  EXPECT_EQ(Avoidance(Plan({Faulty(2)})), "rather not b200-0") << "no other node is known";
}

TEST(Bans, AreToldWithWhatLiftsThem) {
  const PodPlan plan = Plan({Faulty(2)}, 1, {"b200-0", "b200-1"});
  const std::vector<std::string> told = Describe(plan.explanations);
  ASSERT_THAT(told, ::testing::SizeIs(2));
  EXPECT_THAT(told[0], HasSubstr("decode-0 avoids node b200-0, where it failed 3 times, until "));
  EXPECT_THAT(told[0], HasSubstr("repair the node and delete the pod"));
}

PodBuilder Waiting(std::int64_t fault) {
  return Decode(0, 4)
      .Unschedulable("0/1 nodes are available")
      .Faults("b200-0=3@" + std::to_string(fault))
      .Avoids("b200-0");
}

TEST(Bans, PassForAPodThatWaitsBecauseOfThem) {
  EXPECT_THAT(Plan({Waiting(kNow - 60)}, 1, {"b200-0", "b200-1"}).writes, IsEmpty());
  EXPECT_EQ(Plan({Waiting(kNow - 60)}, 1, {"b200-0", "b200-1"}).wake_at, kNow - 60 + 3600);
  for (const PodPlan& plan : {Plan({Waiting(kNow - 3600)}, 1, {"b200-0", "b200-1"}),
                              Plan({Waiting(kNow - 60)}, 1, {"b200-0"})}) {
    ASSERT_THAT(Describe(plan.writes), ElementsAre("delete decode-0-4", "create decode-0-5"));
    EXPECT_THAT(Avoidance(plan), ::testing::Not(StartsWith("strictly")));
  }
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
       {Decode(0).CreatedAt(kNow - 400).On("b200-0").Running().CrashLoops(), Decode(0, 2)},
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
