#include "controllers/reconcile/node_readiness.h"

#include <gtest/gtest.h>

namespace disagg::reconcile {
namespace {

kube::Node NodeOf(bool ready, std::int64_t changed_at) {
  kube::Node node;
  node.meta.name = "b200-3";
  node.ready = ready;
  node.ready_changed_at = changed_at;
  return node;
}

TEST(NodeReadiness, CountsFromItsOwnFirstSight) {
  NodeReadiness readiness;
  // An hour ago by the node's clock.
  readiness.See(NodeOf(false, 100), 3700);
  readiness.See(NodeOf(false, 100), 3800);
  EXPECT_EQ(readiness.NotReadySince("b200-3"), 3700);
}

TEST(NodeReadiness, BeginsAnewAfterTheNodeWasReady) {
  NodeReadiness readiness;
  readiness.See(NodeOf(false, 100), 1000);
  readiness.See(NodeOf(true, 200), 1010);
  EXPECT_EQ(readiness.NotReadySince("b200-3"), std::nullopt);
  readiness.See(NodeOf(false, 300), 1020);
  EXPECT_EQ(readiness.NotReadySince("b200-3"), 1020);
}

TEST(NodeReadiness, BeginsAnewWhenTheConditionChangedUnseen) {
  NodeReadiness readiness;
  readiness.See(NodeOf(false, 100), 1000);
  readiness.See(NodeOf(false, 150), 1200);
  EXPECT_EQ(readiness.NotReadySince("b200-3"), 1200);
}

TEST(NodeReadiness, ForgetsANodeThatIsGone) {
  NodeReadiness readiness;
  readiness.See(NodeOf(false, 100), 1000);
  readiness.Drop("b200-3");
  EXPECT_EQ(readiness.NotReadySince("b200-3"), std::nullopt);
}

}  // namespace
}  // namespace disagg::reconcile
