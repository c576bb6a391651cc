// What lasts is told: requests that fail for long, caches that are not live, objects in the way,
// pods that nobody starts.

#include <functional>

#include <gmock/gmock.h>

#include "controllers/planning/deployment_planner.h"
#include "controllers/planning/problems.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ProblemReport Report(const Snapshot& snapshot, const Plan& plan = {}, const Outcome& outcome = {}) {
  return FindProblems(snapshot, plan, outcome, ClassifyPods(snapshot), 8);
}

std::vector<std::string> Reasons(const ProblemReport& report) {
  std::vector<std::string> reasons;
  for (const Problem& problem : report.problems) reasons.push_back(problem.reason);
  return reasons;
}

Trouble DeadWebhook(std::int64_t since) {
  return {.what = "create Pod minimax-m3-decode-new-0-1",
          .role = "decode",
          .pod = "minimax-m3-decode-new-0-1",
          .reason = "InternalError",
          .message = "failed calling webhook \"gate.example.com\": connection refused",
          .since = since,
          .retryable = true};
}

std::shared_ptr<const kube::RawObject> ServiceEnding(std::int64_t time) {
  auto service = std::make_shared<kube::RawObject>();
  service->meta.name = "minimax-m3";
  service->meta.deletion_time = time;
  service->meta.finalizers = "service.kubernetes.io/load-balancer-cleanup";
  return service;
}

TEST(Troubles, AreToldWithTheWordsOfTheServerWhenTheyLast) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.troubles = {DeadWebhook(kNow - 30)};
  const ProblemReport report = Report(snapshot);
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].reason, "WebhookFailed");
  EXPECT_EQ(report.problems[0].role, "decode");
  EXPECT_EQ(report.problems[0].message,
            "create Pod minimax-m3-decode-new-0-1 has failed since 2026-11-24T09:59:30Z: failed "
            "calling webhook \"gate.example.com\": connection refused; the operator retries it");
}

TEST(Troubles, WakeThePlannerForTheMomentAtWhichTheyAreTold) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.troubles = {DeadWebhook(kNow - 29)};
  EXPECT_THAT(Report(snapshot).problems, IsEmpty());
  EXPECT_EQ(Report(snapshot).wake_at, kNow + 1);
  EXPECT_EQ(PlanStatus(snapshot, PlanDeployment(snapshot), {}).wake_at, kNow + 1);
}

struct TroubleCase {
  const char* sentence;
  std::function<void(Trouble&)> change;
  const char* reason;
};

TEST(Troubles, HaveAReasonInOneWord) {
  const TroubleCase cases[] = {
      {"a webhook that does not answer", [](Trouble&) {}, "WebhookFailed"},
      {"a right that is missing",
       [](Trouble& trouble) {
         trouble.reason = "Forbidden";
         trouble.message = "cannot create resource \"pods\"";
       },
       "Forbidden"},
      {"a proxy that names none",
       [](Trouble& trouble) {
         trouble.reason = "<html>";
         trouble.message = "502";
       },
       "RequestFailed"},
      {"an object that is wrong, at once",
       [](Trouble& trouble) {
         trouble.retryable = false;
         trouble.since = kNow;
         trouble.reason = "NameConflict";
         trouble.message = "belongs to Deployment x";
       },
       "NameConflict"},
  };
  for (const TroubleCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    Snapshot snapshot = SnapshotOf(DeploymentBuilder());
    snapshot.troubles = {DeadWebhook(kNow - 60)};
    c.change(snapshot.troubles[0]);
    EXPECT_THAT(Reasons(Report(snapshot)), ElementsAre(c.reason));
  }
}

TEST(Troubles, AreToldOnceForAllPodsOfARole) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.troubles = {DeadWebhook(kNow - 60), DeadWebhook(kNow - 50)};
  snapshot.troubles[1].what = "create Pod minimax-m3-decode-new-1-1";
  snapshot.troubles[1].message += " again";
  EXPECT_THAT(Report(snapshot).problems, SizeIs(1));
}

TEST(Troubles, AreNotToldTwiceWhenTheWriteOfThisPassFailedToo) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  Write write;
  write.resource = kube::kPods;
  write.key = {"serving", "a"};
  const Outcome outcome{
      .executed = true,
      .failed = {{&write, Answer(base::ErrorCode::kInvalid, "NameConflict", "belongs to x")}},
      .refusal = ""};
  snapshot.troubles = {DeadWebhook(kNow - 60)};
  snapshot.troubles[0].message = "belongs to x";
  snapshot.troubles[0].retryable = false;
  EXPECT_THAT(Reasons(Report(snapshot, {}, outcome)), ElementsAre("NameConflict"));
}

