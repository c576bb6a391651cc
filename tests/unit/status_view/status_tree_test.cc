// What `kubectl disagg status NAME` prints, as golden texts.

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "tests/unit/status_view/scene.h"

namespace kubectl_disagg::testing {
namespace {

using nlohmann::json;

struct TreeCase {
  const char* sentence;
  std::function<void(Scene&)> change;
  const char* expected;  // begins with a line feed, for the eye
};

// A failure begins with the sentence.
std::ostream& operator<<(std::ostream& out, const TreeCase& tree) { return out << tree.sentence; }

class StatusTree : public ::testing::TestWithParam<TreeCase> {};

TEST_P(StatusTree, IsPrinted) {
  Scene scene;
  GetParam().change(scene);
  FakeCluster fake;
  scene.AddTo(&fake);
  const Printed printed = ShowStatus(fake, {.name = "minimax-m3", .namespace_name = "serving"});
  EXPECT_EQ("\n" + printed.out, GetParam().expected) << GetParam().sentence;
  EXPECT_EQ(printed.code, kOk);
  EXPECT_EQ(printed.err, "");
}

void MakeHealthy(Scene&) {}

void MakeOneUnschedulable(Scene& scene) {
  scene.pods[1] = UnschedulablePod({.role = "decode", .revision = "w7c3h5dn", .age = 4 * kMinute},
                                   "0/6 nodes are available: 6 Insufficient nvidia.com/gpu.");
  scene.SetRole("decode", 1, 0, "w7c3h5dn");
  scene.Set(Condition("Ready", false, "NoDecodeRoutable",
                      "0 of 1 decode replicas can serve; requests are refused", 4 * kMinute));
  scene.AddProblem({{"role", "decode"},
                    {"pod", "minimax-m3-decode-w7c3h5dn-0-1"},
                    {"reason", "Unschedulable"},
                    {"message",
                     "decode-0 needs 8 nvidia.com/gpu and 8 rdma/ib on one node of class b200: 4 "
                     "nodes match, the freest "
                     "(b200-2) has 4 GPUs; free a node, or lower spec.decode.parallelism"}});
}

void MakeRollout(Scene& scene) {
  scene.SetRole("decode", 1, 1, "p2r8t6vz");
  scene.deployment["spec"]["decode"]["replicas"] = 2;
  scene.SetRole("decode", 2, 1, "p2r8t6vz");
  scene.pods.push_back(LoadingPod({.role = "decode",
                                   .revision = "p2r8t6vz",
                                   .replica = 1,
                                   .incarnation = 2,
                                   .node = "b200-2",
                                   .age = 4 * kMinute}));
  scene.Set(
      Condition("Reconciling", true, "RollingOut",
                "revision a1b2c3d4 is being rolled out: decode-0 keeps the older revision until "
                "the role is complete again",
                5 * kMinute));
}

void MakeStalled(Scene& scene) {
  const std::string error =
      "spec.model.ref \"nvidia/MiniMax-M3-NVPF4\": no ServingModel has this name or alias; did you "
      "mean "
      "\"nvidia/MiniMax-M3-NVFP4\" (ServingModel minimax-m3-nvfp4)?";
  scene.deployment["spec"]["model"]["ref"] = "nvidia/MiniMax-M3-NVPF4";
  scene.Set(
      Condition("Stalled", true, "ModelNotFound", error + " Running pods are untouched.", kMinute));
  scene.AddProblem({{"reason", "ModelNotFound"}, {"message", error}});
}

void MakeMisspelt(Scene& scene) { scene.deployment["spec"]["engine"]["args"]["max-num-seq"] = 8; }

void MakeSuspended(Scene& scene) {
  scene.deployment["spec"]["suspend"] = true;
  scene.pods.clear();
  scene.SetRole("router", 0, 0, "q5v8t3nd");
  scene.SetRole("prefill", 0, 0, "k4x9m2qa");
  scene.SetRole("decode", 0, 0, "w7c3h5dn");
  scene.deployment["status"]["conditions"] = json::array();
  scene.deployment["status"]["summary"] = {
      {"reason", "Suspended"},
      {"message", "spec.suspend is true: all replicas are at 0; requests are refused"}};
}

void MakeCrashLoop(Scene& scene) {
  scene.pods[3] = CrashingPod(
      {.role = "prefill", .revision = "k4x9m2qa", .node = "b200-0", .age = 12 * kMinute}, 3, 1,
      "Traceback\nValueError: unknown kv-cache-dtype fp9");
  scene.SetRole("prefill", 2, 1, "k4x9m2qa");
  scene.AddProblem({{"role", "prefill"},
                    {"pod", "minimax-m3-prefill-k4x9m2qa-0-1"},
                    {"node", "b200-0"},
                    {"reason", "CrashLoop"},
                    {"message",
                     "prefill-0: engine exited 3 times, last with exit code 1: ValueError: unknown "
                     "kv-cache-dtype fp9; "
                     "kubectl logs --previous minimax-m3-prefill-k4x9m2qa-0-1 -n serving"}});
}

void MakeRouterless(Scene& scene) {
  scene.pods.erase(scene.pods.begin());
  scene.SetRole("router", 1, 0, "q5v8t3nd");
  scene.Set(Condition("Ready", false, "NoRouterReady",
                      "0 of 1 router pods route to both roles; requests are refused", 45));
}

void MakeNodeLost(Scene& scene) {
  scene.pods[1]["metadata"]["deletionTimestamp"] = Ago(6 * kMinute);
  scene.SetNode("b200-1", false, 11 * kMinute);
  scene.pods.push_back(ReadyPod({.role = "decode",
                                 .revision = "w7c3h5dn",
                                 .incarnation = 2,
                                 .node = "b200-3",
                                 .age = 10 * kMinute}));
  scene.AddProblem(
      {{"role", "decode"},
       {"pod", "minimax-m3-decode-w7c3h5dn-0-1"},
       {"node", "b200-1"},
       {"reason", "NodeLost"},
       {"message", "node b200-1 has been NotReady for 300 s; the operator replaces decode-0"}});
}

// What the operator has not reported, because it is not running.
void MakeUnreported(Scene& scene) {
  scene.pods[1]["metadata"]["labels"].erase("disagg.dev/discovery");
  scene.pods[2]["metadata"]["deletionTimestamp"] = Ago(6 * kMinute);
  std::erase_if(scene.nodes, [](const json& node) { return node["metadata"]["name"] == "cpu-3"; });
}

void MakeReplacedOften(Scene& scene) {
  scene.pods[1] = ReadyPod({.role = "decode",
                            .revision = "w7c3h5dn",
                            .incarnation = 4,
                            .node = "b200-2",
                            .age = 6 * kHour});
  scene.pods[1]["metadata"]["annotations"] = {{"disagg.dev/failures", "b200-1=2,b200-3=1"}};
}

void MakeNew(Scene& scene) {
  scene.pods.clear();
  scene.deployment["metadata"]["creationTimestamp"] = Ago(3);
  scene.deployment["status"] = {{"observedGeneration", -1}};
}

void MakeOutdatedByTheSpec(Scene& scene) {
  scene.deployment["metadata"]["generation"] = 4;
  scene.deployment["metadata"]["annotations"] = {{"disagg.dev/reconcile", "disabled"}};
  scene.Set(Condition("UpdateAvailable", true, "InputsChanged",
                      "AcceleratorClass b200 would change both roles", kHour));
}

void MakeAggregatedOverTcp(Scene& scene) {
  scene.deployment["spec"].erase("prefill");
  scene.deployment["spec"].erase("decode");
  scene.deployment["spec"]["aggregated"] = {{"replicas", 1}, {"parallelism", {{"tensor", 4}}}};
  scene.status()["roles"] = json::array();
  scene.SetRole("router", 1, 1, "q5v8t3nd");
  scene.SetRole("aggregated", 1, 1, "w7c3h5dn");
  scene.pods = {scene.pods[0],
                ReadyPod({.role = "aggregated", .revision = "w7c3h5dn", .node = "b200-1"})};
}

void MakeDeleted(Scene& scene) {
  scene.deployment["metadata"]["deletionTimestamp"] = Ago(1);
  scene.deployment["metadata"]["finalizers"] = {"foregroundDeletion"};
}

void MakeOfANewerVersion(Scene& scene) { scene.deployment["spec"]["engine"]["type"] = "sglang"; }

INSTANTIATE_TEST_SUITE_P(
    Scenes, StatusTree,
    ::testing::Values(
        TreeCase{"a healthy deployment shows how long it is Ready, and every pod with its node",
                 MakeHealthy, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
)"},
        TreeCase{"an unschedulable pod is red once and explained once", MakeOneUnschedulable,
                 R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Not ready for 4m: 0 of 1 decode replicas can serve; requests are refused
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 0 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready           cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready           b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready           b200-0   restarts 0   3d
└─ decode    0/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Unschedulable   -        restarts 0   4m
Problems:
  role decode, pod minimax-m3-decode-w7c3h5dn-0-1: Unschedulable: decode-0 needs 8 nvidia.com/gpu and 8 rdma/ib on one node of class b200: 4 nodes match, the freest (b200-2) has 4 GPUs; free a node, or lower spec.decode.parallelism
)"},
        TreeCase{"a roll-out shows both revisions and what is waited for", MakeRollout, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready      cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready      b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready      b200-0   restarts 0   3d
└─ decode    1/2   DEP8, 8 GPUs each, NIXL over rdma/ib    revision w7c3h5dn -> p2r8t6vz (1 old, 1 new starting: loading weights 4m of at most 60m)
   ├─ minimax-m3-decode-w7c3h5dn-0-1    Ready      b200-1   restarts 0   3d
   └─ minimax-m3-decode-p2r8t6vz-1-2    Starting   b200-2   restarts 0   4m   loading weights 4m of at most 60m
Roll-out: decode-0 keeps the older revision until the role is complete again
)"},
        TreeCase{"a typo is told once, with its remedy, while pods go on", MakeStalled, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVPF4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
Stalled: spec.model.ref "nvidia/MiniMax-M3-NVPF4": no ServingModel has this name or alias; did you mean "nvidia/MiniMax-M3-NVFP4" (ServingModel minimax-m3-nvfp4)? Running pods are untouched.
)"},
        TreeCase{"a flag that hardly is meant", MakeMisspelt, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
Warning: spec.engine.args.max-num-seq: is not a known flag of vllm; did you mean "max-num-seqs"?
)"},
        TreeCase{"a suspended deployment says so", MakeSuspended, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Suspended: spec.suspend is true: all replicas are at 0; requests are refused
├─ router    0/0   http://minimax-m3.serving.svc:8000/v1   kv-aware
├─ prefill   0/0   DEP2, 2 GPUs, NIXL over rdma/ib         revision k4x9m2qa
└─ decode    0/0   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
)"},
        TreeCase{"a crash loop tells what the engine said last", MakeCrashLoop, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 1 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready       cpu-3    restarts 0   3d
├─ prefill   1/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   CrashLoop   b200-0   restarts 3   12m
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready       b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready       b200-1   restarts 0   3d
Problems:
  role prefill, pod minimax-m3-prefill-k4x9m2qa-0-1, node b200-0: CrashLoop: prefill-0: engine exited 3 times, last with exit code 1: ValueError: unknown kv-cache-dtype fp9; kubectl logs --previous minimax-m3-prefill-k4x9m2qa-0-1 -n serving
)"},
        TreeCase{"without a router requests are refused although all workers are Ready",
                 MakeRouterless, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Not ready for 45s: 0 of 1 router pods route to both roles; requests are refused
├─ router    0/1   http://minimax-m3.serving.svc:8000/v1   kv-aware
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
)"},
        TreeCase{"a lost node explains the replacement", MakeNodeLost, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready      cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready      b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready      b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   ├─ minimax-m3-decode-w7c3h5dn-0-1    NodeLost   b200-1   restarts 0   3d
   └─ minimax-m3-decode-w7c3h5dn-0-2    Ready      b200-3   restarts 0   10m   replaced 1 (NodeLost b200-1)
Problems:
  role decode, pod minimax-m3-decode-w7c3h5dn-0-1, node b200-1: NodeLost: node b200-1 has been NotReady for 300 s; the operator replaces decode-0
)"},
        TreeCase{"what is wrong with a pod is told without the operator, in its words",
                 MakeUnreported, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    0/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 1 prefill + 0 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    NodeLost           cpu-3    restarts 0   3d   node cpu-3 is gone; the operator replaces router-0
├─ prefill   1/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready              b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   StuckTerminating   b200-0   restarts 0   3d   pod minimax-m3-prefill-k4x9m2qa-1-1 on node b200-0 is still there, though it had to end by 2026-11-24T23:54:00Z: the kubelet of that node does not end it; check the node; if it never comes back: kubectl delete pod minimax-m3-prefill-k4x9m2qa-1-1 -n serving --grace-period=0 --force
└─ decode    0/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    NotRoutable        b200-1   restarts 0   3d   runs, but requests do not find it without its labels; kubectl label pod minimax-m3-decode-w7c3h5dn-0-1 -n serving --overwrite disagg.dev/deployment=minimax-m3 disagg.dev/discovery=enabled, or delete it
)"},
        TreeCase{"failures of pods that are gone are known from the annotation", MakeReplacedOften,
                 R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-4    Ready   b200-2   restarts 0   6h   replaced 3 (2 failed on b200-1, 1 on b200-3)
)"},
        TreeCase{"an object that nobody looks at asks for the operator", MakeNew, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Not ready
├─ router    0/0   no endpoint yet                   kv-aware
├─ prefill   0/0   DEP2, 2 GPUs, NIXL over rdma/ib   nothing accepted yet
└─ decode    0/0   DEP8, 8 GPUs, NIXL over rdma/ib   nothing accepted yet
The operator has not looked at this object: does disagg-operator run, and does it watch namespace serving?
)"},
        TreeCase{"a status that is behind the spec says so", MakeOutdatedByTheSpec, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
This is the state for generation 3; the operator has not acted on generation 4 yet.
Update available: AcceleratorClass b200 would change both roles
Paused by the annotation disagg.dev/reconcile=disabled: nothing but this status is written.
)"},
        TreeCase{"an aggregated deployment transfers nothing", MakeAggregatedOverTcp, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router       1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 1 aggregated
│  └─ minimax-m3-router-q5v8t3nd-0-1       Ready   cpu-3    restarts 0   3d
└─ aggregated   1/1   TP4, 4 GPUs                             revision w7c3h5dn
   └─ minimax-m3-aggregated-w7c3h5dn-0-1   Ready   b200-1   restarts 0   3d
)"},
        TreeCase{"an object on its way out is no problem", MakeDeleted, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Being deleted
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
)"},
        TreeCase{"a spec of a newer version is shown as far as it can be", MakeOfANewerVersion,
                 R"(
minimax-m3   serving   ?   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   ?                                       revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   ?                                       revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
This version of kubectl-disagg cannot read the spec: spec.engine.type: must be one of vllm, mocker, is "sglang"
)"}));

// A rank of a decode replica over two nodes.
json Rank(int rank, bool ready) {
  const PodSpec spec{.role = "decode", .revision = "w7c3h5dn", .node = "b200-2"};
  json pod = ready ? ReadyPod(spec) : LoadingPod(spec);
  json& metadata = pod["metadata"];
  metadata["name"] = "minimax-m3-decode-w7c3h5dn-0-1-" + std::to_string(rank);
  metadata["uid"] = "uid-of-rank-" + std::to_string(rank);
  metadata["annotations"]["disagg.dev/ranks"] = "2";
  return pod;
}

TEST(StatusTreeOfRanks, CountsReplicasThatAreWhole) {
  for (const bool whole : {true, false}) {
    Scene scene;
    std::erase_if(scene.pods, [](const json& pod) {
      return pod["metadata"]["labels"]["disagg.dev/role"] == "decode";
    });
    scene.pods.push_back(Rank(0, true));
    scene.pods.push_back(Rank(1, whole));
    FakeCluster fake;
    scene.AddTo(&fake);
    const std::string out =
        ShowStatus(fake, {.name = "minimax-m3", .namespace_name = "serving"}).out;
    const std::string ready = whole ? "1" : "0";
    EXPECT_NE(out.find(ready + "/1"), std::string::npos) << out;
    EXPECT_NE(out.find("2 prefill + " + ready + " decode"), std::string::npos) << out;
  }
}

TEST(StatusTreeOfRanks, TellsWhatTheReplicaEndsWith) {
  Scene scene;
  scene.pods = {Rank(0, true), Rank(1, true)};
  scene.pods[1]["status"]["phase"] = "Failed";
  FakeCluster fake;
  scene.AddTo(&fake);
  const std::string out = ShowStatus(fake, {.name = "minimax-m3", .namespace_name = "serving"}).out;
  EXPECT_NE(out.find("0-1-0   Terminating"), std::string::npos) << out;
  EXPECT_NE(out.find("rank 1: "), std::string::npos) << out;
  EXPECT_NE(out.find("0-1-1   PodFailed"), std::string::npos) << out;
}

}  // namespace
}  // namespace kubectl_disagg::testing
