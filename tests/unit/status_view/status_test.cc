// What `kubectl disagg status` prints for many, for users who may not see everything, and when
// nothing can be shown.

#include <gtest/gtest.h>

#include "tests/unit/status_view/scene.h"

namespace kubectl_disagg::testing {
namespace {

const StatusOptions kOne{.name = "minimax-m3", .namespace_name = "serving"};

// A second deployment, in another namespace, that lacks a GPU node.
void AddUnschedulable(FakeCluster* cluster) {
  Scene scene;
  scene.deployment["metadata"]["name"] = "dsv4";
  scene.deployment["metadata"]["namespace"] = "batch";
  scene.deployment["metadata"]["uid"] = "dsv4-uid";
  scene.deployment["metadata"]["creationTimestamp"] = Ago(4 * kMinute);
  scene.deployment["spec"]["model"]["ref"] = "deepseek-v4-pro";
  scene.Set(Condition("Ready", false, "NoDecodeRoutable", "0 of 1 decode replicas can serve",
                      4 * kMinute));
  scene.status()["summary"] = {{"topology", "1P x 8 + 1D x 8"},
                               {"prefill", "1/1"},
                               {"decode", "0/1"},
                               {"gpus", "8/16"},
                               {"reason", "Unschedulable"},
                               {"message", "decode-0 needs 8 nvidia.com/gpu; free a node"}};
  cluster->Add("/apis/disagg.dev/v1alpha1/namespaces/batch/disaggdeployments", scene.deployment);
}

TEST(StatusTable, HasOneLineForEachDeploymentOfANamespace) {
  FakeCluster fake;
  Scene().AddTo(&fake);
  AddUnschedulable(&fake);
  const Printed printed = ShowStatus(fake, {.name = "", .namespace_name = "serving"});
  EXPECT_EQ(printed.code, kOk);
  EXPECT_EQ("\n" + printed.out, R"(
NAME         MODEL                     TOPOLOGY          READY   PREFILL   DECODE   GPUS   AGE   REASON
minimax-m3   nvidia/MiniMax-M3-NVFP4   2P x 2 + 1D x 8   True    2/2       1/1      12     3d
)");
}

TEST(StatusTable, TellsNamespaceAndReasonOfEachOfAllNamespaces) {
  FakeCluster fake;
  Scene().AddTo(&fake);
  AddUnschedulable(&fake);
  const Printed printed = ShowStatus(fake, {});
  EXPECT_EQ(printed.code, kOk);
  EXPECT_EQ("\n" + printed.out, R"(
NAMESPACE   NAME         MODEL                     TOPOLOGY          READY   PREFILL   DECODE   GPUS   AGE   REASON
batch       dsv4         deepseek-v4-pro           1P x 8 + 1D x 8   False   1/1       0/1      8/16   4m    Unschedulable: decode-0 needs 8 nvidia.com/gpu; free a node
serving     minimax-m3   nvidia/MiniMax-M3-NVFP4   2P x 2 + 1D x 8   True    2/2       1/1      12     3d
)");
}

TEST(StatusTable, SaysThatThereIsNone) {
  FakeCluster fake;
  const Printed printed = ShowStatus(fake, {.name = "", .namespace_name = "empty"});
  EXPECT_EQ(printed.code, kOk);
  EXPECT_EQ(printed.out, "");
  EXPECT_EQ(printed.err, "no DisaggDeployment in namespace empty\n");
}

TEST(Status, ShowsAQuestionMarkForWhatAUserMayNotSee) {
  FakeCluster fake;
  Scene().AddTo(&fake);
  for (const char* plural : {"acceleratorclasses", "servingmodels", "nodes"}) {
    fake.Forbid(plural);
  }
  const Printed printed = ShowStatus(fake, kOne);
  EXPECT_EQ(printed.code, kOk);
  EXPECT_EQ("\n" + printed.out, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware, in front of 2 prefill + 1 decode
│  └─ minimax-m3-router-q5v8t3nd-0-1    Ready   cpu-3    restarts 0   3d
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over RDMA (?)   revision k4x9m2qa
│  ├─ minimax-m3-prefill-k4x9m2qa-0-1   Ready   b200-0   restarts 0   3d
│  └─ minimax-m3-prefill-k4x9m2qa-1-1   Ready   b200-0   restarts 0   3d
└─ decode    1/1   DEP8, 8 GPUs, NIXL over RDMA (?)        revision w7c3h5dn
   └─ minimax-m3-decode-w7c3h5dn-0-1    Ready   b200-1   restarts 0   3d
)");
}

TEST(Status, CountsFromTheStatusWherePodsMayNotBeSeen) {
  FakeCluster fake;
  Scene().AddTo(&fake);
  fake.Forbid("pods");
  const Printed printed = ShowStatus(fake, kOne);
  EXPECT_EQ(printed.code, kOk);
  EXPECT_EQ("\n" + printed.out, R"(
minimax-m3   serving   nvidia/MiniMax-M3-NVFP4 fp4, vllm on dynamo   Ready for 3d2h
├─ router    1/1   http://minimax-m3.serving.svc:8000/v1   kv-aware
├─ prefill   2/2   DEP2, 2 GPUs each, NIXL over rdma/ib    revision k4x9m2qa
└─ decode    1/1   DEP8, 8 GPUs, NIXL over rdma/ib         revision w7c3h5dn
You may not list pods in namespace serving.
)");
}

TEST(Status, DoesNotShowPodsThatOnlyHaveItsLabels) {
  FakeCluster fake;
  Scene scene;
  scene.pods[1]["metadata"]["ownerReferences"][0]["uid"] = "of-an-earlier-object-of-this-name";
  scene.AddTo(&fake);
  EXPECT_EQ(ShowStatus(fake, kOne).out.find("minimax-m3-decode-"), std::string::npos);
}

TEST(Status, KnowsAsciiAndColours) {
  FakeCluster fake;
  Scene().AddTo(&fake);
  EXPECT_NE(ShowStatus(fake, kOne, {.ascii = true}).out.find("\n`- decode    1/1"),
            std::string::npos);
  EXPECT_NE(ShowStatus(fake, kOne, {.colour = true}).out.find("\x1b[32mReady for 3d2h\x1b[0m"),
            std::string::npos);
}

TEST(Status, FailsWithOneLineThatSaysWhatToDo) {
  FakeCluster fake;
  Scene().AddTo(&fake);
  const Printed absent = ShowStatus(fake, {.name = "minimax", .namespace_name = "serving"});
  EXPECT_EQ(absent.code, kNegative);
  EXPECT_EQ(absent.err,
            "error: no DisaggDeployment \"minimax\" in namespace serving; `kubectl disagg status "
            "-A` lists those of all "
            "namespaces\n");
  fake.Forbid("disaggdeployments");
  const Printed forbidden = ShowStatus(fake, kOne);
  EXPECT_EQ(forbidden.code, kNoCluster);
  EXPECT_EQ(forbidden.err,
            "error: disaggdeployments is forbidden: User \"tenant\" cannot read them; ask for get "
            "and list on "
            "disaggdeployments.disagg.dev\n");
  fake.Disconnect();
  const Printed unreachable = ShowStatus(fake, kOne);
  EXPECT_EQ(unreachable.code, kNoCluster);
  EXPECT_EQ(unreachable.err,
            "error: cannot reach https://127.0.0.1:6443 (context test): connection refused; check "
            "address and network, or "
            "choose another --context\n");
  EXPECT_EQ(unreachable.out, "");
}

}  // namespace
}  // namespace kubectl_disagg::testing
