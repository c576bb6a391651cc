// Replicas over several nodes: ranks are created, end and are counted as one. decode-0-1-1 is rank
// 1 of the first incarnation of decode-0.

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// Two nodes of eight GPUs.
DeploymentBuilder OverTwoNodes(int replicas = 1) {
  DeploymentBuilder deployment;
  api::RoleSpec& decode = deployment.spec().roles[kDecode];
  decode.replicas = replicas;
  decode.parallelism = {.tensor = 16};
  return deployment;
}

World RunningOverTwoNodes(int replicas = 1) {
  World world(OverTwoNodes(replicas));
  EXPECT_TRUE(world.Settle().status.ready);
  world.Advance(60);
  return world;
}

std::vector<std::string> DecodePods(const World& world) {
  std::vector<std::string> names;
  for (const auto& pod : world.pods()) {
    const std::size_t found = pod->meta.name.find("-decode-");
    // minimax-m3-decode-<8 characters>-0-1-1
    if (found != std::string::npos) names.push_back(pod->meta.name.substr(found + 17));
  }
  return names;
}

// Of decode: "0-1-1".
kube::Pod& Find(World& world, const std::string& name) {
  for (const auto& pod : world.pods()) {
    if (pod->meta.label(api::kLabelRole) == "decode" && pod->meta.name.ends_with("-" + name)) {
      return *pod;
    }
  }
  throw std::logic_error("no pod decode-" + name);
}

void ExitWithError(kube::Pod& pod, std::int64_t now) {
  pod.phase = kube::PodPhase::kFailed;
  pod.ready = false;
  kube::ContainerState& engine = pod.containers.front();
  engine.running = false;
  engine.last_exit_code = 1;
  engine.last_started_at = engine.started_at;
  engine.last_finished_at = now;
}

// As JSON; empty: there is none.
std::string BudgetOf(const World& world) {
  for (const Child& child : world.TakeSnapshot().children) {
    if (child.object->meta.name == "minimax-m3-decode") return child.object->json.Unpack();
  }
  return "";
}

TEST(Ranks, FollowersAreCreatedBeforeTheirLeader) {
  World world(OverTwoNodes());
  EXPECT_THAT(world.RunPass().WorkerWrites(),
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-1-1"));
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create decode-0-1-0"));
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty());
  world.EverythingGoesWell();
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(world.Children(), Contains("Service/minimax-m3-peers"));
}

TEST(Ranks, AreAskedAboutOnceOfEachKind) {
  World world(OverTwoNodes());
  EXPECT_THAT(world.RunPass().asked, UnorderedElementsAre("ask prefill-0-1", "ask decode-0-1-0",
                                                          "ask decode-0-1-1", "ask router-0-1"));
}

TEST(Ranks, CountAsOneReplica) {
  World world = RunningOverTwoNodes(2);
  EXPECT_EQ(RoleStatus(world, "decode")["ready"], 2);
  EXPECT_EQ(RoleStatus(world, "decode")["created"], 2);
  world.At(kDecode, 0).ready = false;  // one rank of four
  world.RunPass();
  EXPECT_EQ(RoleStatus(world, "decode")["ready"], 1);
}

TEST(Ranks, ThatCouldNotBeCreatedAreCreatedLater) {
  for (const char* refused : {"decode-0-1-0", "decode-0-1-1"}) {
    SCOPED_TRACE(refused);
    World world(OverTwoNodes());
    world.fails = [&](const Write& write) -> std::optional<base::Error> {
      if (write.verb != Verb::kCreate || Describe(write) != std::string("create ") + refused) {
        return std::nullopt;
      }
      return Answer(base::ErrorCode::kForbidden, "QuotaExceeded", "exceeded quota: gpus");
    };
    for (int i = 0; i < 4; ++i) {
      EXPECT_THAT(world.RunPass().writes, Not(Contains(HasSubstr("delete"))));
      world.EverythingGoesWell();
      world.Advance(11);
    }
    world.fails = Accept;
    EXPECT_TRUE(world.Settle().status.ready);
    EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-1-0", "0-1-1"));
  }
}

TEST(Ranks, EndWhenOneIsDeleted) {
  World world = RunningOverTwoNodes(2);
  world.DeletePod(kDecode, 1);
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.WorkerWrites(),
              UnorderedElementsAre(HasSubstr("delete decode-1-1-"), "create decode-1-2-1"))
      << "nobody else moves";
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-1-0", "0-1-1", "1-2-0", "1-2-1"));
}

