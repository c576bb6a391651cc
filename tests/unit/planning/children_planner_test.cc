#include "controllers/planning/children_planner.h"

#include <functional>

#include <gmock/gmock.h>

#include "controllers/planning/desired.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

ChildrenGoal GoalOf(const DeploymentBuilder& deployment) {
  ChildrenGoal goal;
  goal.desired = DesiredReplicas(SnapshotOf(deployment));
  return goal;
}

Child ChildOf(const kube::Resource& resource, const json& body, const std::string& uid = "u") {
  kube::RawObject object;
  object.meta.name = body.at("metadata").at("name");
  object.meta.namespace_name = "serving";
  object.meta.uid = uid;
  object.json = kube::TextPacker().Pack(body.dump());
  return {resource, std::make_shared<const kube::RawObject>(object)};
}

Child Named(const kube::Resource& resource, const std::string& name) {
  return ChildOf(resource, {{"metadata", {{"name", name}}}});
}

std::vector<Write> Plan(const DeploymentBuilder& deployment, const std::vector<Child>& children,
                        const ChildrenGoal& goal) {
  Snapshot snapshot = SnapshotOf(deployment);
  snapshot.children = children;
  return PlanChildren(snapshot, goal);
}

// Everything that the goal asks for, as it would be stored.
std::vector<Child> Converged(const DeploymentBuilder& deployment, const ChildrenGoal& goal) {
  std::vector<Child> children;
  for (const Write& write : Plan(deployment, {}, goal)) {
    children.push_back(ChildOf(write.resource, write.body));
  }
  return children;
}

// `child` with its stored object changed.
Child Changed(const Child& child, const std::function<void(json&)>& change) {
  json body = json::parse(child.object->json.Unpack());
  change(body);
  return ChildOf(child.resource, body);
}

void Replace(std::vector<Child>& children, const kube::Resource& resource,
             const std::function<void(json&)>& change) {
  for (Child& child : children) {
    if (child.resource == resource) child = Changed(child, change);
  }
}

int MinAvailable(const std::vector<Write>& writes, const std::string& budget) {
  for (const Write& write : writes) {
    if (write.key.name == budget) return write.body.at("spec").at("minAvailable");
  }
  return -1;
}

TEST(PlanChildren, MakesEverythingOnce) {
  const DeploymentBuilder deployment;
  const auto writes = Plan(deployment, {}, GoalOf(deployment));
  EXPECT_THAT(
      Describe(writes),
      ElementsAre("create ServiceAccount minimax-m3-workers",
                  "apply RoleBinding minimax-m3-workers", "apply Service minimax-m3-workers",
                  "apply Service minimax-m3", "apply PodDisruptionBudget minimax-m3-prefill"));
  for (const Write& write : writes) {
    EXPECT_EQ(write.uid, "") << "nothing is cached";
    EXPECT_EQ(write.body.at("metadata").at("ownerReferences").at(0).at("uid"), "uid-of-minimax-m3");
  }
}

TEST(PlanChildren, WritesNothingWhenEverythingIsThere) {
  const DeploymentBuilder deployment;
  const ChildrenGoal goal = GoalOf(deployment);
  EXPECT_THAT(Plan(deployment, Converged(deployment, goal), goal), IsEmpty());
}

TEST(PlanChildren, LeavesWhatOthersAdded) {
  const DeploymentBuilder deployment;
  const ChildrenGoal goal = GoalOf(deployment);
  auto children = Converged(deployment, goal);
  Replace(children, kube::kServices, [](json& service) {
    service["metadata"]["annotations"]["metallb.io/ip"] = "10.0.0.1";
    service["spec"]["sessionAffinity"] = "None";
  });
  EXPECT_THAT(Plan(deployment, children, goal), IsEmpty());
}

struct DriftCase {
  const char* sentence;
  kube::Resource resource;
  json::json_pointer field;
  json value;
  std::vector<std::string> writes;
};