TEST(Troubles, AreInTheReasonOfReady) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.troubles = {DeadWebhook(kNow - 60)};
  const StatusPlan status = PlanStatus(snapshot, PlanDeployment(snapshot), {});
  const api::StatusView view = ReadStatus(status.status);
  ASSERT_NE(view.Find("Ready"), nullptr);
  EXPECT_EQ(view.Find("Ready")->status, "False");
  EXPECT_EQ(view.Find("Ready")->reason, "WebhookFailed");
  EXPECT_THAT(view.Find("Ready")->message, HasSubstr("gate.example.com"));
  EXPECT_EQ(view.Find("Stalled"), nullptr) << "it passes without a change of the object";
  EXPECT_THAT(view.Find("Reconciling")->message, HasSubstr("gate.example.com"));
  EXPECT_EQ(status.status.at("summary").at("reason"), "WebhookFailed");
}

TEST(Caches, ThatAreNotLiveAreToldAndLookedAtAgain) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.not_live["nodes"] = "nodes is forbidden";
  const ProblemReport report = Report(snapshot);
  EXPECT_THAT(Reasons(report), ElementsAre("CacheNotLive"));
  EXPECT_EQ(report.problems[0].message,
            "the operator cannot watch nodes: nodes is forbidden; until it can, it deletes nothing "
            "because of nodes that it does not see");
  EXPECT_EQ(report.wake_at, kNow + 10);
}

TEST(StuckObjects, WakeThePlannerForTheMomentAtWhichTheyAreTold) {
  Snapshot snapshot =
      SnapshotOf(DeploymentBuilder(), {PodBuilder(kDecode, 0).Ready().EndingBy(kNow + 50)});
  EXPECT_EQ(Report(snapshot).wake_at, kNow + 80);
  snapshot.children = {{kube::kServices, ServiceEnding(kNow - 29)}};
  EXPECT_EQ(Report(snapshot).wake_at, kNow + 1);
}

TEST(StuckObjects, OfOtherKindsAreToldWithTheirFinalizers) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.children = {{kube::kServices, ServiceEnding(kNow - 30)}};
  const ProblemReport report = Report(snapshot);
  ASSERT_THAT(Reasons(report), ElementsAre("StuckTerminating"));
  EXPECT_EQ(report.problems[0].message,
            "Service minimax-m3 was deleted at 2026-11-24T09:59:30Z and is still there: its "
            "finalizers keep it: service.kubernetes.io/load-balancer-cleanup; whoever set them has "
            "to remove them; until then it is not created again");
}

TEST(Leftovers, ThatNobodyDeletesAreOneMessageWithTheCommand) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.leftovers = {
      {.resource = kube::kPods, .name = "minimax-m3-decode-x-0-1", .uid = "a", .owner_uid = ""},
      {.resource = kube::kPodDisruptionBudgets,
       .name = "minimax-m3-decode",
       .uid = "b",
       .owner_uid = ""},
      {.resource = kube::kPods,
       .name = "minimax-m3-decode-x-1-1",
       .uid = "c",
       .owner_uid = "earlier",
       .deleting = true}};
  const ProblemReport report = Report(snapshot);
  EXPECT_THAT(Reasons(report), ElementsAre("OrphanedObjects", "WaitingForDeletion"));
  EXPECT_THAT(report.problems[0].message,
              HasSubstr("2 objects of an earlier DisaggDeployment of this name are left: 1 in the "
                        "way, 1 pod that may still hold GPUs, and nobody deletes them; to delete "
                        "them: kubectl delete -n serving pods/minimax-m3-decode-x-0-1 "
                        "poddisruptionbudgets.policy/minimax-m3-decode"));
  const api::StatusView view =
      ReadStatus(PlanStatus(snapshot, PlanDeployment(snapshot), {}).status);
  ASSERT_NE(view.Find("Stalled"), nullptr);
  EXPECT_EQ(view.Find("Stalled")->reason, "OrphanedObjects");
}

TEST(Leftovers, ThatAreOnlyPodsAreInNobodysWay) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  snapshot.leftovers = {
      {.resource = kube::kPods, .name = "minimax-m3-decode-x-0-1", .uid = "a", .owner_uid = ""}};
  const ProblemReport report = Report(snapshot);
  EXPECT_EQ(report.problems.at(0).message,
            "1 pod of an earlier DisaggDeployment of this name may still hold GPUs, and nobody "
            "deletes it; to delete it: kubectl delete -n serving pods/minimax-m3-decode-x-0-1");
  const StatusPlan status = PlanStatus(snapshot, PlanDeployment(snapshot), {});
  EXPECT_EQ(ReadStatus(status.status).Find("Stalled"), nullptr) << "nothing waits for it";
}

