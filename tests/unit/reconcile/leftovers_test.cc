#include "controllers/reconcile/leftovers.h"

#include <gtest/gtest.h>

#include "controllers/api/labels.h"
#include "controllers/reconcile/cached_source.h"
#include "tests/unit/reconcile/fake_manager.h"

namespace disagg::reconcile {
namespace {

struct Reference {
  std::string kind, name, uid;
};

std::shared_ptr<kube::Pod> PodOf(const Reference& owner) {
  auto pod = std::make_shared<kube::Pod>();
  pod->meta.namespace_name = "serving";
  pod->meta.name = "minimax-m3-decode-x-0-1";
  pod->meta.uid = "p-1";
  pod->meta.resource_version = "3";
  pod->meta.controller_group = owner.kind.empty() ? "" : api::kDisaggDeployments.group;
  pod->meta.controller_kind = owner.kind;
  pod->meta.controller_name = owner.name;
  pod->meta.controller_uid = owner.uid;
  pod->meta.labels.Set(api::kLabelDeployment, "minimax-m3");
  return pod;
}

std::vector<planning::Leftover> LeftoversWith(const std::shared_ptr<kube::Pod>& pod) {
  FakeManager manager([](const transport::Request&) { return runtime::Refusal(500, "Unused"); });
  const Caches caches(manager);
  manager.StoreOf(kube::kPods).Upsert(pod, "3");
  const NodeReadiness readiness;
  const std::vector<LostChildren::Child> lost;
  CachedSource source(caches, readiness, lost);
  return FindLeftovers(source, planning::DeploymentBuilder().Build()->meta);
}

TEST(Leftovers, AreWhatAnEarlierDeploymentOfTheNameHasLeft) {
  const std::string kind = api::kDisaggDeployments.kind;
  const std::string uid = planning::DeploymentBuilder().Build()->meta.uid;
  struct Case {
    std::string rule;
    Reference owner;
    bool left;
    bool orphaned;
  };
  const std::vector<Case> cases = {
      {"ours", {kind, "minimax-m3", uid}, false, false},
      {"of a deleted deployment of the name", {kind, "minimax-m3", "old"}, true, false},
      {"orphaned", {"", "", ""}, true, true},
      {"of another kind's", {"ReplicaSet", "minimax-m3", "r"}, false, false},
      {"of another deployment, labelled by mistake", {kind, "other", "x"}, false, false},
  };
  for (const Case& test : cases) {
    const auto leftovers = LeftoversWith(PodOf(test.owner));
    ASSERT_EQ(leftovers.size(), test.left ? 1U : 0U) << test.rule;
    if (!test.left) continue;
    EXPECT_EQ(leftovers.front().name, "minimax-m3-decode-x-0-1") << test.rule;
    EXPECT_EQ(leftovers.front().uid, "p-1") << test.rule;
    EXPECT_EQ(leftovers.front().owner_uid, test.owner.uid) << test.rule;
    EXPECT_EQ(leftovers.front().orphaned(), test.orphaned) << test.rule;
    EXPECT_FALSE(leftovers.front().deleting) << test.rule;
  }
}

TEST(Leftovers, TellWhichAreBeingDeleted) {
  auto pod = PodOf({api::kDisaggDeployments.kind, "minimax-m3", "old"});
  pod->meta.deletion_time = 1;
  const auto leftovers = LeftoversWith(pod);
  ASSERT_EQ(leftovers.size(), 1U);
  EXPECT_TRUE(leftovers.front().deleting);
}

TEST(Leftovers, AreOfTheSameNamespace) {
  auto pod = PodOf({"", "", ""});
  pod->meta.namespace_name = "elsewhere";
  EXPECT_TRUE(LeftoversWith(pod).empty());
}

}  // namespace
}  // namespace disagg::reconcile
