// A revision of ours whose labels or annotations somebody took must cost no pod that runs.

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A class that would make another revision of the same spec.
ClassBuilder OtherClass() { return ClassBuilder().Env("UCX_TLS", "rc"); }

std::string RevisionOf(const World& world) { return world.deployment().status.target_revision; }

// Serves, of a revision that nobody can read any more.
World Damaged() {
  World world = Running();
  world.DamageRevision(RevisionOf(world));
  return world;
}

TEST(DamagedRevision, IsRepairedWhenTheSpecStillMakesIt) {
  World world = Damaged();
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"))
      << "whose answer 409 gives the metadata back";
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
  EXPECT_EQ(ConditionOf(world, "Stalled"), "absent");
}

TEST(DamagedRevision, GetsLabelsBackThatTheObjectTells) {
  World world = Running();
  world.DamageRevision(RevisionOf(world), {{api::kLabelRevision, RevisionOf(world)}});
  world.SetClass(OtherClass());
  EXPECT_THAT(world.RunPass().writes, ElementsAre("patch ControllerRevision"));
  EXPECT_EQ(ConditionOf(world, "Stalled"), "absent") << "nobody has to act";
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
  EXPECT_THAT(world.Status().value("problems", nlohmann::json::array()), IsEmpty());
}

struct Change {
  const char* what;
  std::function<void(World&)> make;
};

const Change kChanges[] = {
    {"the class has changed", [](World& world) { world.SetClass(OtherClass()); }},
    {"the model has changed",
     [](World& world) {
       world.SetModel(ModelBuilder().Revision("b").Alias("nvidia/MiniMax-M3-NVFP4"));
     }},
    {"the spec of a role has changed", [](World& world) { world.Edit(ChangeDecode); }},
    {"the contract has changed", [](World& world) { world.Edit(ChangeImage); }},
    {"the class has changed and the spec is wrong",
     [](World& world) {
       world.SetClass(OtherClass());
       world.Edit(MistypeModel);
     }},
    {"the class has changed and the status was lost",
     [](World& world) {
       world.SetClass(OtherClass());
       world.LoseStatus();
     }},
    {"the class has changed and a pod was lost",
     [](World& world) {
       world.SetClass(OtherClass());
       world.DeletePod(kPrefill, 1);
     }},
};

TEST(DamagedRevision, KeepsWhatRunsWhileItCannotBeMadeAgain) {
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.what);
    World world = Damaged();
    const std::string revision = RevisionOf(world);
    change.make(world);
    for (int pass = 0; pass < 3; ++pass) {
      EXPECT_THAT(world.RunPass().plan.writes, IsEmpty());
      world.Advance(60);
    }
    EXPECT_EQ(RevisionOf(world), revision);
    EXPECT_EQ(world.deployment().status.desired.at(kPrefill), 2);
    EXPECT_EQ(world.deployment().status.desired.at(kDecode), 1);
    const nlohmann::json status = world.Status();
    std::vector<std::string> reasons;
    for (const auto& problem : status.at("problems")) reasons.push_back(problem.at("reason"));
    EXPECT_THAT(reasons, Contains("DamagedRevision"));
    EXPECT_NE(ConditionOf(world, "Stalled"), "absent");
  }
}

TEST(DamagedRevision, IsReportedWithWhatToDo) {
  World world = Damaged();
  world.SetClass(OtherClass());
  world.RunPass();
  EXPECT_EQ(ConditionOf(world, "Stalled"), "True DamagedRevision");
  EXPECT_EQ(ConditionOf(world, "Ready"), "True Serving");
  const std::string name = "minimax-m3-" + RevisionOf(world);
  EXPECT_THAT(MessageOf(world, "Stalled"), HasSubstr("ControllerRevision " + name +
                                                     " of the running pods cannot be read: it "
                                                     "lacks disagg.dev/roles;"));
  EXPECT_THAT(MessageOf(world, "Stalled"), HasSubstr("kubectl delete controllerrevision " + name +
                                                     " -n serving. Running pods "
                                                     "are untouched."));
}

TEST(DamagedRevision, IsRepairedOnceTheChangeIsUndone) {
  World world = Damaged();
  world.SetClass(OtherClass());
  world.RunPass();
  world.SetClass(ClassBuilder());
  EXPECT_THAT(world.RunPass().writes, ElementsAre("create ControllerRevision"));
  EXPECT_THAT(world.RunPass().writes, IsEmpty());
  EXPECT_EQ(ConditionOf(world, "Stalled"), "absent");
}

TEST(DamagedRevision, IsGivenUpByDeletingIt) {
  World world = Damaged();
  world.SetClass(OtherClass());
  world.RunPass();
  world.DeleteRevision(RevisionOf(world));
  EXPECT_THAT(world.RunPass().writes, Contains("create ControllerRevision"));
  world.Settle();
  EXPECT_EQ(ConditionOf(world, "Stalled"), "absent");
  EXPECT_EQ(ConditionOf(world, "Ready"), "True Serving");
}

TEST(DamagedRevision, KeepsNobodyFromGivingDevicesBack) {
  World world = Damaged();
  world.SetClass(OtherClass());
  world.RunPass();
  world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 1; });
  EXPECT_THAT(world.RunPass().writes, ElementsAre("delete prefill-1-1"));
  world.Edit(Suspend);
  EXPECT_THAT(world.RunPass().WorkerWrites(), SizeIs(2));
  world.EndTerminating();
  world.Edit([](auto& spec) { spec.suspend = false; });
  world.Settle();
  EXPECT_EQ(ConditionOf(world, "Ready"), "True Serving") << "without pods nothing is lost";
}

}  // namespace
}  // namespace disagg::planning
