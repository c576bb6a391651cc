#include "operator/base/hash.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ShortHash, IsTheSameForEver) {
  // Names of running pods hold these: a change here would rename a fleet.
  EXPECT_EQ(ShortHash(""), "v4tbvm6x");
  EXPECT_EQ(ShortHash("a"), "r78814xq");
}

TEST(ShortHash, DiffersWhereOneBitDiffers) {
  EXPECT_NE(ShortHash("replicas:1"), ShortHash("replicas:2"));
}

TEST(ShortHash, IsAValidPartOfADnsLabel) {
  for (int i = 0; i < 1000; ++i) {
    const std::string text = ShortHash(std::to_string(i));
    EXPECT_EQ(text.size(), 8u);
    EXPECT_EQ(text.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
  }
}

}  // namespace
}  // namespace base
