#include <gtest/gtest.h>

#include "tests/integration/hostile/scene.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  disagg::testing::ClusterOptions options;
  options.b200_nodes = disagg::testing::kB200Nodes;
  options.extra_nodes = "gpu-unlabelled=2,cpu=1";
  ::testing::AddGlobalTestEnvironment(new disagg::testing::ChartEnvironment(options));
  return RUN_ALL_TESTS();
}
