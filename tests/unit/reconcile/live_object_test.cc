#include "controllers/reconcile/live_object.h"

#include <gtest/gtest.h>

#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

TEST(ReadLive, TellsWhoseAnObjectIs) {
  struct Case {
    std::string rule, json;
    Standing standing;
  };
  const nlohmann::json ending = {{"deletionTimestamp", "2026-11-24T10:00:00Z"}};
  const auto unlabelled = nlohmann::json::parse(R"({"labels": {"disagg.dev/deployment": null}})");
  const std::vector<Case> cases = {
      {"ours by the owner's UID", PodJson("u", "owner"), Standing::kOurs},
      {"ours without any label", PodJson("u", "owner", "m3", unlabelled), Standing::kOurs},
      {"ours and ending", PodJson("u", "owner", "m3", ending), Standing::kEnding},
      {"of the deployment that had this name before", PodJson("u", "before"),
       Standing::kPredecessor},
      {"of nobody, with our label", PodJson("u", ""), Standing::kOrphan},
      {"of nobody, without it", PodJson("u", "", "m3", unlabelled), Standing::kForeign},
      {"of a deployment of another name", PodJson("u", "other", "other"), Standing::kForeign},
      {"unreadable", "<html>", Standing::kForeign},
      {"references that are none",
       R"({"metadata": {"ownerReferences": [1, "x", {}], "labels": 3}})", Standing::kForeign},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(ReadLive(test.json, Owner()).standing, test.standing) << test.rule;
  }
}

TEST(ReadLive, ReadsNumbersThatNoWriterOfOursMakes) {
  const nlohmann::json odd = nlohmann::json::parse(R"({"generation": 18446744073709552000})");
  EXPECT_EQ(ReadLive(PodJson("u", "owner", "m3", odd), Owner()).uid, "u");
}

TEST(SaysAbsent, BelievesOnlyTheServersOwnWord) {
  EXPECT_TRUE(SaysAbsent(base::MakeError(base::ErrorCode::kNotFound, "NotFound", "")));
  EXPECT_FALSE(SaysAbsent(base::MakeError(base::ErrorCode::kNotFound, "Http404", "")));
  EXPECT_FALSE(SaysAbsent(base::MakeError(base::ErrorCode::kForbidden, "Forbidden", "")));
}

}  // namespace
}  // namespace disagg::reconcile
