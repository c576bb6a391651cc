#include <gmock/gmock.h>

#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using nlohmann::json;

TEST(Router, HasTheMeasuredDefaults) {
  const json pod = Seed().Router();
  EXPECT_EQ(FlagOf(pod, "--router-mode"), "round-robin");
  EXPECT_EQ(FlagOf(pod, "--migration-limit"), "3");
  EXPECT_EQ(FlagOf(pod, "--router-replica-sync"), "<none>");
  EXPECT_EQ(EnvOf(pod, "DYN_HTTP_GRACEFUL_SHUTDOWN_TIMEOUT_SECS"), "60");
  EXPECT_EQ(pod["spec"]["terminationGracePeriodSeconds"], 3 + 60 + 5);
}

TEST(Router, TakesTheUsersArgumentsOverItsDefaults) {
  Fixture seed = Seed();
  seed.deployment.spec.router.args = {{"migration_limit", Text("7")},
                                      {"router-temperature", Text("0.5")}};
  const json pod = seed.Router();
  EXPECT_EQ(FlagOf(pod, "--migration-limit"), "7");
  EXPECT_EQ(FlagOf(pod, "--router-temperature"), "0.5");
}

TEST(Router, ThatFollowsKvCachesSeesItsReplicas) {
  Fixture seed = Seed();
  EXPECT_FALSE(seed.Router()["metadata"]["labels"].contains("disagg.dev/discovery"));
  seed.deployment.spec.router.args = {{"router-mode", Text("kv")}};
  const json pod = seed.Router();
  EXPECT_EQ(FlagOf(pod, "--router-replica-sync"), "");
  EXPECT_EQ(pod["metadata"]["labels"]["disagg.dev/discovery"], "enabled");
}

TEST(Router, IsReadyOnceItsModelIs) {
  Fixture seed = Seed();
  EXPECT_EQ(ContainerOf(seed.Router())["readinessProbe"]["httpGet"]["path"],
            "/v1/models/nvidia/MiniMax-M3-NVFP4/ready");
  seed.deployment.spec.served_name = "a b?/c";
  EXPECT_EQ(ContainerOf(seed.Router())["readinessProbe"]["httpGet"]["path"],
            "/v1/models/a%20b%3F/c/ready");
}

TEST(Router, IsRestrictedAndNeedsNeitherGpuNorWeights) {
  const json pod = Seed().Router();
  EXPECT_EQ(pod["spec"]["securityContext"]["runAsNonRoot"], true);
  EXPECT_EQ(ContainerOf(pod)["securityContext"]["readOnlyRootFilesystem"], true);
  EXPECT_EQ(ContainerOf(pod)["resources"], (json{{"requests", {{"cpu", "1"}, {"memory", "2Gi"}}},
                                                 {"limits", {{"memory", "8Gi"}}}}));
  EXPECT_EQ(pod["spec"]["volumes"].size(), 1u);
}

TEST(Router, SpreadsOverNodesWhereItCan) {
  const json spread = Seed().Router()["spec"]["topologySpreadConstraints"];
  ASSERT_EQ(spread.size(), 1u);
  EXPECT_EQ(spread[0]["topologyKey"], "kubernetes.io/hostname");
  EXPECT_EQ(spread[0]["whenUnsatisfiable"], "ScheduleAnyway");
  EXPECT_EQ(spread[0]["labelSelector"]["matchLabels"],
            (json{{"disagg.dev/deployment", "minimax-m3"}, {"disagg.dev/role", "router"}}));
  EXPECT_EQ(spread[0]["matchLabelKeys"], json::array({"disagg.dev/role-revision"}));
}

TEST(Router, RunsTheEnginesImageOnTheEnginesArchitecture) {
  Fixture seed = Seed();
  EXPECT_EQ(ContainerOf(seed.Router())["image"], "vllm/vllm-openai:1");
  EXPECT_EQ(seed.Router()["spec"]["nodeSelector"], (json{{"kubernetes.io/arch", "amd64"}}));
  seed.deployment.spec.router.image = "router:1";
  EXPECT_EQ(ContainerOf(seed.Router())["image"], "router:1");
  EXPECT_FALSE(seed.Router()["spec"].contains("nodeSelector"));
}

TEST(Router, CannotBeMadeToLookForOtherWorkers) {
  Fixture seed = Seed();
  seed.deployment.spec.router.env = {{"DYN_NAMESPACE", "x", ""}, {"DYN_LOG", "debug", ""}};
  const json pod = seed.Router();
  EXPECT_THAT(EnvOf(pod, "DYN_NAMESPACE"), testing::StartsWith("serving-minimax-m3-"));
  EXPECT_EQ(EnvOf(pod, "DYN_LOG"), "debug");
}

TEST(Router, InsistsOnPrefillOnlyWhereThereIsOne) {
  Fixture seed = Seed();
  EXPECT_EQ(EnvOf(seed.Router(), "DYN_ENFORCE_DISAGG"), "true");
  seed.Aggregate();
  EXPECT_EQ(EnvOf(seed.Router(), "DYN_ENFORCE_DISAGG"), "<none>");
}

}  // namespace
}  // namespace disagg::render
