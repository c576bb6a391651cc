#include "controllers/reconcile/lost_children.h"

#include <gtest/gtest.h>

#include "controllers/api/labels.h"
#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

using runtime::Json;
using runtime::Refusal;

const auto kShowsNothing = [](const kube::Resource&, const std::string&) { return false; };

nlohmann::json Unlabelled() {
  return nlohmann::json::parse(R"({"labels": {"disagg.dev/deployment": null}})");
}

std::shared_ptr<kube::Pod> LastKnown() {
  auto pod = std::make_shared<kube::Pod>();
  pod->meta.namespace_name = "serving";
  pod->meta.name = "m3-decode-r-0-1";
  pod->meta.uid = kUid;
  pod->meta.resource_version = "3";
  pod->meta.controller_uid = "owner";
  pod->meta.controller_group = "disagg.dev";
  pod->meta.controller_kind = "DisaggDeployment";
  return pod;
}

std::vector<std::string> Uids(const LostChildren::View& view) {
  std::vector<std::string> uids;
  for (const LostChildren::Child& child : view.children) uids.push_back(child.object->meta.uid);
  return uids;
}

using Texts = std::vector<std::string>;

TEST(LostChildren, AreWhatALookShowsAsOurs) {
  struct Case {
    std::string rule;
    FakeCluster::Answer look;
    Texts children;
    bool kept;
  };
  const std::vector<Case> cases = {
      {"ours without a label", Json(200, PodJson(kUid, "owner", "m3", Unlabelled())), {kUid}, true},
      {"gone", NotFound(), {}, false},
      {"another of that name", Json(200, PodJson("u-2", "owner")), {}, false},
      {"given to another owner", Json(200, PodJson(kUid, "other", "other")), {}, false},
      {"no answer: as it was last known", Refusal(503, "ServiceUnavailable"), {kUid}, true},
      {"a proxy's 404: as it was last known",
       FakeCluster::Answer(transport::Response{404, {}, "<html>"}),
       {kUid},
       true},
  };
  for (const Case& test : cases) {
    FakeCluster cluster;
    cluster.Shows("", test.look);
    cluster.lost->Suspect(kube::kPods, LastKnown());
    EXPECT_EQ(Uids(cluster.lost->Look("owner", kShowsNothing)), test.children) << test.rule;
    EXPECT_EQ(cluster.lost->Holds("owner", kUid), test.kept) << test.rule;
  }
}

TEST(LostChildren, AreReadAsTheCacheReadsThem) {
  FakeCluster cluster;
  nlohmann::json pod = nlohmann::json::parse(PodJson(kUid, "owner", "m3", Unlabelled()));
  pod["spec"]["nodeName"] = "b200-3";
  pod["status"]["phase"] = "Running";
  cluster.Shows("", Json(200, pod.dump()));
  cluster.lost->Suspect("owner", kube::kPods, {"serving", "m3-decode-r-0-1"}, kUid);
  const auto view = cluster.lost->Look("owner", kShowsNothing);
  ASSERT_EQ(view.children.size(), 1U);
  const auto& seen = static_cast<const kube::Pod&>(*view.children.front().object);
  EXPECT_EQ(seen.node_name, "b200-3");
  EXPECT_EQ(seen.phase, kube::PodPhase::kRunning);
}

TEST(LostChildren, AreNotLostOnceACacheShowsThem) {
  FakeCluster cluster;
  cluster.lost->Suspect(kube::kPods, LastKnown());
  cluster.lost->Look("owner", [](const kube::Resource&, const std::string&) { return true; });
  EXPECT_FALSE(cluster.lost->Holds("owner", kUid));
  EXPECT_EQ(cluster.Requests(), Texts{});
}

TEST(LostChildren, AreLookedAtSeldomWhileTheyStayLost) {
  FakeCluster cluster;
  cluster.Shows("", Json(200, PodJson(kUid, "owner", "m3", Unlabelled())));
  cluster.lost->Suspect(kube::kPods, LastKnown());
  for (int i = 0; i < 600; ++i) {  // a minute of ten passes a second
    EXPECT_EQ(Uids(cluster.lost->Look("owner", kShowsNothing)), Texts{kUid});
    cluster.clock.Advance(std::chrono::milliseconds(100));
  }
  EXPECT_LE(cluster.CountOf("GET"), 7U);
}

TEST(LostChildren, TellOfALookThatFailed) {
  FakeCluster cluster;
  cluster.Shows("", Refusal(403, "Forbidden", "cannot get pods"));
  cluster.lost->Suspect(kube::kPods, LastKnown());
  const auto view = cluster.lost->Look("owner", kShowsNothing);
  ASSERT_EQ(view.failures.size(), 1U);
  EXPECT_EQ(view.failures.front().what, "look at Pod m3-decode-r-0-1");
  EXPECT_EQ(view.failures.front().error.message, "cannot get pods");
}

TEST(LostChildren, AreForgottenWithTheirOwner) {
  FakeCluster cluster;
  cluster.lost->Suspect(kube::kPods, LastKnown());
  EXPECT_TRUE(cluster.lost->DueIn("owner").has_value());
  cluster.lost->Forget("owner");
  EXPECT_EQ(cluster.lost->DueIn("owner"), std::nullopt);
}

TEST(GiveLabelBack, WritesOnlyTheLabelThatWatchesSelectBy) {
  const LostChildren::Child child{kube::kPods, LastKnown()};
  const auto write = GiveLabelBack(child, Owner());
  ASSERT_TRUE(write.has_value());
  EXPECT_EQ(write->verb, planning::Verb::kMergePatch);
  EXPECT_EQ(write->uid, kUid);
  EXPECT_EQ(write->body,
            nlohmann::json::parse(R"({"metadata":{"labels":{"disagg.dev/deployment":"m3"}}})"));
}

TEST(GiveLabelBack, LeavesAloneWhatHasItOrIsEnding) {
  auto labelled = LastKnown();
  labelled->meta.labels.Set(api::kLabelDeployment, "m3");
  EXPECT_FALSE(GiveLabelBack({kube::kPods, labelled}, Owner()).has_value());
  auto ending = LastKnown();
  ending->meta.deletion_time = 1;
  EXPECT_FALSE(GiveLabelBack({kube::kPods, ending}, Owner()).has_value());
}

}  // namespace
}  // namespace disagg::reconcile
