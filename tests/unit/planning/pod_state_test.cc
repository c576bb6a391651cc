#include "controllers/planning/pod_state.h"

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/times.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Nodes: b200-0 is well; blip has been NotReady for 45 s, dead for 300 s; drained is out of
// service.
Snapshot WithNodes() {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder());
  for (const NodeBuilder& node :
       {NodeBuilder("blip").NotReadySince(kNow - 45), NodeBuilder("dead").NotReadySince(kNow - 300),
        NodeBuilder("drained").Taint("node.kubernetes.io/out-of-service")}) {
    const auto built = node.Build();
    snapshot.nodes[built->meta.name] = built;
  }
  snapshot.not_ready_seen = {{"blip", kNow - 45}, {"dead", kNow - 300}};
  return snapshot;
}

PodState StateOf(const PodBuilder& pod) {
  return Classify(pod.Build(), WithNodes()).value_or(PodState{});
}

PodBuilder Decode() { return PodBuilder(kDecode, 0); }

struct LifeCase {
  const char* sentence;
  PodBuilder pod;
  Life life;
  std::string why;
  bool node_gone = false;
};

const LifeCase kLives[] = {
    {"a pod that waits for a node is alive", Decode(), Life::kAlive, ""},
    {"a pod that starts is alive", Decode().On("b200-0").Running(), Life::kAlive, ""},
    {"a ready pod is alive", Decode().Ready(), Life::kAlive, ""},
    {"an evicted pod has failed, for the reason that the kubelet gives",
     Decode().On("b200-0").Failed("Evicted", "The node was low on resource: memory."),
     Life::kFailed, "Evicted: The node was low on resource: memory."},
    {"a pod whose engine crashed has failed, with its exit code",
     Decode().On("b200-0").Terminated("Error", 139).Failed(), Life::kFailed,
     "Error: engine exited with exit code 139"},
    {"a failed pod without a word has failed", Decode().Failed(), Life::kFailed, "Failed"},
    {"a pod that ended with success has failed: an engine never ends by itself",
     Decode().On("b200-0").Succeeded(), Life::kFailed, "exited by itself"},
    {"a pod with a deletionTimestamp is ending", Decode().Ready().Deleting(), Life::kEnding, ""},
    {"a failed pod with a deletionTimestamp is ending", Decode().On("b200-0").Failed().Deleting(),
     Life::kEnding, "Failed"},
    {"a running pod whose Node is gone is lost", Decode().On("no-more").Running(), Life::kLost,
     "node no-more is gone", true},
    {"a terminating pod whose Node is gone is lost: nobody will end it",
     Decode().On("no-more").Running().Deleting(), Life::kLost, "node no-more is gone", true},
    {"a pod bound to a Node that the cache does not know yet is alive", Decode().On("brand-new"),
     Life::kAlive, ""},
    {"a pod that never started and is deleted from a Node that is gone is lost",
     Decode().On("no-more").Deleting(), Life::kLost, "node no-more is gone", true},
    {"a pod on a node out of service is lost", Decode().On("drained").Running(), Life::kLost,
     "node drained is out of service", true},
    {"a terminating pod on a node out of service is lost",
     Decode().On("drained").Running().Deleting(), Life::kLost, "node drained is out of service",
     true},
    {"a pod whose node has been NotReady for 45 s is not lost", Decode().On("blip").Running(),
     Life::kAlive, ""},
    {"a pod whose node has been NotReady for 300 s is lost, though its node may come back",
     Decode().On("dead").Running(), Life::kLost, "node dead has been NotReady for 300 s"},
    {"a terminating pod on a node that is NotReady for 45 s is still ending",
     Decode().On("blip").Running().Deleting(), Life::kEnding, ""},
    {"a terminating pod on a node that is NotReady for 300 s is lost",
     Decode().On("dead").Running().Deleting(), Life::kLost,
     "node dead has been NotReady for 300 s"},
    {"a failed pod stays failed when its node goes", Decode().On("no-more").Failed("Evicted"),
     Life::kFailed, "Evicted"},
    {"a crash-looping pod whose Node is gone is lost",
     Decode().On("no-more").Running().CrashLoops(), Life::kLost, "node no-more is gone", true},
};

