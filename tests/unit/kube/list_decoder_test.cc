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

TEST(ListDecoder, NoItemsMayBeWrittenAsNullOrLeftOut) {
  for (const char* items : {R"(,"items":null)", R"(,"items":[])", ""}) {
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
      {"[]", "no metadata.resourceVersion"},
      {R"({"metadata":{"resourceVersion":"7"},"items":[)" + std::string(kItem) +
           R"(,{"metadata":{"name":"b"}}]})",
       "\"b\" of the API server has no metadata.uid"},
  };
  for (const auto& [body, message] : kCases) {
    const auto page = DecodeList(body, PodDecoder({}));
    ASSERT_FALSE(page.ok()) << body;
    EXPECT_THAT(page.error().message, HasSubstr(message)) << body;
  }
}

}  // namespace
}  // namespace kube
