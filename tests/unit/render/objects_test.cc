#include "controllers/render/objects.h"

#include <gmock/gmock.h>

#include "controllers/render/metadata.h"
#include "controllers/render/subset.h"
#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;

json DecodePod(const Fixture& seed, const PodHistory& history = {}) {
  const Revision revision = seed.Make();
  return RenderPod(seed.deployment, revision.identity, revision.Template(RoleName::kDecode),
                   {.role = RoleName::kDecode, .replica = 4, .incarnation = 2}, history);
}

bool Selects(const json& selector, const json& pod) {
  return IsSubset(selector, pod["metadata"]["labels"]);
}

TEST(Names, AreWhatThePublishedListSays) {
  Fixture seed = Seed();
  EXPECT_EQ(RevisionName("m", "k4x9m2qa"), "m-k4x9m2qa");
  EXPECT_EQ(PodName("m", {RoleName::kPrefill, 3, 2}, "k4x9m2qa"), "m-prefill-k4x9m2qa-3-2");
  EXPECT_EQ(WorkersServiceName("m"), "m-workers");
  EXPECT_EQ(PodName("m", {RoleName::kRouter, 0, 1}, "h6n4j8fs"), "m-router-h6n4j8fs-0-1");
  EXPECT_EQ(BudgetName("m", RoleName::kDecode), "m-decode");
  EXPECT_EQ(ServiceAccountName(seed.deployment), "minimax-m3-workers");
  EXPECT_EQ(Endpoint(seed.deployment), "http://minimax-m3.serving.svc:8000/v1");
  seed.deployment.spec.service_account_name = "mine";
  EXPECT_EQ(ServiceAccountName(seed.deployment), "mine");
}

TEST(Names, OfTheLongestPodIsAHostName) {
  const std::string name =
      PodName(std::string(30, 'a'), {RoleName::kAggregated, 999, 9999}, "k4x9m2qa");
  EXPECT_LE(name.size() + std::string("-99").size(), 63u);
}

TEST(Pod, CarriesWhatTellsItFromItsSiblings) {
  const Fixture seed = Seed();
  const Revision revision = seed.Make();
  const json pod = DecodePod(seed);
  const json& labels = pod["metadata"]["labels"];
  const std::string role_revision = revision.identity.roles.at(RoleName::kDecode).revision;
  EXPECT_EQ(pod["metadata"]["name"], "minimax-m3-decode-" + role_revision + "-4-2");
  EXPECT_EQ(pod["spec"]["hostname"], pod["metadata"]["name"]);
  EXPECT_EQ(labels["disagg.dev/role"], "decode");
  EXPECT_EQ(labels["disagg.dev/replica"], "4");
  EXPECT_EQ(labels["disagg.dev/rank"], "0");
  EXPECT_EQ(labels["disagg.dev/incarnation"], "2");
  EXPECT_EQ(labels["disagg.dev/role-revision"], role_revision);
  EXPECT_EQ(labels["disagg.dev/revision"], revision.identity.name);
  EXPECT_EQ(labels["disagg.dev/contract"], revision.identity.contract);
}

TEST(Pod, IsControlledByTheDeployment) {
  const json owners = DecodePod(Seed())["metadata"]["ownerReferences"];
  ASSERT_EQ(owners.size(), 1u);
  EXPECT_EQ(owners[0], (json{{"apiVersion", "disagg.dev/v1alpha1"},
                             {"kind", "DisaggDeployment"},
                             {"name", "minimax-m3"},
                             {"uid", "uid-1"},
                             {"controller", true},
                             {"blockOwnerDeletion", true}}));
}

TEST(Pod, WithoutAHistoryIsItsTemplate) {
  const json pod = DecodePod(Seed());
  EXPECT_FALSE(pod["spec"].contains("affinity"));
  EXPECT_FALSE(pod["metadata"]["annotations"].contains("disagg.dev/retries"));
  EXPECT_FALSE(pod["metadata"]["annotations"].contains("disagg.dev/failures"));
}

