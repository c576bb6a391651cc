#include <gtest/gtest.h>

#include "tests/support/cluster.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  disagg::testing::ClusterOptions options;
  options.control_plane_only = true;
  ::testing::AddGlobalTestEnvironment(new disagg::testing::ClusterEnvironment(options));
  return RUN_ALL_TESTS();
}
