#include "operator/runtime/freshness.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace runtime {
namespace {

TEST(CompareResourceVersions, ComparesDecimalsOfAnyLength) {
  struct Case {
    const char* what;
    const char* a;
    const char* b;
    std::optional<int> expected;
  };
  const Case cases[] = {
      {"equal", "12", "12", 0},
      {"by value, not by text", "9", "10", -1},
      {"the longer is greater", "100", "99", 1},
      {"beyond 64 bits", "99999999999999999999999999", "100000000000000000000000000", -1},
      {"leading zeros count for nothing", "0010", "10", 0},
      {"zero", "0", "000", 0},
      {"an empty one cannot be compared", "", "1", std::nullopt},
      {"nor one with letters", "1a", "1", std::nullopt},
      {"nor a negative one", "-1", "1", std::nullopt},
  };
  for (const Case& c : cases) EXPECT_EQ(CompareResourceVersions(c.a, c.b), c.expected) << c.what;
}

kube::ObjectPtr Make(const std::string& name, const std::string& uid, const std::string& version) {
  auto object = std::make_shared<kube::MetadataObject>();
  object->meta.name = name;
  object->meta.uid = uid;
  object->meta.resource_version = version;
  return object;
}

class FreshnessTest : public ::testing::Test {
 protected:
  FreshnessTest() {
    freshness_.RegisterStore(kube::kPods, &pods_, [this] {
      ++relists_;
      return [this] { return relisted_; };
    });
    freshness_.RegisterStore(kube::kServices, &services_);
    pods_.Replace({}, "10");
    services_.Replace({}, "10");
  }

  bool Fresh() { return freshness_.IsFresh("owner", &behind_); }

  ObjectStore pods_, services_;
  Freshness freshness_;
  std::string behind_;
  int relists_ = 0;
  bool relisted_ = false;
};

TEST_F(FreshnessTest, IsFreshWhereNothingWasWritten) { EXPECT_TRUE(Fresh()); }

TEST_F(FreshnessTest, WaitsForTheVersionOfTheLastWrite) {
  freshness_.NoteWrite("owner", kube::kPods, "12");
  EXPECT_FALSE(Fresh());
  EXPECT_EQ(behind_, "pods");
  pods_.Bookmark("11");
  EXPECT_FALSE(Fresh());
  pods_.Bookmark("12");
  EXPECT_TRUE(Fresh());
}

TEST_F(FreshnessTest, KeepsTheNewestOfAnswersThatComeOutOfOrder) {
  freshness_.NoteWrite("owner", kube::kPods, "15");
  freshness_.NoteWrite("owner", kube::kPods, "12");
  pods_.Bookmark("13");
  EXPECT_FALSE(Fresh());
}

TEST_F(FreshnessTest, ConcernsOneOwnerOnly) {
  freshness_.NoteWrite("owner", kube::kPods, "12");
  EXPECT_TRUE(freshness_.IsFresh("another", nullptr));
}

TEST_F(FreshnessTest, WaitsForADeletedUidToGo) {
  pods_.Upsert(Make("p", "u1", "11"), "11");
  freshness_.NoteGone("owner", kube::kPods, "u1");
  EXPECT_FALSE(Fresh());
  pods_.Upsert(Make("p", "u2", "13"), "13");  // another object under its name
  EXPECT_TRUE(Fresh());
}

TEST_F(FreshnessTest, DoesNotTakeAnObjectThatHasNotComeYetForOneThatIsGone) {
  freshness_.NoteWrite("owner", kube::kPods, "12");  // created ...
  freshness_.NoteGone("owner", kube::kPods, "u1");   // ... and deleted before the cache saw it
  EXPECT_FALSE(Fresh());
  pods_.Upsert(Make("p", "u1", "12"), "12");
  EXPECT_FALSE(Fresh());
  pods_.Remove({"", "p"}, "14");
  EXPECT_TRUE(Fresh());
}

TEST_F(FreshnessTest, NamesTheResourceThatLags) {
  freshness_.NoteWrite("owner", kube::kPods, "12");
  freshness_.NoteWrite("owner", kube::kServices, "13");
  pods_.Bookmark("20");
  EXPECT_FALSE(Fresh());
  EXPECT_EQ(behind_, "services");
}

TEST_F(FreshnessTest, IgnoresWhatIsNotCached) {
  freshness_.NoteWrite("owner", kube::kLeases, "99");
  freshness_.NoteGone("owner", kube::kLeases, "u9");
  EXPECT_TRUE(Fresh());
}

TEST_F(FreshnessTest, ListsAnewWhereVersionsCannotBeCompared) {
  freshness_.NoteWrite("owner", kube::kPods, "abc");
  EXPECT_FALSE(Fresh());
  EXPECT_FALSE(Fresh());
  EXPECT_EQ(relists_, 1);
  relisted_ = true;
  EXPECT_TRUE(Fresh());
}

TEST_F(FreshnessTest, NeedsNoListWhereVersionsAreEqual) {
  freshness_.NoteWrite("owner", kube::kPods, "abc");
  pods_.Bookmark("abc");
  EXPECT_TRUE(Fresh());
  EXPECT_EQ(relists_, 0);
}

TEST_F(FreshnessTest, ForgetsAnOwnerAndEverything) {
  freshness_.NoteWrite("owner", kube::kPods, "12");
  freshness_.Forget("owner");
  EXPECT_TRUE(Fresh());
  freshness_.NoteWrite("owner", kube::kPods, "12");
  freshness_.Clear();
  EXPECT_TRUE(Fresh());
}

}  // namespace
}  // namespace runtime