TEST(Pod, CarriesItsHistoryOnAndAvoidsNodes) {
  const json pod = DecodePod(Seed(), {.retries = 3,
                                      .failures = {{"b200-3", 1}, {"b200-1", 2}},
                                      .faults = {{"b200-1", {3, 1795514400}}},
                                      .avoid_nodes = {"b200-1"},
                                      .avoid_strictly = true});
  EXPECT_EQ(pod["metadata"]["annotations"]["disagg.dev/retries"], "3");
  EXPECT_EQ(pod["metadata"]["annotations"]["disagg.dev/failures"], "b200-1=2,b200-3=1");
  EXPECT_EQ(pod["metadata"]["annotations"]["disagg.dev/node-faults"], "b200-1=3@1795514400");
  EXPECT_EQ(pod["metadata"]["annotations"]["disagg.dev/avoids"], "b200-1");
  const json terms = pod["spec"]["affinity"]["nodeAffinity"]
                        ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  EXPECT_EQ(terms, json::parse(R"([{"matchFields":
      [{"key":"metadata.name","operator":"NotIn","values":["b200-1"]}]}])"));
}

TEST(Pod, AvoidsNodesByPreferenceWhereNoOtherNodeIsKnown) {
  const json pod = DecodePod(Seed(), {.retries = 1,
                                      .failures = {},
                                      .faults = {},
                                      .avoid_nodes = {"n1", "n2"},
                                      .avoid_strictly = false});
  EXPECT_FALSE(pod["metadata"]["annotations"].contains("disagg.dev/avoids"));
  EXPECT_EQ(pod["spec"]["affinity"]["nodeAffinity"], json::parse(R"(
      {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference":
        {"matchFields": [{"key":"metadata.name","operator":"NotIn","values":["n1"]},
                         {"key":"metadata.name","operator":"NotIn","values":["n2"]}]}}]})"));
}

TEST(Pod, AvoidsNodesInEveryAlternativeOfItsTemplate) {
  const Fixture seed = Seed();
  const Revision revision = seed.Make();
  json role_template = revision.Template(RoleName::kDecode);
  role_template["spec"]["affinity"]["nodeAffinity"]
               ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] =
                   json::parse(R"([{"matchExpressions":[{"key":"a","operator":"Exists"}]},
                      {"matchFields":[{"key":"metadata.name","operator":"In","values":["n"]}]}])");
  const json pod = RenderPod(seed.deployment, revision.identity, role_template,
                             {.role = RoleName::kDecode, .replica = 0, .incarnation = 1},
                             {.retries = 0,
                              .failures = {},
                              .faults = {},
                              .avoid_nodes = {"n1", "n2"},
                              .avoid_strictly = true});
  const json terms = pod["spec"]["affinity"]["nodeAffinity"]
                        ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0]["matchExpressions"].size(), 1u);
  EXPECT_EQ(terms[0]["matchFields"].size(), 2u) << "one for each node: a field takes one value";
  EXPECT_EQ(terms[1]["matchFields"].size(), 3u);
}

TEST(Services, SelectWorkersAndRoutersApart) {
  Fixture seed = Seed();
  const Revision revision = seed.Make();
  const json worker = DecodePod(seed);
  const json router =
      RenderPod(seed.deployment, revision.identity, revision.Template(RoleName::kRouter),
                {.role = RoleName::kRouter, .replica = 0, .incarnation = 1}, {});
  const json workers = RenderWorkersService(seed.deployment)["spec"]["selector"];
  const json clients = RenderClientService(seed.deployment)["spec"]["selector"];
  EXPECT_TRUE(Selects(workers, worker));
  EXPECT_FALSE(Selects(workers, router));
  EXPECT_TRUE(Selects(clients, router));
  EXPECT_FALSE(Selects(clients, worker));
  seed.deployment.spec.router.args = {{"router-mode", Text("kv")}};
  EXPECT_TRUE(Selects(workers, seed.Router()));
}

