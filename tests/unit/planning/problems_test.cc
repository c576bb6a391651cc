#include "controllers/planning/problems.h"

#include <gmock/gmock.h>

#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Pods = std::vector<std::shared_ptr<const kube::Pod>>;

Snapshot WithNodes(const Pods& pods) {
  Snapshot snapshot = SnapshotOf(DeploymentBuilder(), pods);
  snapshot.nodes["blip"] = NodeBuilder("blip").NotReadySince(kNow - 45).Build();
  snapshot.nodes["dead"] = NodeBuilder("dead").NotReadySince(kNow - 301).Build();
  snapshot.not_ready_seen = {{"blip", kNow - 45}, {"dead", kNow - 301}};
  return snapshot;
}

std::vector<Problem> Find(const Snapshot& snapshot, const Plan& plan = {},
                          const Outcome& outcome = {}) {
  return FindProblems(snapshot, plan, outcome, ClassifyPods(snapshot), 8).problems;
}

PodBuilder Decode(int replica = 0) { return PodBuilder(kDecode, replica).On("b200-0"); }
PodBuilder Prefill(int replica) { return PodBuilder(kPrefill, replica).On("b200-0"); }

struct ProblemCase {
  const char* sentence;
  PodBuilder pod;
  std::string node, reason, message;
};

const ProblemCase kProblems[] = {
    {"an image that cannot be pulled, and where to look",
     Decode().Waiting("ImagePullBackOff", "Back-off pulling image \"vllm:x\""), "b200-0",
     "ImagePullFailed",
     "decode-0: ImagePullBackOff: Back-off pulling image \"vllm:x\"; check spec.container.image "
     "and "
     "imagePullSecrets"},
    {"a container that cannot be configured",
     Decode().Waiting("CreateContainerConfigError", "secret \"hf-token\" not found"), "b200-0",
     "CreateContainerConfigError",
     "decode-0: secret \"hf-token\" not found; create it in namespace serving, or correct env and "
     "envFrom"},
    {"too little memory, and which field to raise",
     Decode().Running().Restarts(2, kNow - 9).Terminated("OOMKilled", 137), "b200-0", "OOMKilled",
     "decode-0: engine exited 2 times, last with exit code 137; raise "
     "spec.decode.resources.memory"},
    {"too little memory of a sidecar",
     Decode().Container("logs").Running().Restarts(2, kNow - 9).Terminated("OOMKilled", 137),
     "b200-0", "OOMKilled",
     "decode-0: logs exited 2 times, last with exit code 137; raise limits.memory of container "
     "logs in spec.decode.podTemplate"},
    {"a sidecar that exits",
     Decode().Container("logs").Running().Restarts(1, kNow - 9).Terminated("Error", 1), "b200-0",
     "CrashLoop",
     "decode-0: logs exited once with exit code 1; kubectl logs --previous "
     "minimax-m3-decode-new-0-1 -n serving -c logs"},
    {"an image of a sidecar that cannot be pulled",
     Decode().Container("logs").Waiting("ErrImagePull", "not found"), "b200-0", "ImagePullFailed",
     "decode-0: ErrImagePull: not found; check the image of container logs in "
     "spec.decode.podTemplate and imagePullSecrets"},
    {"a crash with its last words, and how to see more of them",
     Decode()
         .Running()
         .Restarts(1, kNow - 9)
         .Terminated("Error", 1, "Traceback:\n  ...\nKeyError: 'x'\n"),
     "b200-0", "CrashLoop",
     "decode-0: engine exited once with exit code 1: KeyError: 'x'; kubectl logs --previous "
     "minimax-m3-decode-new-0-1 -n serving"},
    {"a crash loop that is being replaced",
     Decode().CreatedAt(kNow - 400).CrashLoops().Terminated("Error", 1, "no HCA"), "b200-0",
     "CrashLoop",
     "decode-0 failed: engine is in CrashLoopBackOff after 5 restarts, the last with exit code 1; "
     "engine "
     "said: no HCA"},
    {"an eviction, in the words of the kubelet",
     Decode().Failed("Evicted", "The node was low on resource: memory."), "b200-0", "Evicted",
     "decode-0 failed: Evicted: The node was low on resource: memory."},
    {"the third failure by its node's fault, and what lifts the ban",
     Decode().Failed("UnexpectedAdmissionError", "no rdma/ib").Faults("b200-0=2@1795514300"),
     "b200-0", "UnexpectedAdmissionError",
     "decode-0 failed: UnexpectedAdmissionError: no rdma/ib; it avoids node b200-0, where it "
     "failed 3 times, until 2026-11-24T10:59:00Z; repair the node and delete the pod to use it "
     "earlier"},
    {"a pod that runs, but that requests do not find",
     Decode().Ready().Label("disagg.dev/discovery", ""), "b200-0", "NotRoutable",
     "decode-0 runs, but requests do not find it without its labels; kubectl label pod "
     "minimax-m3-decode-new-0-1 -n serving --overwrite disagg.dev/deployment=minimax-m3 "
     "disagg.dev/discovery=enabled, or delete it"},
    {"words of a process that would turn a terminal around",
     Decode().Failed("Evicted", "a\u202Eb\x1b[2Jc"), "b200-0", "Evicted",
     "decode-0 failed: Evicted: a b [2Jc"},
    {"a node that is gone", Decode().On("no-more").Running(), "no-more", "NodeLost",
     "node no-more is gone; the operator replaces decode-0"},
    {"a node that has been NotReady for too long", Decode().On("dead").Running(), "dead",
     "NodeLost", "node dead has been NotReady for 300 s; the operator replaces decode-0"},
    {"a pod that its kubelet does not end", Decode().Running().EndingBy(kNow - 30), "b200-0",
     "StuckTerminating",
     "pod minimax-m3-decode-new-0-1 on node b200-0 is still there, though it had to end by "
     "2026-11-24T09:59:30Z: the kubelet of that node does not end it; check the node; if it never "
     "comes back: kubectl delete pod minimax-m3-decode-new-0-1 -n serving --grace-period=0 "
     "--force"},
    {"a pod that finalizers keep", Decode().Running().EndingBy(kNow - 30, "example.com/a, b"),
     "b200-0", "StuckTerminating",
     "pod minimax-m3-decode-new-0-1 on node b200-0 is still there, though it had to end by "
     "2026-11-24T09:59:30Z: its finalizers keep it: example.com/a, b; whoever set them has to "
     "remove them"},
    {"a node that is NotReady, and what will happen", Decode().On("blip").Running(), "blip",
     "NodeNotReady", "node blip is NotReady; the operator replaces decode-0 when that lasts 300 s"},
};

