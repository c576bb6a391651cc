#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/base/clock.h"
#include "tests/unit/kube/decoding.h"

namespace kube {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kNode[] = R"json({
  "metadata": {"name": "b200-3", "uid": "u", "resourceVersion": "9", "labels": {"topology.kubernetes.io/rack": "r1"}},
  "spec": {
    "unschedulable": true,
    "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
               {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]
  },
  "status": {
    "conditions": [
      {"type": "MemoryPressure", "status": "True"},
      {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-11-24T10:00:00Z"}
    ],
    "capacity": {"nvidia.com/gpu": "9"},
    "allocatable": {"cpu": "128", "nvidia.com/gpu": "8", "rdma/ib": "1k", "broken.example/x": "many"}
  }
})json";

TEST(NodeDecoder, ReadsWhatDecisionsNeed) {
  const auto node = DecodeAs<Node>(NodeDecoder(), kNode);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->meta.key().ToString(), "b200-3");
  EXPECT_EQ(node->meta.label("topology.kubernetes.io/rack"), "r1");
  EXPECT_FALSE(node->ready);
  EXPECT_EQ(base::FormatTime(node->ready_changed_at), "2026-11-24T10:00:00Z");
  EXPECT_TRUE(node->unschedulable);
  ASSERT_EQ(node->taints.size(), 2u);
  EXPECT_EQ(node->taints[0].value, "present");
  EXPECT_EQ(node->taints[1].effect, "NoExecute");
  EXPECT_THAT(node->allocatable, ElementsAre(Pair("broken.example/x", 0), Pair("nvidia.com/gpu", 8),
                                             Pair("rdma/ib", 1000)));
}

}  // namespace
}  // namespace kube