TEST(Classify, TellsEveryLifeOfAPod) {
  for (const LifeCase& c : kLives) {
    SCOPED_TRACE(c.sentence);
    const PodState state = StateOf(c.pod);
    EXPECT_EQ(static_cast<int>(state.life), static_cast<int>(c.life));
    EXPECT_EQ(state.why, c.why);
    EXPECT_EQ(state.node_gone, c.node_gone);
    EXPECT_EQ(state.alive(), c.life == Life::kAlive);
    if (c.life != Life::kFailed) {
      EXPECT_FALSE(state.crash_looping);
    }
  }
}

struct LoopCase {
  const char* sentence;
  PodBuilder pod;
  bool loops;
};

PodBuilder Old(std::int64_t age) { return Decode().On("b200-0").CreatedAt(kNow - age); }

constexpr std::int64_t kThreeDays = 3 * 86'400;

const LoopCase kLoops[] = {
    {"an engine of three days that dies a minute after each start, 16 times",
     Old(kThreeDays).CrashLoops(16, "5m0s", 70), true},
    {"the fifth delay in a row is a loop, whatever the pod's age",
     Old(kThreeDays).CrashLoops(5, "2m40s", 5), true},
    {"an engine that loads for nine minutes and dies", Old(7200).CrashLoops(6, "5m0s", 540), true},
    {"a pod that is five minutes old", Old(300).CrashLoops(5, "2m40s", 1), true},
    {"a kubelet with a limit of its own", Old(3600).CrashLoops(9, "1m0s", 5), true},
    {"the fourth delay in a row is none yet", Old(300).CrashLoops(4, "1m20s", 5), false},
    {"16 restarts in three days, and the second delay in a row now",
     Old(kThreeDays).CrashLoops(16, "20s", 5), false},
    {"16 restarts in three days, and hours of service before the last one",
     Old(kThreeDays).CrashLoops(16, "10s", 7200), false},
    {"a run of more than ten minutes, whatever the kubelet waits for",
     Old(kThreeDays).CrashLoops(16, "5m0s", 700), false},
    {"16 restarts in three days, and running for hours",
     Old(kThreeDays).Restarts(16, kNow - 7300).Running(kNow - 7200), false},
    {"a pod that has come through it serves", Old(600).Restarts(5, kNow - 300).Ready(), false},
    {"an engine that runs again has its chance", Old(600).Restarts(9, kNow - 20).Running(kNow - 9),
     false},
};

TEST(Classify, TakesTheKubeletsWordForACrashLoop) {
  for (const LoopCase& c : kLoops) {
    SCOPED_TRACE(c.sentence);
    const PodState state = StateOf(c.pod);
    EXPECT_EQ(state.crash_looping, c.loops);
    EXPECT_EQ(state.life == Life::kFailed, c.loops);
  }
  EXPECT_EQ(StateOf(Old(kThreeDays).CrashLoops(16, "5m0s", 70)).why,
            "engine is in CrashLoopBackOff after 16 restarts");
}

TEST(Classify, TellsWhenANotReadyNodeWillCountAsLost) {
  EXPECT_EQ(StateOf(Decode().On("blip").Running()).lost_at, kNow - 45 + 300);
  EXPECT_EQ(StateOf(Decode().On("blip").Running().Deleting()).lost_at, kNow - 45 + 300);
  EXPECT_EQ(StateOf(Decode().On("dead").Running()).lost_at, std::nullopt);
  EXPECT_EQ(StateOf(Decode().On("b200-0").Running()).lost_at, std::nullopt);
}

TEST(Classify, HonoursTheSettingForNodeLoss) {
  Snapshot snapshot = WithNodes();
  snapshot.settings.node_loss_seconds = 40;
  const auto state = Classify(Decode().On("blip").Running(), snapshot);
  EXPECT_EQ(state->why, "node blip has been NotReady for 40 s");
}

TEST(Classify, TellsWhenAPodThatBlinksWillCountAsNotReady) {
  const PodBuilder running = Decode().On("b200-0").Running(kNow - 1000);
  EXPECT_EQ(StateOf(PodBuilder(running).NotReadySince(kNow - 45)).settles_at, kNow + 15);
  // For too long, restarted since, or never ready.
  EXPECT_EQ(StateOf(PodBuilder(running).NotReadySince(kNow - 60)).settles_at, std::nullopt);
  EXPECT_EQ(StateOf(Decode().Running(kNow - 10).NotReadySince(kNow - 12)).settles_at, std::nullopt);
  EXPECT_EQ(StateOf(Decode().Running(kNow - 10).NotReadySince(kNow - 10)).settles_at, std::nullopt);
  EXPECT_EQ(StateOf(Decode().Ready()).settles_at, std::nullopt);
}