TEST(FindProblems, NamesCauseAndRemedy) {
  for (const ProblemCase& c : kProblems) {
    SCOPED_TRACE(c.sentence);
    const auto problems = Find(WithNodes({c.pod}));
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].role, "decode");
    EXPECT_EQ(problems[0].pod, "minimax-m3-decode-new-0-1");
    EXPECT_EQ(problems[0].node, c.node);
    EXPECT_EQ(problems[0].reason, c.reason);
    EXPECT_EQ(problems[0].message, c.message);
  }
}

TEST(FindProblems, IsQuietAboutWhatIsNone) {
  const std::pair<const char*, PodBuilder> cases[] = {
      {"a ready pod", Decode().Ready()},
      {"a ready pod that has restarted",
       Decode().Ready().Restarts(3, kNow - 90).Terminated("OOMKilled", 137)},
      {"a pod that starts", Decode().Running()},
      {"a pod that the scheduler has not seen yet", PodBuilder(kDecode, 0).CreatedAt(kNow - 29)},
      {"a pod that is being deleted", Decode().Running().Deleting()},
      {"a pod whose kubelet is a little late", Decode().Running().EndingBy(kNow - 29)},
  };
  for (const auto& [sentence, pod] : cases) {
    SCOPED_TRACE(sentence);
    EXPECT_THAT(Find(WithNodes({pod})), IsEmpty());
  }
}

// -- the same root cause is told once

struct DedupCase {
  const char* sentence;
  Pods pods;
  std::size_t told;
};

TEST(FindProblems, TellsARootCauseOnce) {
  const auto pull = [](const PodBuilder& pod) {
    return PodBuilder(pod).Waiting("ImagePullBackOff", "Back-off pulling image");
  };
  const DedupCase cases[] = {
      {"one image, two replicas", {pull(Prefill(0)), pull(Prefill(1))}, 1},
      {"one image, two nodes", {pull(Prefill(0)), pull(Prefill(1).On("b200-1"))}, 1},
      {"one image, two roles", {pull(Prefill(0)), pull(Decode())}, 2},
      {"back-off and error are one cause",
       {pull(Prefill(0)), Prefill(1).Waiting("ErrImagePull", "not found")},
       1},
      {"two replicas out of memory",
       {Prefill(0).Running().Restarts(2, kNow).Terminated("OOMKilled", 137),
        Prefill(1).Running().Restarts(3, kNow).Terminated("OOMKilled", 137)},
       1},
      {"one lost node, two replicas",
       {Prefill(0).On("dead").Running(), Prefill(1).On("dead").Running()},
       1},
      {"two lost nodes", {Prefill(0).On("dead").Running(), Prefill(1).On("no-more").Running()}, 2},
      {"no node for two replicas",
       {PodBuilder(kPrefill, 0).Unschedulable("0/3"), PodBuilder(kPrefill, 1).Unschedulable("0/3")},
       1},
  };
  for (const DedupCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    EXPECT_THAT(Find(WithNodes(c.pods)), SizeIs(c.told));
  }
}

