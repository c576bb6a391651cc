#include <gtest/gtest.h>

#include "tests/support/operator.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  disagg::testing::ClusterOptions options;
  options.b200_nodes = 6;
  options.extra_nodes = "gpu-unlabelled=2,cpu=1";
  ::testing::AddGlobalTestEnvironment(new disagg::testing::ChartEnvironment(options));
  return RUN_ALL_TESTS();
}
