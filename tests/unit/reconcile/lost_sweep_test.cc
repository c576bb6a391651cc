#include "controllers/reconcile/lost_sweep.h"

#include <gtest/gtest.h>

#include <deque>

#include "controllers/api/labels.h"
#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/child_kinds.h"
#include "tests/unit/reconcile/fake_manager.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;
using runtime::Json;
using runtime::Refusal;
using Texts = std::vector<std::string>;

const kube::ObjectKey kOwner{"serving", "minimax-m3"};

std::string OwnerUid() { return planning::DeploymentBuilder().Build()->meta.uid; }

// A pod without our label, as a list of metadata shows it.
json PodOf(const std::string& uid, const std::string& kind, const std::string& owner,
           const std::string& owner_uid) {
  json pod = {
      {"metadata",
       {{"name", "pod-" + uid}, {"namespace", "serving"}, {"uid", uid}, {"resourceVersion", "7"}}}};
  if (!kind.empty()) {
    pod["metadata"]["ownerReferences"] = {{{"apiVersion", api::kApiVersion},
                                           {"kind", kind},
                                           {"name", owner},
                                           {"uid", owner_uid},
                                           {"controller", true}}};
  }
  return pod;
}

FakeManager::Answer Page(const json& items, const std::string& next = "") {
  const json metadata = {{"resourceVersion", "1"}, {"continue", next}};
  return Json(200, json({{"metadata", metadata}, {"items", items}}).dump());
}

// A sweep over an API server that gives one answer after the other.
struct SweptCluster {
  explicit SweptCluster(std::deque<FakeManager::Answer> lists) : answers(std::move(lists)) {
    manager.StoreOf(api::kDisaggDeployments).Upsert(planning::DeploymentBuilder().Build(), "1");
  }

  FakeManager::Answer Handle(const transport::Request& request) {
    targets.push_back(request.target);
    if (answers.empty()) return Refusal(500, "InternalError");
    FakeManager::Answer answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }

  runtime::ReconcileResult SweepPods() { return sweep.Sweep({"", kube::kPods.ToString()}); }
  bool Suspects(const std::string& uid) { return lost.Holds(OwnerUid(), uid); }

  std::deque<FakeManager::Answer> answers;
  Texts targets;
  Texts woken;
  FakeManager manager{[this](const transport::Request& request) { return Handle(request); }};
  base::ManualClock clock{base::SystemTime{}};
  Caches caches{manager};
  LostChildren lost{manager.client(), clock, ChildDecoder};
  LostSweep sweep{manager.client(), caches, lost,
                  [this](const kube::ObjectKey& owner) { woken.push_back(owner.ToString()); }};
};

TEST(LostSweep, SuspectsWhatADeploymentOfTheCacheControls) {
  struct Case {
    std::string rule;
    json pod;
    bool suspected;
  };
  const std::string kind = api::kDisaggDeployments.kind;
  const std::vector<Case> cases = {
      {"ours", PodOf("a", kind, "minimax-m3", OwnerUid()), true},
      {"of nobody", PodOf("a", "", "", ""), false},
      {"of another kind", PodOf("a", "ReplicaSet", "minimax-m3", OwnerUid()), false},
      {"of an earlier deployment of the name", PodOf("a", kind, "minimax-m3", "old"), false},
      {"of a deployment that the cache does not hold", PodOf("a", kind, "other", "x"), false},
  };
  for (const Case& test : cases) {
    SweptCluster cluster({Page(json::array({test.pod}))});
    cluster.SweepPods();
    EXPECT_EQ(cluster.Suspects("a"), test.suspected) << test.rule;
    EXPECT_EQ(cluster.woken, test.suspected ? Texts{kOwner.ToString()} : Texts{}) << test.rule;
  }
}

TEST(LostSweep, ReadsPageAfterPageOfWhatHasNoLabel) {
  const std::string kind = api::kDisaggDeployments.kind;
  SweptCluster cluster({Page(json::array({PodOf("a", kind, "minimax-m3", OwnerUid())}), "next"),
                        Page(json::array({PodOf("b", kind, "minimax-m3", OwnerUid())}))});
  const auto result = cluster.SweepPods();
  EXPECT_TRUE(cluster.Suspects("a") && cluster.Suspects("b"));
  EXPECT_EQ(result.requeue_after, std::chrono::minutes(10));
  ASSERT_EQ(cluster.targets.size(), 2U);
  EXPECT_NE(cluster.targets[0].find("labelSelector="), std::string::npos);
  EXPECT_NE(cluster.targets[1].find("continue=next"), std::string::npos);
}

TEST(LostSweep, KnowsPodsOnceAllWereListedAndWakesWhoAsked) {
  SweptCluster cluster({Refusal(403, "Forbidden", "cannot list pods"), Page(json::array())});
  EXPECT_FALSE(cluster.sweep.KnowsPods(kOwner));
  EXPECT_TRUE(cluster.SweepPods().retry.has_value());
  EXPECT_FALSE(cluster.sweep.KnowsPods(kOwner)) << "a list that failed shows nothing";
  EXPECT_EQ(cluster.woken, Texts{});
  EXPECT_FALSE(cluster.SweepPods().retry.has_value());
  EXPECT_TRUE(cluster.sweep.KnowsPods(kOwner));
  EXPECT_EQ(cluster.woken, Texts{kOwner.ToString()});
  cluster.sweep.Restart();
  EXPECT_FALSE(cluster.sweep.KnowsPods(kOwner)) << "another leader may have made some since";
}

TEST(LostSweep, OfOtherKindsSaysNothingAboutPods) {
  SweptCluster cluster({Page(json::array())});
  cluster.sweep.Sweep({"", kube::kServices.ToString()});
  EXPECT_FALSE(cluster.sweep.KnowsPods(kOwner));
}

TEST(LostSweep, AsksForSmallerPagesWhereOneIsTooLarge) {
  SweptCluster cluster({FakeManager::Answer(base::MakeError(base::ErrorCode::kTooLarge, "TooLarge",
                                                            "the answer is too large")),
                        Page(json::array())});
  EXPECT_FALSE(cluster.SweepPods().retry.has_value());
  ASSERT_EQ(cluster.targets.size(), 2U);
  EXPECT_NE(cluster.targets[0].find("limit=500"), std::string::npos);
  EXPECT_NE(cluster.targets[1].find("limit=250"), std::string::npos);
}

}  // namespace
}  // namespace disagg::reconcile