TEST(FindProblems, ForgetsAPodOnADeadNodeOnceItsSlotServesAgain) {
  const auto lost = Decode().On("dead").Running().Deleting();
  const auto successor = PodBuilder(kDecode, 0, 2).On("b200-1");
  EXPECT_THAT(Find(WithNodes({lost, PodBuilder(successor).Running()})), SizeIs(1));
  EXPECT_THAT(Find(WithNodes({lost, PodBuilder(successor).Ready()})), IsEmpty());
}

TEST(FindProblems, AreBounded) {
  Pods pods;
  for (int i = 0; i < 20; ++i) pods.push_back(Prefill(i).On("gone-" + std::to_string(i)).Running());
  EXPECT_THAT(Find(WithNodes(pods)), SizeIs(8));
}

TEST(FindProblems, DoNotDependOnTheOrderOfTheCache) {
  const auto a = Prefill(0).Waiting("ErrImagePull"), b = Prefill(1).Waiting("ErrImagePull");
  EXPECT_EQ(Find(WithNodes({a, b}))[0].pod, Find(WithNodes({b, a}))[0].pod);
}

TEST(FindProblems, ShortensLastWordsBetweenCharacters) {
  std::string words = "x";
  while (words.size() < 500) words += "\u00e4";
  const auto problems = Find(WithNodes({Decode().Failed().Terminated("Error", 1, words)}));
  EXPECT_NO_THROW(nlohmann::json(problems.at(0).message).dump());
  EXPECT_THAT(problems.at(0).message, HasSubstr("..."));
}

// -- a pod that finds no node

struct CapacityCase {
  const char* sentence;
  std::vector<NodeBuilder> nodes;
  std::int64_t used;  // of GPUs of the first node
  std::string rest;
};

Plan Resolved() {
  Plan plan;
  const auto snapshot = SnapshotOf(DeploymentBuilder());
  plan.resolution = api::Resolve(*snapshot.deployment, snapshot.catalogue, {});
  return plan;
}

PodBuilder Waiting() {
  return PodBuilder(kDecode, 0)
      .Asks("nvidia.com/gpu", 8)
      .Asks("rdma/ib", 8)
      .Unschedulable("0/9 nodes are available");
}

TEST(Unschedulable, NamesTheCauseFirst) {
  const NodeBuilder node("b200-0"), second("b200-1");
  const NodeBuilder other = NodeBuilder("h200-0").Label("nvidia.com/gpu.product", "NVIDIA-H200");
  const std::string needs = "; it needs 8 nvidia.com/gpu and 8 rdma/ib on one node of class b200";
  const CapacityCase cases[] = {
      {"too few GPUs are free",
       {node, other},
       4,
       "the freest node (b200-0) has 4 of 8 nvidia.com/gpu free: free a node, or lower "
       "spec.decode.parallelism" +
           needs + " (1 node matches)"},
      {"all is free, so something else is missing: the scheduler knows",
       {node, second},
       0,
       "the scheduler says: 0/9 nodes are available" + needs + " (2 nodes match)"},
      {"no node offers a resource",
       {NodeBuilder("b200-0").Offers("rdma/ib", 0), NodeBuilder("b200-1").Offers("rdma/ib", 0)},
       0,
       "no node of class b200 offers rdma/ib: check its device plugin" + needs +
           " (2 nodes match)"},
      {"no node offers enough of a resource",
       {NodeBuilder("b200-0").Offers("nvidia.com/gpu", 4)},
       0,
       "no node of class b200 offers 8 nvidia.com/gpu, the largest 4 nvidia.com/gpu: lower "
       "spec.decode.parallelism" +
           needs + " (1 node matches)"},
      {"some nodes are out of use",
       {node, NodeBuilder("b200-1").Cordoned(), NodeBuilder("b200-2").NotReadySince(kNow)},
       6,
       "the freest node (b200-0) has 2 of 8 nvidia.com/gpu free: free a node, or lower "
       "spec.decode.parallelism" +
           needs + " (3 nodes match, 2 of them cordoned or NotReady)"},
      {"all nodes are out of use",
       {NodeBuilder("b200-0").Cordoned()},
       0,
       "every node of class b200 is cordoned or NotReady: uncordon or add one" + needs +
           " (1 node matches, 1 of them cordoned or NotReady)"},
      {"no node is of the class: its selector, and what nodes have instead",
       {other},
       0,
       "no node has the labels nvidia.com/gpu.product=NVIDIA-B200; nodes have "
       "nvidia.com/gpu.product=NVIDIA-H200; label or add nodes, or correct spec.nodeSelector of "
       "AcceleratorClass b200" +
           needs},
  };
  for (const CapacityCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    Snapshot snapshot = WithNodes({Waiting()});
    for (const NodeBuilder& n : c.nodes) snapshot.capacity.push_back({n.Build(), {}});
    snapshot.capacity[0].used["nvidia.com/gpu"] = c.used;
    const auto problems = Find(snapshot, Resolved());
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].message, "decode-0 finds no node: " + c.rest);
  }
}

