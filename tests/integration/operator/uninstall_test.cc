// The chart goes and comes back while deployments serve.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

Api& TheApi() { return ChartEnvironment::api(); }

std::set<std::string> UidsIn(const Deployment& deployment, const std::string& resource) {
  return Uids(TheApi().List(deployment.Collection(resource)));
}

TEST(Uninstall, LeavesWhatServesAndInstallTakesItOver) {
  Deployment deployment("served-on");
  {
    Operator op;
    ASSERT_TRUE(deployment.WaitReady());
  }
  const char* const kinds[] = {"pods",
                               "services",
                               "serviceaccounts",
                               "rolebindings",
                               "poddisruptionbudgets",
                               "controllerrevisions"};
  std::map<std::string, std::set<std::string>> before;
  for (const char* kind : kinds) before[kind] = UidsIn(deployment, kind);
  ASSERT_NO_FATAL_FAILURE(ChartEnvironment::UninstallChart());
  const auto expect_all_untouched = [&](const char* when) {
    for (const char* kind : kinds)
      EXPECT_EQ(UidsIn(deployment, kind), before[kind]) << kind << when;
  };
  EXPECT_FALSE(TheApi().Get("/apis/rbac.authorization.k8s.io/v1/clusterroles/disagg-operator").ok())
      << "the operator's own rights go with it";
  const std::string workers =
      TheApi().Get(deployment.Collection("rolebindings")).body["items"][0]["roleRef"]["name"];
  EXPECT_TRUE(TheApi().Get("/apis/rbac.authorization.k8s.io/v1/clusterroles/" + workers).ok())
      << "what workers and routers are bound to stays: " << workers;
  expect_all_untouched(" after helm uninstall");

  ASSERT_NO_FATAL_FAILURE(ChartEnvironment::InstallChart());
  Operator op;
  deployment.Patch({{"decode", {{"replicas", 2}}}});
  ASSERT_TRUE(Eventually("the new operator scales it", std::chrono::seconds(30),
                         [&] { return deployment.Pods("decode").size() == 2; }));
  deployment.Patch({{"decode", {{"replicas", 1}}}});
  ASSERT_TRUE(Eventually("and back", std::chrono::seconds(60), [&] {
    return deployment.Pods("decode", false).size() == 1 && deployment.Condition("Ready") == "True";
  }));
  expect_all_untouched(" after helm install");
}

}  // namespace
}  // namespace disagg::testing