// -- nodes and clocks

TEST(Classify, LosesNothingToANodeThatItOnlyCannotSee) {
  Snapshot snapshot = WithNodes();
  snapshot.not_live[kube::kNodes.ToString()] = "nodes is forbidden";
  for (const char* node : {"no-more", "dead", "drained"}) {
    SCOPED_TRACE(node);
    EXPECT_TRUE(Classify(Decode().On(node).Running(), snapshot)->alive());
    const auto ending = Classify(Decode().On(node).Running().Deleting(), snapshot);
    EXPECT_EQ(static_cast<int>(ending->life), static_cast<int>(Life::kEnding));
  }
}

TEST(Classify, DatesTheLossOfANodeByItsOwnObservation) {
  Snapshot snapshot = WithNodes();
  snapshot.not_ready_seen["dead"] = kNow - 1;
  EXPECT_EQ(Classify(Decode().On("dead").Running(), snapshot)->lost_at, kNow - 1 + 300)
      << "the node says 300 s by a clock of its own";
  snapshot.not_ready_seen.clear();
  EXPECT_EQ(Classify(Decode().On("dead").Running(), snapshot)->lost_at, kNow + 300);
}

// -- who a pod is

TEST(Classify, ReadsTheSlotFromTheNameAndTheHistoryFromAnnotations) {
  const auto pod = PodBuilder(kPrefill, 7, 3).Of("rev", "con").Retries(2).Failures("b200-1=2");
  const auto state = Classify(pod, WithNodes());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->role, kPrefill);
  EXPECT_EQ(state->replica, 7);
  EXPECT_EQ(state->incarnation, 3);
  EXPECT_EQ(state->role_revision, "rev");
  EXPECT_EQ(state->contract, "con");
  EXPECT_EQ(state->retries, 2);
  EXPECT_THAT(state->failures, ElementsAre(Pair("b200-1", 2)));
  EXPECT_THAT(state->lost_labels, IsEmpty());
}

struct LabelCase {
  const char* label;
  const char* value;
  const char* restored;
};

TEST(Classify, KnowsAPodWhateverWasDoneToItsLabels) {
  Snapshot snapshot = WithNodes();
  snapshot.revisions = {RevisionBuilder("r", "c").Role(kDecode, "new").Stored()};
  const LabelCase cases[] = {
      {api::kLabelDeployment, "", "minimax-m3"}, {api::kLabelDeployment, "other", "minimax-m3"},
      {api::kLabelRole, "prefill", "decode"},    {api::kLabelReplica, "9", "0"},
      {api::kLabelIncarnation, "", "1"},         {api::kLabelRank, "3", "0"},
      {api::kLabelRoleRevision, "", "new"},      {api::kLabelContract, "z", "c"},
      {api::kLabelRevision, "gone", "r"}};
  for (const LabelCase& c : cases) {
    SCOPED_TRACE(std::string(c.label) + "=" + c.value);
    const auto state = Classify(Decode().Label(c.label, c.value), snapshot);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->role, kDecode);
    EXPECT_EQ(state->replica, 0);
    EXPECT_EQ(state->incarnation, 1);
    EXPECT_EQ(state->contract, "c");
    EXPECT_THAT(state->lost_labels, ElementsAre(Pair(c.label, c.restored)));
  }
}

TEST(Classify, KeepsAPodWithTheRevisionThatItWasCreatedFor) {
  Snapshot snapshot = WithNodes();
  snapshot.revisions = {RevisionBuilder("r").Role(kDecode, "new").Number(1).Stored(),
                        RevisionBuilder("later").Role(kDecode, "new").Number(2).Stored()};
  EXPECT_EQ(Classify(Decode(), snapshot)->revision, "r");
  EXPECT_EQ(Classify(Decode().Label(api::kLabelRevision, "x"), snapshot)->revision, "later");
}

