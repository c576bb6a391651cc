#include "controllers/planning/model_planner.h"

#include <gmock/gmock.h>

#include "tests/unit/planning/builders.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

api::Catalogue CatalogueOf(const std::vector<ModelBuilder>& models) {
  api::Catalogue catalogue;
  for (const ModelBuilder& model : models) catalogue.models.push_back(model.Build());
  return catalogue;
}

json AcceptedOf(const ModelStatus& status) { return status.status.at("conditions").at(0); }

// The model as it is once `status` was written to it.
ModelBuilder Written(const ModelBuilder& model, const ModelStatus& status) {
  const api::StatusView view = ReadStatus(status.status);
  return ModelBuilder(model).Conditions(view.conditions);
}

const ModelBuilder kOlder = ModelBuilder("older").Alias("team/model").CreatedAt(kNow - 9000);
const ModelBuilder kNewer = ModelBuilder("newer").Alias("team/model").CreatedAt(kNow - 10);

TEST(PlanModelStatus, AcceptsAnEntryWhoseNamesAreItsOwn) {
  const auto status = PlanModelStatus(CatalogueOf({kOlder}), kOlder.Value(), kNow);
  EXPECT_TRUE(status.changed);
  EXPECT_EQ(AcceptedOf(status).at("type"), "Accepted");
  EXPECT_EQ(AcceptedOf(status).at("status"), "True");
  EXPECT_EQ(AcceptedOf(status).at("lastTransitionTime"), "2026-11-24T10:00:00Z");
}

TEST(PlanModelStatus, RefusesTheNewerOfTwoThatClaimAnAlias) {
  const api::Catalogue catalogue = CatalogueOf({kNewer, kOlder});
  EXPECT_EQ(AcceptedOf(PlanModelStatus(catalogue, kOlder.Value(), kNow)).at("status"), "True");
  const json newer = AcceptedOf(PlanModelStatus(catalogue, kNewer.Value(), kNow));
  EXPECT_EQ(newer.at("status"), "False");
  EXPECT_EQ(newer.at("reason"), "AliasConflict");
  EXPECT_EQ(newer.at("message"),
            "spec.aliases \"team/model\": belongs to the older ServingModel older, which keeps it; "
            "remove it here or there");
}

TEST(PlanModelStatus, RefusesTheLaterNameOfTwoThatAreEquallyOld) {
  const auto a = ModelBuilder("a").Alias("x").CreatedAt(kNow);
  const auto b = ModelBuilder("b").Alias("x").CreatedAt(kNow);
  const api::Catalogue catalogue = CatalogueOf({b, a});
  EXPECT_EQ(AcceptedOf(PlanModelStatus(catalogue, a.Value(), kNow)).at("status"), "True");
  EXPECT_EQ(AcceptedOf(PlanModelStatus(catalogue, b.Value(), kNow)).at("status"), "False");
}

TEST(PlanModelStatus, IsNotWrittenAgainWhileItSaysTheSame) {
  const api::Catalogue catalogue = CatalogueOf({kOlder, kNewer});
  for (const ModelBuilder& model : {kOlder, kNewer}) {
    const auto first = PlanModelStatus(catalogue, model.Value(), kNow);
    const auto second = PlanModelStatus(catalogue, Written(model, first).Value(), kNow + 500);
    EXPECT_FALSE(second.changed);
    EXPECT_EQ(second.status, first.status) << "the transition time stays";
  }
}

TEST(PlanModelStatus, AcceptsTheNewerOneOnceTheOlderGivesTheAliasUp) {
  const auto refused = PlanModelStatus(CatalogueOf({kOlder, kNewer}), kNewer.Value(), kNow);
  const ModelBuilder newer = Written(kNewer, refused);
  const auto status = PlanModelStatus(CatalogueOf({newer}), newer.Value(), kNow + 60);
  EXPECT_TRUE(status.changed);
  EXPECT_EQ(AcceptedOf(status).at("status"), "True");
  EXPECT_EQ(AcceptedOf(status).at("lastTransitionTime"), "2026-11-24T10:01:00Z");
}

}  // namespace
}  // namespace disagg::planning
