#include "controllers/planning/pod_state.h"

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
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
     "Error: engine ended with exit code 139"},
    {"a failed pod without a word has failed", Decode().Failed(), Life::kFailed, "Failed"},
    {"a pod that ended with success has failed: an engine never ends by itself",
     Decode().On("b200-0").Succeeded(), Life::kFailed, "ended by itself"},
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
     Decode().On("no-more").Running().Restarts(5, kNow - 10), Life::kLost, "node no-more is gone",
     true},
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

const LoopCase kLoops[] = {
    {"four restarts are no loop", Old(300).Restarts(4, kNow - 5), false},
    {"five restarts in ten minutes are one", Old(600).Restarts(5, kNow), true},
    {"five restarts in eleven minutes are none", Old(660).Restarts(5, kNow), false},
    {"ten restarts in twenty minutes are the same rate", Old(1200).Restarts(10, kNow), true},
    {"ten restarts in an hour are slower", Old(3600).Restarts(10, kNow), false},
    {"a restart of five minutes ago still counts while it starts again",
     Old(600).Restarts(5, kNow - 300).Running(kNow - 200), true},
    {"a pod that has come through it serves", Old(600).Restarts(5, kNow - 300).Ready(), false},
    {"a readiness blip a day later is not held against it",
     Old(86'400).Restarts(5, kNow - 86'000).Running(kNow - 85'900).NotReadySince(kNow - 5), false},
    {"restarts without an end are not dated and prove nothing", Old(300).Restarts(7, 0), false},
};

TEST(Classify, MeasuresACrashLoopAsARate) {
  for (const LoopCase& c : kLoops) {
    SCOPED_TRACE(c.sentence);
    const PodState state = StateOf(c.pod);
    EXPECT_EQ(state.crash_looping, c.loops);
    EXPECT_EQ(state.life == Life::kFailed, c.loops);
    EXPECT_EQ(state.why, c.loops ? "restarted 5 times in 10 minutes" : "");
  }
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

TEST(Classify, ReadsSlotAndHistoryFromLabelsAndAnnotations) {
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
}

TEST(Classify, KnowsNoSlotOfAPodWithoutOurLabels) {
  const std::pair<const char*, const char*> broken[] = {
      {api::kLabelRole, "encode"},  {api::kLabelRole, ""},
      {api::kLabelReplica, "one"},  {api::kLabelReplica, "-1"},
      {api::kLabelIncarnation, ""}, {api::kLabelIncarnation, "99999999999"}};
  for (const auto& [label, value] : broken) {
    SCOPED_TRACE(std::string(label) + "=" + value);
    EXPECT_FALSE(Classify(Decode().Label(label, value), WithNodes()));
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
  EXPECT_EQ(FailureTime(StateOf(Old(500).Failed().FinishedAt(kNow - 20))), kNow - 20);
  EXPECT_EQ(FailureTime(StateOf(Old(500).Failed("UnexpectedAdmissionError"))), kNow - 500);
}

}  // namespace
}  // namespace disagg::planning
