#include <gtest/gtest.h>

#include "tests/support/operator.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  disagg::testing::ClusterOptions options;
  options.b200_nodes = 3;
  options.extra_nodes = "cpu=1";
  ::testing::AddGlobalTestEnvironment(new disagg::testing::ChartEnvironment(options));
  return RUN_ALL_TESTS();
}
