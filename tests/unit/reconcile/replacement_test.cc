#include "controllers/reconcile/replacement.h"

#include <gtest/gtest.h>

namespace disagg::reconcile {
namespace {

using nlohmann::json;

TEST(ReplacementPatch, LeavesNothingOfOthersWhereItWouldBeInvalid) {
  const json wanted = json::parse(R"({
    "metadata": {"name": "m3", "labels": {"ours": "1"}},
    "spec": {"minAvailable": 1, "ports": [{"port": 8000}]}})");
  json live = json::parse(R"({
    "metadata": {"name": "m3", "uid": "u", "resourceVersion": "7",
                 "labels": {"ours": "0", "theirs": "1"}, "annotations": {"theirs": "1"}},
    "spec": {"minAvailable": 2, "maxUnavailable": 1, "ports": [{"port": 1}, {"port": 2}]},
    "status": {"observed": 1}})");
  const json patch = ReplacementPatch(wanted, live);
  live.merge_patch(patch);
  EXPECT_EQ(live, json::parse(R"({
    "metadata": {"name": "m3", "uid": "u", "resourceVersion": "7",
                 "labels": {"ours": "1", "theirs": "1"}, "annotations": {"theirs": "1"}},
    "spec": {"minAvailable": 1, "ports": [{"port": 8000}]},
    "status": {"observed": 1}})"));
}

TEST(ReplacementPatch, HoldsOnlyForTheObjectThatWasRead) {
  const json live = {{"metadata", {{"uid", "u"}, {"resourceVersion", "7"}}}};
  const json patch = ReplacementPatch({{"metadata", {{"name", "m3"}}}}, live);
  EXPECT_EQ(patch.at("metadata").at("uid"), "u");
  EXPECT_EQ(patch.at("metadata").at("resourceVersion"), "7");
}

}  // namespace
}  // namespace disagg::reconcile