TEST(Ranks, EndWhenOneFails) {
  World world = RunningOverTwoNodes();
  world.Fail(kDecode, 0, "OOMKilled");
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre(HasSubstr("delete decode-0-1-")))
      << "the one that failed stays to be looked at; its successor waits";
  world.EndTerminating();
  world.Advance(11);
  EXPECT_THAT(world.RunPass().WorkerWrites(), ElementsAre("create decode-0-2-1"));
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-2-0", "0-2-1"));
}

TEST(Ranks, EndWhenOneVanishesAndOnlyWhenTheApiServerConfirms) {
  World world = RunningOverTwoNodes();
  world.RunPass();
  world.RemovePod(kDecode, 0, /*rank=*/1);
  const Pass pass = world.RunPass();
  ASSERT_THAT(Describe(pass.plan.writes), Contains("delete decode-0-1-0"));
  for (const Write& write : pass.plan.writes) {
    if (Describe(write) != "delete decode-0-1-0") continue;
    ASSERT_TRUE(write.because_absent);
    EXPECT_TRUE(write.because_absent->key.name.ends_with("-0-1-1"));
  }
  EXPECT_THAT(pass.WorkerWrites(), Not(Contains(HasSubstr("create"))))
      << "the API server may say that it is there";
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-2-0", "0-2-1"));
}

TEST(Ranks, AreNotEndedByWhatABrokenCacheDoesNotShow) {
  World world = RunningOverTwoNodes();
  Snapshot snapshot = world.TakeSnapshot();
  std::erase_if(snapshot.pods, [](const auto& pod) { return pod->meta.name.ends_with("-0-1-1"); });
  snapshot.not_live["pods"] = "forbidden";
  EXPECT_THAT(PlanDeployment(snapshot).writes, IsEmpty());
}

TEST(Ranks, OfALostNodeAreReplacedWholeAndOnlyWhenTheNodeIsGone) {
  World world = RunningOverTwoNodes();
  world.LoseNode(world.At(kDecode, 0).node_name);
  const Pass pass = world.RunPass();
  for (const Write& write : pass.plan.writes) {
    if (write.verb != Verb::kDelete || write.key.name.find("decode") == std::string::npos) continue;
    ASSERT_TRUE(write.because_absent) << Describe(write);
    EXPECT_EQ(write.because_absent->resource, kube::kNodes);
  }
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-2-0", "0-2-1"));
}

TEST(Ranks, OfWhatNoLongerIsWantedEndLeaderFirst) {
  struct Case {
    const char* sentence;
    void (*edit)(api::DeploymentSpec&);
  };
  const Case cases[] = {
      {"suspended", Suspend},
      {"fewer replicas", [](auto& spec) { spec.roles[kDecode].replicas = 0; }},
      {"another contract", ChangeImage},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.sentence);
    World world = RunningOverTwoNodes();
    world.Edit(c.edit);
    const Pass first = world.RunPass();
    EXPECT_THAT(first.writes, Contains("delete decode-0-1-0"));
    EXPECT_THAT(first.writes, Not(Contains("delete decode-0-1-1"))) << "its leader drains";
    EXPECT_THAT(world.RunPass().writes, Not(Contains("delete decode-0-1-1")));
    world.EndTerminating();
    EXPECT_THAT(world.RunPass().writes, Contains("delete decode-0-1-1"));
  }
}

TEST(Ranks, ThatAllServeEndTogether) {
  DeploymentBuilder deployment;
  deployment.spec().roles[kDecode].parallelism = {.data = 16, .expert = 16};
  World world(deployment);
  ASSERT_TRUE(world.Settle().status.ready);
  world.Edit(Suspend);
  EXPECT_THAT(world.RunPass().writes, IsSupersetOf({"delete decode-0-1-0", "delete decode-0-1-1"}));
}

TEST(Ranks, OfALeaderThatDoesNotEndAreGivenBackAtItsDeadline) {
  World world = RunningOverTwoNodes();
  world.Edit(Suspend);
  world.RunPass();
  world.Advance(kGraceSeconds + 1);
  EXPECT_THAT(world.RunPass().writes, Contains("delete decode-0-1-1"));
}

