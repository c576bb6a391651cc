#include "operator/kube/string_map.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace kube {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(StringMap, KeepsTheLastValueOfAKey) {
  StringMap map{{"b", "1"}, {"a", "2"}, {"b", "3"}};
  map.Set("c", "");
  EXPECT_THAT(map.ToMap(), ElementsAre(Pair("a", "2"), Pair("b", "3"), Pair("c", "")));
  map.Erase("a");
  map.Erase("not there");
  EXPECT_FALSE(map.contains("a"));
  ASSERT_NE(map.Find("b"), nullptr);
  EXPECT_EQ(*map.Find("b"), "3");
}

TEST(StringMap, IsEqualToOneWithTheSamePairsInAnyOrder) {
  EXPECT_EQ((StringMap{{"a", "1"}, {"b", "2"}}), (StringMap{{"b", "2"}, {"a", "1"}}));
  EXPECT_NE((StringMap{{"a", "1"}}), (StringMap{{"a", "2"}}));
  EXPECT_EQ(StringMap(), StringMap(std::map<std::string, std::string>()));
}

TEST(InternedString, IsOneTextForAllThatNameIt) {
  const InternedString a("disagg.dev/role"), b(std::string("disagg.dev/") + "role");
  EXPECT_EQ(&a.get(), &b.get());
  EXPECT_EQ(a, b);
  EXPECT_EQ(InternedString(), InternedString(""));
  EXPECT_TRUE(InternedString().empty());
  EXPECT_NE(a, InternedString("disagg.dev/rank"));
}

TEST(InternedString, ComesBackAfterItsLastUserHasGone) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(InternedString("now and then").get(), "now and then");
}

// The last user of a text may go while another thread asks for the same one.
TEST(InternedString, MayBeMadeAndDroppedByManyThreads) {
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong] {
      for (int i = 0; i < 20'000; ++i) {
        const InternedString text("contended"), again("contended");
        if (!(text == again) || text.get() != "contended") ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace kube
