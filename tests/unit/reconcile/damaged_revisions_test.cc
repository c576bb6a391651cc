#include <gtest/gtest.h>

#include <string>

#include "controllers/api/labels.h"
#include "controllers/reconcile/revision_object.h"
#include "tests/unit/reconcile/small_cluster.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// A deployment whose pods have run.
class DamagedRevision : public ::testing::Test {
 protected:
  DamagedRevision() {
    cluster_.Lead();
    cluster_.Play(seconds(10));
    pods_ = cluster_.Pods();
    path_ = "/apis/apps/v1/namespaces/serving/controllerrevisions/minimax-m3-" +
            cluster_.status().at("targetRevision").get<std::string>();
    before_ = cluster_.Object(path_).at("metadata");
    for (const std::string& pod : pods_) {
      cluster_.Patch(pod, {{"status",
                            {{"phase", "Running"},
                             {"containerStatuses",
                              {{{"name", "engine"}, {"state", {{"running", json::object()}}}}}}}}});
    }
    cluster_.Play(seconds(10));
  }

  void Take(const char* field, const char* key) {
    cluster_.Patch(path_, {{"metadata", {{field, {{key, nullptr}}}}}});
  }

  void ChangeClass() {
    auto shape = std::make_shared<api::AcceleratorClass>(
        *planning::ClassBuilder().Env("UCX_TLS", "rc").Build());
    shape->meta.resource_version = "2";
    shape->meta.generation = 2;
    cluster_.StoreOf(api::kAcceleratorClasses).Upsert(shape, "2");
  }

  std::string Reason() const { return cluster_.status().at("summary").at("reason"); }
  bool IsWhole() const {
    const json now = cluster_.Object(path_).at("metadata");
    return now.at("labels") == before_.at("labels") &&
           now.at("annotations") == before_.at("annotations");
  }

  SmallCluster cluster_;
  std::vector<std::string> pods_;
  std::string path_;
  json before_;
};

TEST_F(DamagedRevision, GetsItsLabelsBackWhateverHasChanged) {
  ChangeClass();
  const std::pair<const char*, json> changes[] = {{api::kLabelDeployment, nullptr},
                                                  {api::kLabelRevision, nullptr},
                                                  {api::kLabelRevision, "another"},
                                                  {api::kLabelContract, nullptr},
                                                  {api::kLabelContract, "another"}};
  for (const auto& [label, value] : changes) {
    cluster_.Patch(path_, {{"metadata", {{"labels", {{label, value}}}}}});
    cluster_.Play(seconds(10));
    EXPECT_TRUE(IsWhole()) << label << " " << value;
    EXPECT_EQ(cluster_.Pods(), pods_);
  }
}

TEST_F(DamagedRevision, GetsItsAnnotationsBackWhereTheSpecStillMakesIt) {
  Take("annotations", api::kAnnotationSpecHash);
  Take("annotations", api::kAnnotationRoles);
  cluster_.Play(seconds(10));
  EXPECT_TRUE(IsWhole());
  EXPECT_EQ(cluster_.Pods(), pods_);
}

// Were it believed, every group of the role would lack ranks.
TEST_F(DamagedRevision, IsOneThatSpeaksOfOtherRanksThanItHolds) {
  json roles = json::parse(before_.at("annotations").at(api::kAnnotationRoles).get<std::string>());
  roles["decode"]["ranks"] = 4;
  cluster_.Patch(path_, {{"metadata", {{"annotations", {{api::kAnnotationRoles, roles.dump()}}}}}});
  cluster_.Play(seconds(10));
  EXPECT_TRUE(IsWhole());
  EXPECT_EQ(cluster_.Pods(), pods_);
}

TEST_F(DamagedRevision, CostsNoPodAndIsReportedWhereItDoesNot) {
  ChangeClass();
  Take("labels", api::kLabelContract);
  Take("annotations", api::kAnnotationRoles);
  cluster_.Play(seconds(60), seconds(1));
  EXPECT_EQ(cluster_.Pods(), pods_);
  EXPECT_EQ(Reason(), "DamagedRevision");
  const std::string message = cluster_.status().at("summary").at("message");
  EXPECT_NE(message.find("it lacks disagg.dev/roles;"), std::string::npos) << message;
  EXPECT_EQ(cluster_.Play(seconds(60), seconds(1)), 0) << "nothing is asked meanwhile";
  cluster_.Delete(path_);
  cluster_.Play(seconds(120), seconds(1));
  EXPECT_NE(cluster_.Pods(), pods_) << "deleting it rolls out what the class says now";
}

// Of a revision too large for a page of a list the metadata are there, and the router is not.
TEST(RevisionObject, ThatWasReadInPartIsDamagedAndGetsNothingBack) {
  RevisionObject object;
  object.meta.decode_error = kube::InternedString("it is too large for a page of a list");
  object.damage = {"abc", "uid", "it lacks x", {{api::kLabelRevision, "abc"}}};
  planning::Snapshot snapshot;
  AddRevision(object, snapshot);
  ASSERT_EQ(snapshot.damaged.size(), 1u);
  EXPECT_EQ(snapshot.damaged[0].why, "it is too large for a page of a list");
  EXPECT_TRUE(snapshot.damaged[0].lost_labels.empty());
}

}  // namespace
}  // namespace disagg::reconcile
