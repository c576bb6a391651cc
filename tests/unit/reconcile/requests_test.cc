// What one deployment costs the API server, from its creation until it is ready.

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "tests/unit/reconcile/fake_cluster.h"
#include "tests/unit/reconcile/small_cluster.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Pair;

// "POST pods", "GET controllerrevisions": how often each was asked for.
using Tally = std::map<std::string, int>;

std::string CollectionOf(const transport::Request& request) {
  std::string path = request.target.substr(0, request.target.find('?'));
  const std::string status = path.ends_with("/status") ? "/status" : "";
  path.resize(path.size() - status.size());
  if (request.method != transport::Method::kPost) path.resize(path.rfind('/'));
  return path.substr(path.rfind('/') + 1) + status;
}

// The sweep for lost children, which a new leader makes once, is not of the deployment.
void Count(SmallCluster& cluster, Tally& tally) {
  cluster.Break([&tally](const transport::Request& request) -> std::optional<SmallCluster::Answer> {
    const std::string what = Describe(request);
    if (what != "LIST") ++tally[what + " " + CollectionOf(request)];
    return std::nullopt;
  });
}

void PatchPods(SmallCluster& cluster, const json& patch) {
  for (const std::string& pod : cluster.Pods()) cluster.Patch(pod, patch);
}

json Bound() {
  return {{"spec", {{"nodeName", "b200-1"}}},
          {"status", {{"conditions", {{{"type", "PodScheduled"}, {"status", "True"}}}}}}};
}

json Serving() {
  return {{"status",
           {{"phase", "Running"},
            {"conditions",
             {{{"type", "PodScheduled"}, {"status", "True"}},
              {{"type", "Ready"}, {"status", "True"}}}}}}};
}

TEST(Requests, OfACreationAreOneForEachObjectAndTwoStatuses) {
  SmallCluster cluster;
  Tally tally;
  // As the API server has it before anybody tells of it.
  cluster.Spec(planning::DeploymentBuilder().Status(nullptr));
  Count(cluster, tally);
  cluster.StoreOf(kube::kNodes).Upsert(planning::NodeBuilder("b200-1").Build(), "1");
  cluster.Lead();
  cluster.Play(milliseconds(500));
  PatchPods(cluster, Bound());
  cluster.Play(milliseconds(500));
  PatchPods(cluster, Serving());
  cluster.Play(seconds(5));
  EXPECT_EQ(cluster.status().at("summary").at("reason"), "");
  EXPECT_THAT(tally, ElementsAre(Pair("PATCH apply disaggdeployments/status", 2),
                                 Pair("PATCH apply servingmodels/status", 1),
                                 Pair("PATCH first apply poddisruptionbudgets", 1),
                                 Pair("PATCH first apply rolebindings", 1),
                                 Pair("PATCH first apply services", 2),
                                 Pair("POST controllerrevisions", 1), Pair("POST dry pods", 3),
                                 Pair("POST pods", 4), Pair("POST serviceaccounts", 1)));
}

}  // namespace
}  // namespace disagg::reconcile