TEST(Ranks, AreNotTakenForThoseOfAnEarlierGroupOfTheirName) {
  World world = RunningOverTwoNodes();
  world.Edit(Suspend);
  for (int i = 0; i < 3; ++i) {
    world.RunPass();
    world.EndTerminating();
  }
  ASSERT_THAT(world.pods(), IsEmpty());
  world.Edit([](auto& spec) { spec.suspend = false; });
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(world.RunPass().writes, Not(Contains(HasSubstr("delete decode")))) << i;
  }
  EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-1-0", "0-1-1"));
}

TEST(Ranks, ThatAreDeletedAgainAndAgainAreCreatedEverMoreSlowly) {
  World world = RunningOverTwoNodes();
  int created = 0;
  for (int second = 0; second < 300; ++second) {
    for (const std::string& write : world.RunPass().writes) {
      created += write.starts_with("create decode") ? 1 : 0;
    }
    world.BindAndStart();
    for (const auto& pod : world.pods()) {
      const bool follower =
          pod->meta.name.ends_with("-1") && pod->meta.label(api::kLabelRole) == "decode";
      if (!follower || pod->meta.deleting()) continue;
      pod->meta.deletion_time = world.now();
    }
    world.EndTerminating();
    world.Advance(1);
  }
  EXPECT_GT(created, 4);
  EXPECT_LT(created, 30) << "of two pods a group";
}

TEST(Ranks, ThatExitBecauseTheirLeaderWasDeletedHaveNotFailed) {
  struct Case {
    const char* sentence;
    bool gone;  // the leader is, when its follower exits
  };
  for (const Case& c : {Case{"while the leader ends", false}, Case{"after it", true}}) {
    SCOPED_TRACE(c.sentence);
    World world = RunningOverTwoNodes();
    kube::Pod& follower = Find(world, "0-1-1");
    kube::Pod& leader = Find(world, "0-1-0");
    leader.meta.deletion_time = world.now() + kGraceSeconds;
    leader.meta.deletion_grace = kGraceSeconds;
    world.RunPass();
    world.Advance(3);
    if (c.gone) world.RemovePod(kDecode, 0, /*rank=*/0);
    ExitWithError(follower, world.now());
    world.RunPass();
    EXPECT_THAT(world.Status()["problems"].dump(), Not(HasSubstr("failed")));
    EXPECT_TRUE(world.Settle().status.ready);
    EXPECT_THAT(DecodePods(world), UnorderedElementsAre("0-2-0", "0-2-1"));
  }
}

TEST(Ranks, ThatExitedBeforeTheirLeaderWasDeletedHaveFailed) {
  World world = RunningOverTwoNodes();
  ExitWithError(Find(world, "0-1-1"), world.now());
  world.Advance(1);
  world.RunPass();  // deletes the leader
  world.Advance(1);
  EXPECT_THAT(world.RunPass().WorkerWrites(), IsEmpty()) << "the next one waits";
  EXPECT_THAT(world.Status()["problems"].dump(), HasSubstr("decode-0 failed"));
}

TEST(Ranks, OfADrainingLeaderAreNoReasonToLetOthersGo) {
  World world = RunningOverTwoNodes(3);
  world.Edit([](auto& spec) { spec.roles[kDecode].replicas = 2; });
  world.RunPass();  // deletes the leader of decode-2
  world.RunPass();
  EXPECT_THAT(BudgetOf(world), HasSubstr("\"minAvailable\":4"))
      << "of two replicas one may go: three of their four pods, and the follower that drains";
  world.EndTerminating();
  EXPECT_TRUE(world.Settle().status.ready);
  EXPECT_THAT(BudgetOf(world), HasSubstr("\"minAvailable\":3"));
}

TEST(Ranks, ServeOnWhenTheirRevisionIsGone) {
  World world = RunningOverTwoNodes(2);
  world.DeleteRevision(world.revisions().at(0).identity.name);
  world.LoseStatus();
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Not(Contains(HasSubstr("delete decode"))));
  world.RunPass();
  EXPECT_EQ(RoleStatus(world, "decode")["ready"], 2);
}

TEST(Ranks, KeepTheirBudgetUntilThereAreFewer) {
  World world = RunningOverTwoNodes(3);
  world.Edit([](auto& spec) { spec.roles[kDecode].parallelism = {.tensor = 8}; });
  world.RunPass();
  EXPECT_THAT(BudgetOf(world), HasSubstr("\"minAvailable\":5"));
}

TEST(Ranks, BoundTheBudgetByReplicas) {
  EXPECT_THAT(BudgetOf(RunningOverTwoNodes(3)), HasSubstr("\"minAvailable\":5")) << "of six pods";
}

}  // namespace
}  // namespace disagg::planning
