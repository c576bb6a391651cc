#include "operator/kube/page_size.h"

#include <gtest/gtest.h>

namespace kube {
namespace {

constexpr std::size_t kMiB = 1u << 20;

TEST(PageSize, ComesToRestWherePagesAreNeitherLargeNorSmall) {
  PageSize size(500);
  for (const std::size_t object : {std::size_t{1000}, 100'000 * std::size_t{1}, 2 * kMiB}) {
    for (int page = 0; page < 20; ++page) {
      size.Took(static_cast<std::size_t>(size.limit()) * object);
    }
    const int limit = size.limit();
    EXPECT_LE(static_cast<std::size_t>(limit) * object, 16 * kMiB);
    size.Took(static_cast<std::size_t>(limit) * object);
    EXPECT_EQ(size.limit(), limit) << "at rest";
  }
  EXPECT_GE(size.limit(), 4) << "8 MiB are not large";
}

TEST(PageSize, NeverExceedsWhatIsWantedNorFallsBelowOne) {
  PageSize size(3);
  size.Took(10);
  EXPECT_EQ(size.limit(), 3);
  EXPECT_TRUE(size.Shrink());
  EXPECT_EQ(size.limit(), 1);
  EXPECT_FALSE(size.Shrink());
  size.Took(100 * kMiB);
  EXPECT_EQ(size.limit(), 1);
  size.Took(10);
  size.Took(10);
  EXPECT_EQ(size.limit(), 3);
}

}  // namespace
}  // namespace kube
