// What `kubectl disagg explain` decides on: a snapshot as the operator has it, read by a user who
// may not see everything.

#include "operator/cmd/kubectl-disagg/live_source.h"

#include <gmock/gmock.h>

#include "controllers/api/decode.h"
#include "controllers/reconcile/resolver.h"
#include "tests/unit/status_view/scene.h"

namespace kubectl_disagg::testing {
namespace {

namespace api = disagg::api;
namespace planning = disagg::planning;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kGpu[] = "nvidia.com/gpu";

json Holding(json pod, int gpus) {
  const std::string count = std::to_string(gpus);
  pod["spec"]["containers"] =
      json::array({{{"name", "engine"}, {"resources", {{"limits", {{kGpu, count}}}}}}});
  return pod;
}

json OfOther(json pod, const std::string& name) {
  pod["metadata"]["name"] = name + "-decode-w7c3h5dn-0-1";
  pod["metadata"]["uid"] = name + "-pod";
  pod["metadata"]["namespace"] = name;
  pod["metadata"]["labels"]["disagg.dev/deployment"] = name;
  pod["metadata"]["ownerReferences"][0]["name"] = name;
  pod["metadata"]["ownerReferences"][0]["uid"] = name + "-uid";
  return pod;
}

// Node b200-0 with four GPUs of ours, two of another deployment and two of a pod that has ended; a
// worker that finds no node, so that capacity is looked at.
struct LiveCluster {
  LiveCluster() {
    const PodSpec decode{.role = "decode", .revision = "w7c3h5dn", .node = "b200-0"};
    json ended = OfOther(Holding(ReadyPod(decode), 2), "ended");
    ended["status"]["phase"] = "Succeeded";
    scene.pods = {Holding(ReadyPod(decode), 4),
                  UnschedulablePod({.role = "prefill", .revision = "k4x9m2qa"}, "0/5 nodes")};
    scene.AddTo(&fake);
    fake.Add("/api/v1/namespaces/other/pods", OfOther(Holding(ReadyPod(decode), 2), "other"));
    fake.Add("/api/v1/namespaces/ended/pods", ended);
    fake.Add("/api/v1/namespaces",
             {{"metadata", {{"name", "serving"}, {"uid", "ns"}, {"resourceVersion", "7"}}}});
  }

  planning::Snapshot Resolve() {
    auto deployment = reader.Get(api::kDisaggDeployments, {"serving", "minimax-m3"},
                                 api::DisaggDeploymentDecoder());
    return disagg::reconcile::ResolveSnapshot(
        source, std::static_pointer_cast<const api::DisaggDeployment>(*deployment), kNow, {});
  }

  Scene scene;
  FakeCluster fake;
  ClusterReader reader{fake, "test"};
  LiveSource source{reader};
};

std::int64_t UsedOn(const planning::Snapshot& snapshot, const std::string& node) {
  for (const planning::NodeCapacity& capacity : snapshot.capacity) {
    if (capacity.node->meta.name != node) continue;
    const auto used = capacity.used.find(kGpu);
    return used == capacity.used.end() ? 0 : used->second;
  }
  return -1;
}

TEST(LiveSource, CountsTheDevicesThatPodsOfAnyDeploymentHold) {
  LiveCluster cluster;
  const planning::Snapshot snapshot = cluster.Resolve();
  EXPECT_TRUE(cluster.source.status().ok());
  EXPECT_EQ(snapshot.pods.size(), 2U);
  EXPECT_EQ(UsedOn(snapshot, "b200-0"), 6) << "an ended pod holds none";
  EXPECT_EQ(UsedOn(snapshot, "b200-1"), 0);
}

TEST(LiveSource, CountsTheDevicesOfItsNamespaceForAUserWhoSeesNoOther) {
  LiveCluster cluster;
  cluster.fake.ForbidInAllNamespaces("pods");
  EXPECT_EQ(UsedOn(cluster.Resolve(), "b200-0"), 4);
  EXPECT_TRUE(cluster.source.status().ok());
}

TEST(LiveSource, FailsOnlyWithoutWhatAPlanNeeds) {
  struct Case {
    std::string forbidden;
    bool fails;
  };
  for (const Case& test : std::vector<Case>{{"nodes", false},
                                            {"services", false},
                                            {"poddisruptionbudgets", false},
                                            {"pods", true},
                                            {"controllerrevisions", true},
                                            {"servingmodels", true},
                                            {"namespaces", true}}) {
    SCOPED_TRACE(test.forbidden);
    LiveCluster cluster;
    cluster.fake.Forbid(test.forbidden);
    const planning::Snapshot snapshot = cluster.Resolve();
    EXPECT_EQ(!cluster.source.status().ok(), test.fails);
    EXPECT_EQ(snapshot.not_live.size(), test.fails ? 0U : 1U);
  }
}

}  // namespace
}  // namespace kubectl_disagg::testing
