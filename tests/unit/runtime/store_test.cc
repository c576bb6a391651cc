#include "operator/runtime/store.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

kube::ObjectPtr Make(const std::string& name, const std::string& version,
                     const std::string& uid = "", const std::string& owner = "") {
  auto object = std::make_shared<kube::MetadataObject>();
  object->meta.namespace_name = "serving";
  object->meta.name = name;
  object->meta.uid = uid.empty() ? "uid-" + name : uid;
  object->meta.resource_version = version;
  object->meta.controller_uid = kube::InternedString(owner);
  return object;
}

// Of which not all could be read.
kube::ObjectPtr Part(const std::string& name, const std::string& version,
                     const std::string& why = "too large") {
  const auto object = std::make_shared<kube::MetadataObject>();
  object->meta = Make(name, version)->meta;
  object->meta.decode_error = kube::InternedString(why);
  return object;
}

std::string Describe(const Change& change) {
  if (change.before == nullptr) return "+" + change.after->meta.uid;
  if (change.after == nullptr) return "-" + change.before->meta.uid;
  return "~" + change.after->meta.uid + "@" + change.after->meta.resource_version;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    store_.AddIndex(kByController, [](const kube::Object& object) -> std::vector<std::string> {
      if (object.meta.controller_uid.empty()) return {};
      return {object.meta.controller_uid};
    });
    store_.AddHandler([this](const Change& change) { changes_.push_back(Describe(change)); });
  }

  std::vector<std::string> OwnedBy(const std::string& uid) const {
    std::vector<std::string> names;
    for (const auto& object : store_.ObjectsByIndex(kByController, uid)) {
      names.push_back(object->meta.name);
    }
    return names;
  }

  ObjectStore store_;
  std::vector<std::string> changes_;
};

TEST_F(StoreTest, IsSyncedByTheFirstList) {
  EXPECT_FALSE(store_.synced());
  EXPECT_EQ(store_.resource_version(), "");
  store_.Replace({}, "7");
  EXPECT_TRUE(store_.synced());
  EXPECT_EQ(store_.resource_version(), "7");
}

TEST_F(StoreTest, ReplaceTellsOnlyWhatDiffers) {
  store_.Replace({Make("a", "1"), Make("b", "2"), Make("c", "3")}, "3");
  changes_.clear();
  store_.Replace({Make("a", "1"), Make("b", "5"), Make("d", "6")}, "6");
  EXPECT_THAT(changes_, ElementsAre("-uid-c", "~uid-b@5", "+uid-d"));
  EXPECT_EQ(store_.size(), 3u);
}

TEST_F(StoreTest, ReplaceTellsOfAnotherObjectUnderTheSameName) {
  store_.Replace({Make("a", "1", "old")}, "1");
  changes_.clear();
  store_.Replace({Make("a", "4", "new")}, "4");
  EXPECT_THAT(changes_, ElementsAre("-old", "+new"));
  EXPECT_FALSE(store_.HasUid("old"));
  EXPECT_TRUE(store_.HasUid("new"));
}

TEST_F(StoreTest, EventsMoveTheVersionAndAreTold) {
  store_.Upsert(Make("a", "1"), "1");
  store_.Upsert(Make("a", "2"), "2");
  store_.Remove({"serving", "a"}, "3");
  store_.Bookmark("9");
  EXPECT_THAT(changes_, ElementsAre("+uid-a", "~uid-a@2", "-uid-a"));
  EXPECT_EQ(store_.resource_version(), "9");
  EXPECT_EQ(store_.size(), 0u);
  EXPECT_FALSE(store_.HasUid("uid-a"));
}

TEST_F(StoreTest, RemovingWhatIsNotThereChangesNothing) {
  const auto revision = store_.revision();
  store_.Remove({"serving", "x"}, "3");
  EXPECT_THAT(changes_, IsEmpty());
  EXPECT_EQ(store_.revision(), revision);
}

TEST_F(StoreTest, IndexesFollowTheObjects) {
  store_.Upsert(Make("a", "1", "", "owner-1"), "1");
  store_.Upsert(Make("b", "2", "", "owner-1"), "2");
  EXPECT_THAT(OwnedBy("owner-1"), ElementsAre("a", "b"));
  store_.Upsert(Make("a", "3", "", "owner-2"), "3");
  EXPECT_THAT(OwnedBy("owner-1"), ElementsAre("b"));
  EXPECT_THAT(OwnedBy("owner-2"), ElementsAre("a"));
  store_.Remove({"serving", "b"}, "4");
  EXPECT_THAT(OwnedBy("owner-1"), IsEmpty());
  EXPECT_THAT(store_.ObjectsByIndex("no such index", "x"), IsEmpty());
}

