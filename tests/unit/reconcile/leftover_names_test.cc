#include "controllers/reconcile/leftovers.h"

#include <gtest/gtest.h>

namespace disagg::reconcile {
namespace {

kube::ObjectMeta Meta(const std::string& name, const std::string& uid) {
  kube::ObjectMeta meta;
  meta.name = name;
  meta.uid = uid;
  return meta;
}

TEST(IsLeftover, OfNobodyOnlyUnderANameOfOurs) {
  const struct {
    const char* rule;
    kube::Resource resource;
    const char* name;
    bool leftover;
  } cases[] = {
      {"the client Service", kube::kServices, "m3", true},
      {"the workers' Service", kube::kServices, "m3-workers", true},
      {"somebody's Service with our label", kube::kServices, "my-metrics", false},
      {"somebody's Service named after ours", kube::kServices, "m3-metrics", false},
      {"the workers' account", kube::kServiceAccounts, "m3-workers", true},
      {"somebody's account", kube::kServiceAccounts, "m3", false},
      {"the workers' RoleBinding", kube::kRoleBindings, "m3-workers", true},
      {"a budget of a role", kube::kPodDisruptionBudgets, "m3-decode", true},
      {"somebody's budget", kube::kPodDisruptionBudgets, "m3-all", false},
      {"a budget of a longer name", kube::kPodDisruptionBudgets, "m3", false},
      {"a revision", kube::kControllerRevisions, "m3-w7c3h5dn", true},
      {"somebody's revision", kube::kControllerRevisions, "web-5d8f9c7b6", false},
      {"a worker pod", kube::kPods, "m3-decode-w7c3h5dn-0-1", true},
      {"a router's pod", kube::kPods, "m3-router-w7c3h5dn-0-1", true},
      {"a budget of the routers", kube::kPodDisruptionBudgets, "m3-router", true},
      {"somebody's pod to debug with", kube::kPods, "m3-debug", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(IsLeftover(c.resource, Meta(c.name, "u"), Meta("m3", "owner")), c.leftover) << c.rule;
  }
}

TEST(IsLeftover, OfAnEarlierDeploymentUnderAnyName) {
  kube::ObjectMeta child = Meta("renamed", "u");
  child.controller_uid = "before";
  child.controller_group = "disagg.dev";
  child.controller_kind = "DisaggDeployment";
  child.controller_name = "m3";
  EXPECT_TRUE(IsLeftover(kube::kServices, child, Meta("m3", "owner")));
  child.controller_uid = "owner";
  EXPECT_FALSE(IsLeftover(kube::kServices, child, Meta("m3", "owner"))) << "of this one";
  child.controller_uid = "before";
  child.controller_group = "other.example";
  EXPECT_FALSE(IsLeftover(kube::kPods, child, Meta("m3", "owner"))) << "of somebody's namesake";
  child.controller_group = "apps";
  child.controller_kind = "ReplicaSet";
  child.controller_uid = "rs";
  EXPECT_FALSE(IsLeftover(kube::kPods, child, Meta("m3", "owner"))) << "of another kind";
}

}  // namespace
}  // namespace disagg::reconcile