TEST(PlanChildren, MendsWhatDrifted) {
  const DriftCase cases[] = {
      {"a Service whose selector was changed",
       kube::kServices,
       json::json_pointer("/spec/selector/disagg.dev~1deployment"),
       "other",
       {"apply Service minimax-m3-workers", "apply Service minimax-m3"}},
      {"a budget that was loosened",
       kube::kPodDisruptionBudgets,
       json::json_pointer("/spec/minAvailable"),
       7,
       {"apply PodDisruptionBudget minimax-m3-prefill"}},
      {"a binding to another account",
       kube::kRoleBindings,
       json::json_pointer("/subjects/0/name"),
       "default",
       {"apply RoleBinding minimax-m3-workers"}},
      {"a Service whose selector got a key that no pod has",
       kube::kServices,
       json::json_pointer("/spec/selector/color"),
       "blue",
       {"patch Service minimax-m3-workers", "patch Service minimax-m3"}},
      {"a ServiceAccount is posted once and is the user's to label",
       kube::kServiceAccounts,
       json::json_pointer("/metadata/labels/app.kubernetes.io~1name"),
       "x",
       {}},
  };
  const DeploymentBuilder deployment;
  const ChildrenGoal goal = GoalOf(deployment);
  for (const DriftCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    auto children = Converged(deployment, goal);
    Replace(children, c.resource, [&](json& object) { object[c.field] = c.value; });
    const auto writes = Plan(deployment, children, goal);
    EXPECT_THAT(Describe(writes), ::testing::ElementsAreArray(c.writes));
    for (const Write& write : writes) EXPECT_EQ(write.uid, "u") << "of the cached object";
  }
}

TEST(PlanChildren, TakesAwayAFieldThatIsNotWantedAnyMore) {
  DeploymentBuilder deployment;
  deployment.spec().router.service_annotations = {{"example.com/pool", "blue"}};
  const ChildrenGoal goal = GoalOf(deployment);
  const auto children = Converged(deployment, goal);
  deployment.spec().router.service_annotations.clear();
  EXPECT_THAT(Describe(Plan(deployment, children, goal)), ElementsAre("apply Service minimax-m3"));
}

TEST(PlanChildren, DeletesUnwantedObjectsOfEveryKind) {
  const DeploymentBuilder deployment;
  const ChildrenGoal goal = GoalOf(deployment);
  for (const kube::Resource& resource : {kube::kServices, kube::kServiceAccounts,
                                         kube::kRoleBindings, kube::kPodDisruptionBudgets}) {
    SCOPED_TRACE(resource.kind);
    auto children = Converged(deployment, goal);
    children.push_back(Named(resource, "minimax-m3-stray"));
    const auto writes = Plan(deployment, children, goal);
    ASSERT_EQ(writes.size(), 1u);
    EXPECT_EQ(writes[0].verb, Verb::kDelete);
    EXPECT_EQ(writes[0].stage, Stage::kGarbage);
    EXPECT_EQ(writes[0].resource, resource);
    EXPECT_EQ(writes[0].uid, "u");
  }
}

TEST(PlanChildren, LeavesAloneWhatIsBeingDeleted) {
  const DeploymentBuilder deployment;
  const ChildrenGoal goal = GoalOf(deployment);
  auto children = Converged(deployment, goal);
  children.push_back(Named(kube::kServices, "minimax-m3-stray"));
  for (Child& child : children) {
    auto object = *child.object;
    object.meta.deletion_time = kNow;
    child.object = std::make_shared<const kube::RawObject>(object);
  }
  EXPECT_THAT(Plan(deployment, children, goal), IsEmpty());
}

// -- budgets

struct BudgetCase {
  const char* sentence;
  api::DisruptionPolicy policy;
  int desired;
  int min_available;  // -1: no budget
};

TEST(Budgets, AreIntegersOfTheReplicasThatHaveToStay) {
  const BudgetCase cases[] = {
      {"one may go", api::DisruptionPolicy::kOneGroup, 4, 3},
      {"a lone replica may go, and a budget would forbid nothing", api::DisruptionPolicy::kOneGroup,
       1, -1},
      {"of none, none has to stay", api::DisruptionPolicy::kOneGroup, 0, -1},
      {"none may go", api::DisruptionPolicy::kBlock, 4, 4},
      {"not even the only one", api::DisruptionPolicy::kBlock, 1, 1},
      {"no budget at all", api::DisruptionPolicy::kNone, 4, -1},
  };
  for (const BudgetCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    DeploymentBuilder deployment;
    deployment.spec().disruption = c.policy;
    deployment.Replicas(kDecode, c.desired);
    const auto writes = Plan(deployment, {}, GoalOf(deployment));
    EXPECT_EQ(MinAvailable(writes, "minimax-m3-decode"), c.min_available);
  }
}

TEST(Budgets, OfRoutersAreForTwoOrMore) {
  const BudgetCase cases[] = {
      {"the only one", api::DisruptionPolicy::kOneGroup, 1, -1},
      {"one of two may go", api::DisruptionPolicy::kOneGroup, 2, 1},
      {"the only one holds up no drain", api::DisruptionPolicy::kBlock, 1, -1},
      {"none of two may go", api::DisruptionPolicy::kBlock, 2, 2},
      {"no budget at all", api::DisruptionPolicy::kNone, 2, -1},
  };
  for (const BudgetCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    DeploymentBuilder deployment;
    deployment.spec().disruption = c.policy;
    deployment.spec().router.replicas = c.desired;
    const auto writes = Plan(deployment, {}, GoalOf(deployment));
    EXPECT_EQ(MinAvailable(writes, "minimax-m3-router"), c.min_available);
  }
}