TEST_F(StoreTest, HandlersSeeTheStoreAfterTheChange) {
  std::size_t seen = 99;
  store_.AddHandler([&](const Change&) { seen = store_.size(); });
  store_.Upsert(Make("a", "1"), "1");
  EXPECT_EQ(seen, 1u);
}

TEST_F(StoreTest, KeepsItsContentsWhenThePlaceIsLost) {
  store_.Replace({Make("a", "1")}, "1");
  store_.MarkUnsynced();
  EXPECT_FALSE(store_.synced());
  EXPECT_EQ(store_.size(), 1u);
  EXPECT_NE(store_.GetObject({"serving", "a"}), nullptr);
}

TEST_F(StoreTest, IsLiveOnceListedAndWhileNothingIsSaidAgainstIt) {
  std::vector<bool> told;
  store_.AddLivenessHandler([&] { told.push_back(store_.live()); });
  EXPECT_FALSE(store_.live());
  EXPECT_EQ(store_.trouble(), "not listed yet");
  store_.SetTrouble("pods is forbidden");
  EXPECT_EQ(store_.trouble(), "pods is forbidden");
  store_.Replace({}, "7");
  EXPECT_FALSE(store_.live()) << "a list alone does not follow its resource";
  store_.SetTrouble("");
  EXPECT_TRUE(store_.live());
  EXPECT_EQ(store_.trouble(), "");
  store_.MarkUnsynced();
  EXPECT_TRUE(store_.live()) << "for the moments of a new list";
  store_.SetTrouble("connection refused");
  store_.SetTrouble("connection reset");
  EXPECT_FALSE(store_.live());
  store_.SetTrouble("");
  EXPECT_THAT(told, ElementsAre(true, false, true));
}

std::string ReadOf(const kube::ObjectPtr& object) {
  return object->meta.decode_error.empty() ? "whole" : object->meta.decode_error.get();
}

// A proxy's 413, or a bound of ours that another way of reading does not meet, is no property of
// the object.
TEST_F(StoreTest, OfOneVersionWhatWasReadWholeStays) {
  const struct {
    const char* rule;
    kube::ObjectPtr before, now;
    std::string kept;
  } kCases[] = {
      {"what was read in part is replaced by the whole", Part("a", "1"), Make("a", "1"), "whole"},
      {"the whole is not replaced by a part", Make("a", "1"), Part("a", "1"), "whole"},
      {"another part tells of another reason", Part("a", "1"), Part("a", "1", "too deep"),
       "too deep"},
      {"a newer version is, whatever is known of it", Make("a", "1"), Part("a", "2"), "too large"},
  };
  for (const auto& c : kCases) {
    for (const bool listed : {true, false}) {
      ObjectStore store;
      store.Replace({c.before}, "1");
      int told = 0;
      store.AddHandler([&](const Change&) { ++told; });
      if (listed) {
        store.Replace({c.now}, "2");
      } else {
        store.Upsert(c.now, "2");
      }
      EXPECT_EQ(ReadOf(store.GetObject({"serving", "a"})), c.kept) << c.rule;
      EXPECT_EQ(store.incomplete(), c.kept == "whole" ? 0u : 1u) << c.rule;
      EXPECT_EQ(told, ReadOf(c.before) == c.kept ? 0 : 1) << c.rule;
    }
  }
}

TEST_F(StoreTest, CountsObjectsThatWereReadInPart) {
  const kube::ObjectPtr incomplete = Part("a", "2");
  store_.Upsert(Make("a", "1"), "1");
  EXPECT_EQ(store_.incomplete(), 0u);
  store_.Upsert(incomplete, "2");
  EXPECT_EQ(store_.incomplete(), 1u);
  store_.Upsert(Make("a", "3"), "3");
  EXPECT_EQ(store_.incomplete(), 0u);
  store_.Upsert(incomplete, "4");
  store_.Remove({"serving", "a"}, "5");
  EXPECT_EQ(store_.incomplete(), 0u);
}

TEST_F(StoreTest, ListsInTheOrderOfNames) {
  store_.Replace({Make("c", "1"), Make("a", "2"), Make("b", "3")}, "3");
  std::vector<std::string> names;
  for (const auto& object : Store<kube::MetadataObject>(store_).All()) {
    names.push_back(object->meta.name);
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace runtime
