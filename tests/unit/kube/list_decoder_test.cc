#include "operator/kube/list_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kube {
namespace {

using ::testing::HasSubstr;

constexpr char kItem[] = R"({"metadata":{"name":"a","uid":"u","resourceVersion":"1"}})";

TEST(ListDecoder, ReadsAPage) {
  const auto page = DecodeList(
      R"({"kind":"PodList","metadata":{"resourceVersion":"7","continue":"next"},"items":[)" +
          std::string(kItem) + "," + kItem + "]}",
      PodDecoder({}));
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->resource_version, "7");
  EXPECT_EQ(page->continue_token, "next");
}

TEST(ListDecoder, NoItemsMayBeWrittenAsNull) {
  for (const char* items : {R"(,"items":null)", R"(,"items":[])"}) {
    const auto page = DecodeList(
        R"({"metadata":{"resourceVersion":"7"})" + std::string(items) + "}", PodDecoder({}));
    ASSERT_TRUE(page.ok()) << items;
    EXPECT_TRUE(page->items.empty());
    EXPECT_EQ(page->continue_token, "");
  }
}

TEST(ListDecoder, APageThatIsNotCompleteIsAnError) {
  const std::pair<std::string, const char*> kCases[] = {
      {"", "unreadable"},
      {R"({"metadata":{"resourceVersion":"7"},"items":[)", "unreadable"},
      {R"({"metadata":{},"items":[]})", "no metadata.resourceVersion"},
      {R"({"kind":"PodList","metadata":{"resourceVersion":"7"}})", "no items"},
      {R"({"kind":"Pod","metadata":{"name":"a","resourceVersion":"7"}})", "its kind is not"},
      {R"({"kind":"Table","metadata":{"resourceVersion":"7"},"items":[]})", "its kind is not"},
      {"[]", "unreadable"},
      {"<html>busy</html>", "unreadable"},
      {R"({"metadata":{"resourceVersion":"7"},"items":3})", "unreadable"},
      {R"({"metadata":{"resourceVersion":"7"},"items":[)" + std::string(kItem), "unreadable"},
  };
  for (const auto& [body, message] : kCases) {
    const auto page = DecodeList(body, PodDecoder({}));
    ASSERT_FALSE(page.ok()) << body;
    EXPECT_THAT(page.error().message, HasSubstr(message)) << body;
  }
}

// What one tenant stores may not hide the objects of the others.
TEST(ListDecoder, AnItemThatCannotBeReadIsItsOwnTroubleOnly) {
  const std::string deep = std::string(20'000, '[') + std::string(20'000, ']');
  const std::string odd = R"({"metadata":{"name":"odd","uid":"v","resourceVersion":"2"},"spec":)";
  const struct {
    const char* what;
    std::string item;
    bool tracked, incomplete;
  } kCases[] = {
      {"a number that was stored as a float", odd + R"({"seed":18446744073709552000}})", true,
       false},
      {"a number of any length", odd + std::string(5000, '9') + "}", true, false},
      {"half a surrogate", odd + R"("\ud800"})", true, false},
      {"bytes that are not UTF-8", odd + "\"\xff\xfe\"}", true, false},
      {"any depth", odd + deep + "}", true, true},
      {"no UID", R"({"metadata":{"name":"b"}})", false, false},
      {"no object at all", "3", false, false},
  };
  for (const auto& c : kCases) {
    const auto page = DecodeList(R"({"metadata":{"resourceVersion":"7"},"items":[)" +
                                     std::string(kItem) + "," + c.item + "," + kItem + "]}",
                                 PodDecoder({}));
    ASSERT_TRUE(page.ok()) << c.what;
    ASSERT_EQ(page->items.size(), c.tracked ? 3u : 2u) << c.what;
    EXPECT_EQ(page->skipped.size(), c.tracked ? 0u : 1u) << c.what;
    EXPECT_EQ(page->items.back()->meta.name, "a") << c.what;
    EXPECT_EQ(!page->items[1]->meta.decode_error.empty(), c.incomplete) << c.what;
  }
}

}  // namespace
}  // namespace kube