TEST(Budgets, FollowTheReplicas) {
  DeploymentBuilder deployment;
  const auto children = Converged(deployment, GoalOf(deployment));
  deployment.Replicas(kPrefill, 6);
  const auto writes = Plan(deployment, children, GoalOf(deployment));
  EXPECT_THAT(Describe(writes), ElementsAre("apply PodDisruptionBudget minimax-m3-prefill"));
  EXPECT_EQ(MinAvailable(writes, "minimax-m3-prefill"), 5);
}

TEST(Budgets, GoWhenTheUserWantsNone) {
  DeploymentBuilder deployment;
  const auto children = Converged(deployment, GoalOf(deployment));
  deployment.spec().disruption = api::DisruptionPolicy::kNone;
  EXPECT_THAT(Describe(Plan(deployment, children, GoalOf(deployment))),
              ElementsAre("delete PodDisruptionBudget minimax-m3-prefill"));
}

// -- accounts

TEST(Accounts, OfTheUserNeedNoneOfOurs) {
  DeploymentBuilder deployment;
  deployment.spec().service_account_name = "mine";
  const auto writes = Plan(deployment, {}, GoalOf(deployment));
  for (const Write& write : writes) EXPECT_NE(write.stage, Stage::kAccount);
}

TEST(Accounts, StayWhileOldPodsUseThem) {
  DeploymentBuilder deployment;
  const auto children = Converged(deployment, GoalOf(deployment));
  deployment.spec().service_account_name = "mine";
  ChildrenGoal goal = GoalOf(deployment);
  goal.keep_accounts = true;
  EXPECT_THAT(Plan(deployment, children, goal), IsEmpty());
  goal.keep_accounts = false;
  EXPECT_THAT(Describe(Plan(deployment, children, goal)),
              UnorderedElementsAre("delete ServiceAccount minimax-m3-workers",
                                   "delete RoleBinding minimax-m3-workers"));
}

// -- healing

TEST(HealOnly, MakesWhatIsMissingAndChangesNothing) {
  DeploymentBuilder deployment;
  ChildrenGoal goal = GoalOf(deployment);
  auto children = Converged(deployment, goal);
  children.push_back(Named(kube::kServices, "minimax-m3-stray"));
  std::erase_if(children, [](const Child& child) {
    return child.object->meta.name == "minimax-m3-workers" && child.resource == kube::kServices;
  });
  deployment.spec().router.service_type = "LoadBalancer";
  deployment.spec().service_account_name = "mine";
  deployment.spec().disruption = api::DisruptionPolicy::kNone;
  goal.heal_only = true;
  EXPECT_THAT(Describe(Plan(deployment, children, goal)),
              ElementsAre("apply Service minimax-m3-workers"));
}

// -- history

Snapshot WithRevisions(int count, int limit) {
  DeploymentBuilder deployment;
  deployment.spec().revision_history_limit = limit;
  Snapshot snapshot = SnapshotOf(deployment);
  for (int i = 1; i <= count; ++i) {
    snapshot.revisions.push_back(RevisionBuilder("r" + std::to_string(i)).Number(i).Stored());
  }
  return snapshot;
}

std::vector<std::string> Deleted(const Snapshot& snapshot, const std::set<std::string>& keep) {
  std::vector<std::string> names;
  for (const Write& write : PlanHistory(snapshot, keep)) {
    EXPECT_EQ(write.uid, "uid-of-" + write.key.name.substr(std::string("minimax-m3-").size()));
    names.push_back(write.key.name);
  }
  return names;
}

TEST(PlanHistory, DeletesTheOldestBeyondTheLimit) {
  EXPECT_THAT(Deleted(WithRevisions(5, 2), {}),
              ElementsAre("minimax-m3-r3", "minimax-m3-r2", "minimax-m3-r1"));
  EXPECT_THAT(Deleted(WithRevisions(5, 5), {}), IsEmpty());
  EXPECT_THAT(Deleted(WithRevisions(2, 0), {}), ElementsAre("minimax-m3-r2", "minimax-m3-r1"));
}

TEST(PlanHistory, DoesNotCountWhatIsInUse) {
  EXPECT_THAT(Deleted(WithRevisions(5, 2), {"r1", "r5"}), ElementsAre("minimax-m3-r2"));
  EXPECT_THAT(Deleted(WithRevisions(2, 0), {"r1", "r2"}), IsEmpty());
}

}  // namespace
}  // namespace disagg::planning
