#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/kube/decoding.h"

namespace kube {
namespace {

constexpr char kDeployment[] = R"json({
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {
    "name": "router", "namespace": "serving", "uid": "u", "resourceVersion": "12", "generation": 4,
    "deletionTimestamp": "2026-11-24T10:00:00Z", "deletionGracePeriodSeconds": 60,
    "finalizers": ["example.com/a", "b"],
    "labels": {"a\"b": "x\ny\u00e4"}, "managedFields": [{"manager": "kubectl"}]
  },
  "spec": {"replicas": 3, "template": {"spec": {"weight": 0.25, "big": 9223372036854775807, "status": "kept"}}},
  "status": {"replicas": 3, "readyReplicas": 2, "availableReplicas": 1, "updatedReplicas": 1, "observedGeneration": 3}
})json";

TEST(RawDecoder, KeepsEverythingButStatusAndManagedFields) {
  const auto raw = DecodeAs<RawObject>(RawDecoder({}), kDeployment);
  ASSERT_NE(raw, nullptr);
  EXPECT_TRUE(raw->meta.deleting());
  EXPECT_EQ(raw->meta.deletion_grace, 60);
  EXPECT_EQ(raw->meta.finalizers, "example.com/a, b");
  nlohmann::json wanted = nlohmann::json::parse(kDeployment);
  wanted.erase("status");
  wanted["metadata"].erase("managedFields");
  EXPECT_EQ(nlohmann::json::parse(raw->json.Unpack()), wanted);
  EXPECT_EQ(raw->json.Unpack().find(": "), std::string::npos) << "compact";
}

TEST(RawDecoder, AnItemOfAListHasNoKindAndIsTakenAsItIs) {
  const auto raw = DecodeAs<RawObject>(
      RawDecoder({}), R"({"metadata":{"name":"a","uid":"u","resourceVersion":"1"}})");
  ASSERT_NE(raw, nullptr);
  EXPECT_EQ(raw->json.Unpack(), R"({"metadata":{"name":"a","uid":"u","resourceVersion":"1"}})");
}

TEST(MetadataDecoder, KeepsNothingButMetadata) {
  const auto object = DecodeAs<MetadataObject>(MetadataDecoder({{"none/"}}), kDeployment);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(object->meta.name, "router");
  EXPECT_TRUE(object->meta.labels.empty());
}

}  // namespace
}  // namespace kube