TEST(Leftovers, ThatAreTooManyForOneCommandAreNamedWhole) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  for (int i = 10; i < 70; ++i) {
    snapshot.leftovers.push_back({kube::kPods, "minimax-m3-decode-x-0-" + std::to_string(i),
                                  std::to_string(i), /*owner_uid=*/"", /*deleting=*/false});
  }
  const std::string problem = Report(snapshot).problems[0].message;
  EXPECT_LE(problem.size(), kLongestProblem);
  EXPECT_THAT(problem,
              HasSubstr("60 pods of an earlier DisaggDeployment of this name may still hold "
                        "GPUs, and nobody deletes them; to delete the first 23 of them: "
                        "kubectl delete -n serving pods/minimax-m3-decode-x-0-10 "));
  EXPECT_TRUE(problem.ends_with(" pods/minimax-m3-decode-x-0-32")) << problem;
}

TEST(Problems, AreInTheOrderOfTheirSeverity) {
  Snapshot snapshot =
      SnapshotOf(DeploymentBuilder().Replicas(kDecode, 2),
                 {PodBuilder(kPrefill, 0).Ready(), PodBuilder(kPrefill, 1).Failed("Evicted"),
                  PodBuilder(kDecode, 0).On("b200-0").Waiting("ErrImagePull")});
  snapshot.not_live["nodes"] = "forbidden";
  snapshot.leftovers = {
      {.resource = kube::kPods, .name = "x", .uid = "a", .owner_uid = "o", .deleting = true}};
  Plan plan;
  plan.paused = true;
  plan.errors = {{"spec.model.ref", "unknown", "ModelNotFound"}};
  EXPECT_THAT(Reasons(Report(snapshot, plan, {.executed = true, .failed = {}, .refusal = "no"})),
              ElementsAre("ModelNotFound", "RefusedByCluster", "CacheNotLive", "ImagePullFailed",
                          "Evicted", "WaitingForDeletion", "Paused"));
}

struct SilentCase {
  const char* sentence;
  PodBuilder pod;
  const char* reason;  // empty: nothing is told yet
  const char* words;
  std::optional<std::int64_t> wake_at;
};

TEST(PodProblems, TellOfPodsThatNobodyStarts) {
  const auto bound = [](std::int64_t ago) {
    return PodBuilder(kDecode, 0).CreatedAt(kNow - 3600).On("b200-0").ScheduledAt(kNow - ago);
  };
  const auto waiting = PodBuilder(kDecode, 0).CreatedAt(kNow - 30);
  const SilentCase cases[] = {
      {"a scheduler that does not exist", PodBuilder(waiting).Scheduler("volcano"),
       "SchedulerSilent",
       "decode-0 since 2026-11-24T09:59:30Z: does scheduler \"volcano\" run? If not, correct "
       "spec.placement.schedulerName",
       std::nullopt},
      {"a scheduler that a webhook of others names", PodBuilder(waiting).Scheduler("kueue"),
       "SchedulerSilent",
       "does scheduler \"kueue\" run? This deployment does not name it; a policy or webhook",
       std::nullopt},
      {"the cluster's scheduler is away", waiting, "SchedulerSilent",
       "does scheduler \"default-scheduler\" run?", std::nullopt},
      {"a scheduler has some seconds", PodBuilder(kDecode, 0).CreatedAt(kNow - 20), "", "",
       kNow + 10},
      {"scheduling gates", PodBuilder(waiting).Gates("example.com/quota"), "SchedulingGated",
       "its scheduling gates: example.com/quota", std::nullopt},
      {"a kubelet that says nothing", bound(60), "KubeletSilent",
       "the kubelet of node b200-0 has not started it since 2026-11-24T09:59:00Z", std::nullopt},
      {"volumes that are not mounted", bound(60).Waiting("ContainerCreating").WithoutSandbox(),
       "SandboxNotReady", "kubectl describe pod minimax-m3-decode-new-0-1 -n serving",
       std::nullopt},
      {"a volume that takes its time", bound(30).Waiting("ContainerCreating").WithoutSandbox(), "",
       "", kNow + 30},
      {"an image that is pulled for ten minutes", bound(600).Waiting("ContainerCreating"),
       "ContainerCreating", "its image is still pulled", std::nullopt},
      {"an image that is pulled for five minutes", bound(300).Waiting("ContainerCreating"), "", "",
       kNow + 300},
  };
  for (const SilentCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    DeploymentBuilder deployment;
    deployment.spec().placement.scheduler_name = "volcano";
    const ProblemReport report = Report(SnapshotOf(deployment, {c.pod}));
    EXPECT_EQ(report.wake_at, c.wake_at);
    if (std::string(c.reason).empty()) {
      EXPECT_THAT(report.problems, IsEmpty());
      continue;
    }
    ASSERT_THAT(report.problems, SizeIs(1));
    EXPECT_EQ(report.problems[0].reason, c.reason);
    EXPECT_THAT(report.problems[0].message, HasSubstr(c.words));
  }
}

}  // namespace
}  // namespace disagg::planning