TEST(Unschedulable, NamesTheSameOfEquallyFreeNodesWhateverTheirOrder) {
  Snapshot snapshot = WithNodes({Waiting()});
  for (const char* name : {"b200-1", "b200-0"}) {
    snapshot.capacity.push_back({NodeBuilder(name).Build(), {{"nvidia.com/gpu", 4}}});
  }
  EXPECT_THAT(Find(snapshot, Resolved())[0].message, HasSubstr("the freest node (b200-0)"));
}

TEST(Unschedulable, FallsBackToTheSchedulersWords) {
  const auto problems = Find(WithNodes({Waiting()}));
  EXPECT_EQ(problems.at(0).message, "decode-0 finds no node: 0/9 nodes are available");
}

TEST(Unschedulable, KnowsThatOthersHoldDevicesToo) {
  Snapshot snapshot = WithNodes({Waiting().Unschedulable("1 Insufficient nvidia.com/gpu.")});
  snapshot.capacity.push_back({NodeBuilder("b200-0").Build(), {}});
  EXPECT_EQ(Find(snapshot, Resolved()).at(0).message,
            "decode-0 finds no node: pods of others hold nvidia.com/gpu (the scheduler says: 1 "
            "Insufficient nvidia.com/gpu.): free a node, or lower spec.decode.parallelism; it "
            "needs 8 nvidia.com/gpu and 8 rdma/ib on one node of class b200 (1 node matches)");
}

TEST(Unschedulable, SaysWhereAClaimIsMissing) {
  Snapshot snapshot =
      WithNodes({Waiting().Unschedulable("persistentvolumeclaim \"models\" not found")});
  snapshot.capacity.push_back({NodeBuilder("b200-0").Build(), {}});
  EXPECT_THAT(Find(snapshot, Resolved()).at(0).message,
              HasSubstr("\"models\" not found: create that claim in namespace serving"));
}

// -- what is not of a pod

TEST(FindProblems, SaysThatNothingIsRepaired) {
  Plan plan;
  plan.paused = true;
  const auto problems = Find(WithNodes({}), plan);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "Paused");
  EXPECT_THAT(problems[0].message,
              HasSubstr("kubectl annotate ddep minimax-m3 -n serving disagg.dev/reconcile-"));
}

Write PodWrite(const std::string& name) {
  Write write;
  write.resource = kube::kPods;
  write.key = {"serving", name};
  return write;
}

TEST(FindProblems, TellsAFailedWriteOncePerCause) {
  const Write a = PodWrite("a"), b = PodWrite("b");
  Outcome outcome{.executed = true, .failed = {}, .refusal = ""};
  const auto error =
      base::MakeError(base::ErrorCode::kForbidden, "QuotaExceeded", "exceeded quota: gpus");
  outcome.failed = {{&a, error}, {&b, error}};
  const auto problems = Find(WithNodes({}), {}, outcome);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "QuotaExceeded");
  EXPECT_EQ(problems[0].message, "Pod a: exceeded quota: gpus");
}

TEST(FindProblems, IsQuietAboutWritesThatAreTriedAgain) {
  const Write a = PodWrite("a");
  Outcome outcome{.executed = true, .failed = {}, .refusal = ""};
  outcome.failed = {{&a, base::MakeError(base::ErrorCode::kTimeout, "Timeout", "no answer")}};
  EXPECT_THAT(Find(WithNodes({}), {}, outcome), IsEmpty());
}

TEST(FindProblems, PutsWhatIsWrongWithTheSpecFirst) {
  Plan plan;
  plan.errors = {{"spec.model.ref", "spec.model.ref \"x\": unknown", "ModelNotFound"}};
  const auto problems = Find(WithNodes({Decode().Failed("Evicted")}), plan);
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(problems[0].reason, "ModelNotFound");
  EXPECT_EQ(problems[0].pod, "");
}

}  // namespace
}  // namespace disagg::planning