TEST(Classify, LeavesTheDrainOfAPersonAlone) {
  const PodState state = StateOf(Decode().Ready().Label(api::kLabelDiscovery, ""));
  EXPECT_TRUE(state.hidden);
  EXPECT_THAT(state.lost_labels, IsEmpty());
}

TEST(Classify, KnowsNoSlotOfANameThatIsNotOurs) {
  for (const char* name :
       {"other-decode-new-0-1", "minimax-m3-encode-new-0-1", "minimax-m3-decode-new-0",
        "minimax-m3-decode-new-0-1-2-3", "minimax-m3-decode-new-0-1-x", "minimax-m3-decode-new-x-1",
        "minimax-m3-decode-new--1-1", "minimax-m3-decode--0-1",
        "minimax-m3-decode-new-0-99999999999", "minimax-m3", ""}) {
    SCOPED_TRACE(name);
    kube::Pod pod = *Decode().Build();
    pod.meta.name = name;
    EXPECT_FALSE(Classify(std::make_shared<const kube::Pod>(pod), WithNodes()));
  }
}

TEST(ClassifyPods, OrdersThemWhateverTheOrderOfTheCache) {
  const Snapshot snapshot =
      SnapshotOf(DeploymentBuilder(), {PodBuilder(kDecode, 0), PodBuilder(kPrefill, 1),
                                       PodBuilder(kPrefill, 0, 2), PodBuilder(kPrefill, 0, 1)});
  std::vector<std::string> names;
  for (const PodState& state : ClassifyPods(snapshot)) names.push_back(state.pod->meta.name);
  EXPECT_THAT(names, ElementsAre("minimax-m3-prefill-new-0-1", "minimax-m3-prefill-new-0-2",
                                 "minimax-m3-prefill-new-1-1", "minimax-m3-decode-new-0-1"));
}

TEST(ParseFailures, ReadsWhatRenderingWrites) {
  EXPECT_THAT(ParseFailures("b200-1=2,b200-3=1"),
              ElementsAre(Pair("b200-1", 2), Pair("b200-3", 1)));
  EXPECT_THAT(ParseFailures("b200-1=2"), ElementsAre(Pair("b200-1", 2)));
  for (const char* text :
       {"", "b200-1", "b200-1=", "b200-1=x", "b200-1=-1", "b200-1,b200-2=1", "="}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(ParseFailures(text), IsEmpty());
  }
}

TEST(FailuresWith, CountsThePodsOwnFailureOnTopOfItsPredecessors) {
  const auto failed = Decode().On("b200-1").Failed().Failures("b200-1=1,b200-0=2");
  EXPECT_THAT(FailuresWith(StateOf(failed)), ElementsAre(Pair("b200-0", 2), Pair("b200-1", 2)));
}

TEST(FailuresWith, ForgetsOldFailuresAfterALongLife) {
  const auto failed = Old(86'400).FinishedAt(kNow).Failed().Failures("b200-0=2,b200-1=2");
  EXPECT_THAT(FailuresWith(StateOf(failed)), ElementsAre(Pair("b200-0", 1)));
}

TEST(BackoffSeconds, DoublesFromTenSecondsToTenMinutes) {
  const int expected[] = {10, 20, 40, 80, 160, 320, 600, 600};
  for (int retries = 0; retries < 8; ++retries) {
    EXPECT_EQ(BackoffSeconds(retries), expected[retries]);
  }
  EXPECT_EQ(BackoffSeconds(1000), 600);
  EXPECT_EQ(BackoffSeconds(-1), 10);
}

TEST(FailureTime, IsTheEndOfTheLastContainerOrElseTheCreation) {
  const auto time = [](const PodBuilder& pod) { return FailureTime(*pod.Build(), kNow); };
  EXPECT_EQ(time(Old(500).Failed().FinishedAt(kNow - 20)), kNow - 20);
  EXPECT_EQ(time(Old(500).Failed("UnexpectedAdmissionError")), kNow - 500);
  EXPECT_EQ(time(Old(500).Failed().FinishedAt(kNow + 300)), kNow - 500) << "a clock ahead";
  EXPECT_EQ(time(Old(500).Failed().FinishedAt(kNow - 900)), kNow - 500) << "a clock behind";
}

}  // namespace
}  // namespace disagg::planning
