#include "operator/kube/item_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kube {
namespace {

using ::testing::HasSubstr;

std::string Deep() { return std::string(5000, '[') + std::string(5000, ']'); }

std::string ObjectWith(const std::string& members, const std::string& metadata = "") {
  return R"({"metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"7","generation":2)" +
         metadata + "}" + members + "}";
}

base::Result<ObjectPtr> Decode(const std::string& text) {
  JsonParser parser;
  return DecodeItem(text, PodDecoder({}), parser);
}

TEST(DecodeItem, AReadableObjectHasNoError) {
  for (const std::string& text :
       {ObjectWith(R"(,"spec":{"nodeName":"n"})"),
        ObjectWith(R"(,"spec":{"nodeName":"n","seed":18446744073709552000})"),
        ObjectWith(R"(,"spec":{"nodeName":"n"})", R"(,"managedFields":)" + Deep())}) {
    const auto object = Decode(text);
    ASSERT_TRUE(object.ok()) << text.substr(0, 200) << ": " << object.error().message;
    EXPECT_EQ((*object)->meta.decode_error, "");
    EXPECT_EQ(std::static_pointer_cast<const Pod>(*object)->node_name, "n");
  }
}

TEST(DecodeItem, OfADeepObjectTheRestIsKnown) {
  const auto object =
      Decode(ObjectWith(R"(,"spec":)" + Deep() + R"(,"status":{"phase":"Running"})"));
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)->meta.decode_error,
            "field \"spec\" cannot be read: it is nested deeper than 1024 levels");
  EXPECT_EQ((*object)->meta.key().ToString(), "ns/a");
  EXPECT_EQ((*object)->meta.resource_version, "7");
  EXPECT_EQ(std::static_pointer_cast<const Pod>(*object)->phase, PodPhase::kRunning);
}

TEST(DecodeItem, OneDeepFieldOfASpecHidesNoOther) {
  const auto object =
      Decode(ObjectWith(R"(,"spec":{"template":)" + Deep() + R"(,"nodeName":"n"})"));
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)->meta.decode_error,
            "field \"spec.template\" cannot be read: it is nested deeper than 1024 levels");
  EXPECT_EQ(std::static_pointer_cast<const Pod>(*object)->node_name, "n");
}

// At each depth around the bound the object is there, whole or in part.
TEST(DecodeItem, NoDepthHidesAnObject) {
  for (std::size_t depth = JsonParser::kMaxDepth - 5; depth <= JsonParser::kMaxDepth + 1; ++depth) {
    const std::string deep = std::string(depth, '[') + std::string(depth, ']');
    for (const std::string& text :
         {ObjectWith(",\"spec\":" + deep), ObjectWith("", ",\"labels\":" + deep)}) {
      const auto object = Decode(text);
      ASSERT_TRUE(object.ok()) << depth << ": " << object.error().message;
      EXPECT_EQ((*object)->meta.name, "a");
    }
  }
}

TEST(DecodeItem, MetadataThatCannotBeReadIsNamedToo) {
  const auto object = Decode(ObjectWith("", R"(,"labels":)" + Deep()));
  ASSERT_TRUE(object.ok());
  EXPECT_THAT((*object)->meta.decode_error.get(), HasSubstr("field \"metadata.labels\""));
}

TEST(DecodeItem, WhatIsCutShortIsDecodedAsFarAsItGoes) {
  const auto object =
      Decode(ObjectWith(R"(,"spec":{"nodeName":"n"},"status":{"ready)").substr(0, 122));
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)->meta.name, "a");
  EXPECT_THAT((*object)->meta.decode_error.get(), HasSubstr("field \""));
}

TEST(DecodeItem, WithoutMetadataItIsAnError) {
  for (const char* text : {"", "3", "null", "[]", "{}", R"({"metadata":{"name":"a"}})",
                           R"({"metadata":{"name":"a","uid":"u)"}) {
    EXPECT_FALSE(Decode(text).ok()) << text;
  }
}

}  // namespace
}  // namespace kube