TEST(Services, OfWorkersIsWhereDynamoLooks) {
  const json service = RenderWorkersService(Seed().deployment);
  EXPECT_EQ(service["metadata"]["labels"]["nvidia.com/dynamo-discovery-backend"], "kubernetes");
  EXPECT_EQ(service["metadata"]["labels"]["nvidia.com/dynamo-discovery-enabled"], "true");
  EXPECT_EQ(service["spec"]["publishNotReadyAddresses"], false);
  EXPECT_EQ(service["spec"]["ports"][0]["port"], 9090);
}

TEST(Services, OfClientsIsAsTheUserWants) {
  Fixture seed = Seed();
  seed.deployment.spec.router.service_type = "LoadBalancer";
  seed.deployment.spec.router.service_port = 80;
  seed.deployment.spec.router.service_annotations = {{"a", "b"}};
  const json service = RenderClientService(seed.deployment);
  EXPECT_EQ(service["metadata"]["name"], "minimax-m3");
  EXPECT_EQ(service["metadata"]["annotations"]["a"], "b");
  EXPECT_EQ(service["spec"]["type"], "LoadBalancer");
  EXPECT_EQ(service["spec"]["ports"][0],
            (json{{"name", "http"}, {"port", 80}, {"protocol", "TCP"}, {"targetPort", "http"}}));
}

TEST(Account, IsBoundToTheOneClusterRole) {
  const json binding = RenderRoleBinding(Seed().deployment);
  EXPECT_EQ(binding["metadata"]["name"], "minimax-m3-workers");
  EXPECT_EQ(binding["roleRef"]["name"], kWorkerClusterRole);
  EXPECT_EQ(binding["subjects"][0]["name"],
            RenderServiceAccount(Seed().deployment)["metadata"]["name"]);
  EXPECT_EQ(DecodePod(Seed())["spec"]["serviceAccountName"], "minimax-m3-workers");
}

TEST(Budget, CoversTheRolesPods) {
  const json budget = RenderBudget(Seed().deployment, RoleName::kDecode, 1);
  EXPECT_EQ(budget["metadata"]["name"], "minimax-m3-decode");
  EXPECT_EQ(budget["spec"]["minAvailable"], 1);
  EXPECT_EQ(budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
  EXPECT_TRUE(Selects(budget["spec"]["selector"]["matchLabels"], DecodePod(Seed())));
}

TEST(AppliedObjects, TellByTheirAnnotationOfWhatIsWantedNoMore) {
  Fixture seed = Seed();
  seed.deployment.spec.router.service_annotations = {{"a", "b"}};
  const json before = RenderClientService(seed.deployment);
  seed.deployment.spec.router.service_annotations.clear();
  const json after = RenderClientService(seed.deployment);
  EXPECT_FALSE(IsSubset(after, before));
  EXPECT_TRUE(IsSubset(after, RenderClientService(seed.deployment)));
}

TEST(LabelValues, AreMadeValid) {
  EXPECT_EQ(LabelValue("qwen3-32b"), "qwen3-32b");
  EXPECT_EQ(LabelValue("nvidia/MiniMax-M3-NVFP4"), "nvidia-MiniMax-M3-NVFP4");
  EXPECT_EQ(LabelValue("--a b_"), "a-b");
  EXPECT_EQ(LabelValue("///"), "");
  EXPECT_EQ(LabelValue(""), "");
  EXPECT_EQ(LabelValue(std::string(63, 'a')).size(), 63u);
}

TEST(LabelValues, ThatAreTooLongStayApart) {
  const std::string head(70, 'a');
  EXPECT_EQ(LabelValue(head + "1").size(), 63u);
  EXPECT_NE(LabelValue(head + "1"), LabelValue(head + "2"));
}

}  // namespace
}  // namespace disagg::render
