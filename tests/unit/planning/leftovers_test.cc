// Objects of an earlier deployment of the same name, and fields that others put on ours.

#include <gmock/gmock.h>

#include "controllers/render/foreign_fields.h"
#include "controllers/render/objects.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Leftover Of(const kube::Resource& resource, const std::string& name, bool orphaned = false) {
  return {resource, name, "uid-of-" + name, orphaned ? "" : "uid-of-earlier", !orphaned};
}

TEST(Leftovers, OfPodsArePassedByWithTheNextIncarnation) {
  World world;
  const auto first = world.RunPass().plan.writes;
  World again;
  for (const Write& write : first) {
    const bool decode = write.verb == Verb::kCreate && write.resource == kube::kPods &&
                        write.key.name.find("decode") != std::string::npos;
    if (decode) again.leftovers.push_back(Of(kube::kPods, write.key.name));
  }
  ASSERT_EQ(again.leftovers.size(), 1u);
  EXPECT_THAT(again.RunPass().WorkerWrites(),
              ElementsAre("create prefill-0-1", "create prefill-1-1", "create decode-0-2"));
}

TEST(Leftovers, ThatPodsStandOnAreWaitedFor) {
  World before;
  before.RunPass();
  const std::string revision =
      render::RevisionName("minimax-m3", before.revisions().at(0).identity.name);
  for (const Leftover& leftover :
       {Of(kube::kControllerRevisions, revision), Of(kube::kServiceAccounts, "minimax-m3-workers"),
        Of(kube::kRoleBindings, "minimax-m3-workers", true)}) {
    SCOPED_TRACE(leftover.resource.kind);
    World world;
    world.leftovers = {leftover};
    const Pass pass = world.RunPass();
    EXPECT_THAT(pass.plan.writes, IsEmpty());
    EXPECT_EQ(pass.plan.wake_at, kNow + 10);
    EXPECT_THAT(Describe(pass.plan.explanations),
                Contains(HasSubstr("waits for " + leftover.resource.kind + " " + leftover.name)));
    world.leftovers.clear();
    EXPECT_TRUE(world.Settle().status.ready);
  }
}

TEST(Leftovers, OfServicesHoldNothingElseUp) {
  World world;
  world.leftovers = {Of(kube::kServices, "minimax-m3")};
  world.RunPass();
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Contains("apply Service minimax-m3-workers"));
  EXPECT_THAT(pass.writes, Not(Contains("apply Service minimax-m3")));
  world.leftovers.clear();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("apply Service minimax-m3"));
}

TEST(Leftovers, ThatNobodyDeletesAreDeletedWhenTheirOwnerIsGone) {
  World world;
  world.Settle();
  Leftover pod = Of(kube::kPods, "minimax-m3-decode-x-0-1");
  pod.deleting = false;
  world.leftovers = {pod, Of(kube::kServices, "minimax-m3-old"),
                     Of(kube::kPods, "minimax-m3-decode-x-1-1", /*orphaned=*/true)};
  const Pass pass = world.RunPass();
  ASSERT_THAT(pass.plan.writes, SizeIs(1)) << "neither what terminates nor what has no owner";
  const Write& write = pass.plan.writes[0];
  EXPECT_EQ(write.verb, Verb::kDelete);
  EXPECT_EQ(write.key.name, pod.name);
  EXPECT_EQ(write.uid, pod.uid);
  ASSERT_TRUE(write.because_absent);
  EXPECT_EQ(write.because_absent->resource, api::kDisaggDeployments);
  EXPECT_EQ(write.because_absent->key.ToString(), "serving/minimax-m3");
  EXPECT_EQ(write.because_absent->uid, "uid-of-earlier");
}

TEST(Leftovers, AreTheGarbageCollectorsForTenSeconds) {
  DeploymentBuilder builder;
  builder.CreatedAt(kNow - 4);
  World world(builder);
  world.leftovers = {Of(kube::kServices, "minimax-m3")};
  world.leftovers[0].deleting = false;
  const Pass pass = world.RunPass();
  EXPECT_THAT(pass.writes, Not(Contains(HasSubstr("delete"))));
  EXPECT_EQ(pass.plan.wake_at, kNow + 6);
}

struct ForeignCase {
  const char* sentence;
  kube::Resource resource;
  json stored, patch;
};

TEST(ForeignFields, AreTakenAwayWhereTheyKeepRequestsFromWorkers) {
  const json wanted = {{"spec", {{"selector", {{"app", "x"}}}}}};
  const ForeignCase cases[] = {
      {"nothing is added", kube::kServices, json::object(), json::object()},
      {"a key of the selector",
       kube::kServices,
       {{"selector", {{"color", "blue"}}}},
       {{"spec", {{"selector", {{"color", nullptr}}}}}}},
      {"endpoints of the own node only",
       kube::kServices,
       {{"internalTrafficPolicy", "Local"}},
       {{"spec", {{"internalTrafficPolicy", nullptr}}}}},
      {"what the API server sets by default",
       kube::kServices,
       {{"internalTrafficPolicy", "Cluster"}},
       json::object()},
      {"addresses that are not ready",
       kube::kServices,
       {{"publishNotReadyAddresses", true}},
       {{"spec", {{"publishNotReadyAddresses", nullptr}}}}},
      {"what only adds", kube::kServices, {{"sessionAffinity", "ClientIP"}}, json::object()},
      {"another kind", kube::kRoleBindings, {{"publishNotReadyAddresses", true}}, json::object()},
  };
  for (const ForeignCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    json stored = wanted;
    stored["spec"].update(c.stored, true);
    EXPECT_EQ(render::ForeignFields(c.resource, wanted, stored), c.patch);
  }
  EXPECT_THAT(render::ForeignFields(kube::kServices, wanted, json()), IsEmpty());
}

}  // namespace
}  // namespace disagg::planning
