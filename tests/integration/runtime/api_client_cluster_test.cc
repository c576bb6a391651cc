// The verbs of ApiClient, and events, as a real API server understands them.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "operator/runtime/event_aggregator.h"
#include "operator/runtime/event_sender.h"
#include "tests/integration/runtime/cluster_fixture.h"

namespace runtime {
namespace {

using base::ErrorCode;
using nlohmann::json;

class ApiClientClusterTest : public ClusterTest {
 protected:
  json Read(const kube::Resource& resource, const kube::ObjectKey& key) {
    const auto body = client_->Get(resource, key);
    return body.ok() ? json::parse(*body) : json();
  }

  static WriteRequest Pod(const std::string& namespace_name, const std::string& name) {
    WriteRequest write;
    write.resource = kube::kPods;
    write.key = {namespace_name, name};
    write.body = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":")" + name +
                 R"("},"spec":{"automountServiceAccountToken":false,
                     "containers":[{"name":"c","image":"i"}]}})";
    return write;
  }
};

TEST_F(ApiClientClusterTest, CreatesOnceAndTellsOfTheSecond) {
  MakeNamespace("create");
  const auto made = client_->Write(ConfigMap("create", "a"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(Read(kConfigMaps, {"create", "a"})["metadata"]["uid"], made->uid);
  const auto again = client_->Write(ConfigMap("create", "a"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(ApiClientClusterTest, ADryRunMakesNothing) {
  MakeNamespace("dry-run");
  WriteRequest write = ConfigMap("dry-run", "a");
  write.verb = Verb::kDryRunCreate;
  ASSERT_TRUE(client_->Write(write).ok());
  EXPECT_EQ(client_->Get(kConfigMaps, {"dry-run", "a"}).error().code, ErrorCode::kNotFound);
}

TEST_F(ApiClientClusterTest, AnUnknownFieldIsRefused) {
  MakeNamespace("strict");
  WriteRequest write = ConfigMap("strict", "a");
  json body = json::parse(write.body);
  body["dta"] = json::object();
  write.body = body.dump();
  const auto result = client_->Write(write);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_NE(result.error().message.find("dta"), std::string::npos) << result.error().message;
}

TEST_F(ApiClientClusterTest, AppliesAndTellsOfAConflictingManager) {
  MakeNamespace("apply");
  ASSERT_TRUE(client_->Write(ConfigMap("apply", "a", "one")).ok());
  ApiClientOptions other_options;
  other_options.field_manager = "somebody-else";
  ApiClient other(*transport_, nullptr, other_options);
  WriteRequest apply = ConfigMap("apply", "a", "two");
  apply.verb = Verb::kApply;
  const auto refused = other.Write(apply);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  apply.force = true;
  ASSERT_TRUE(other.Write(apply).ok());
  EXPECT_EQ(Read(kConfigMaps, {"apply", "a"})["metadata"]["labels"]["app"], "two");
}

TEST_F(ApiClientClusterTest, AnApplyWithTheUidOfAnObjectThatIsGoneMakesNothing) {
  MakeNamespace("apply-uid");
  WriteRequest apply = ConfigMap("apply-uid", "a");
  json body = json::parse(apply.body);
  body["metadata"]["uid"] = "00000000-0000-0000-0000-000000000001";
  apply.verb = Verb::kApply;
  apply.force = true;
  apply.body = body.dump();
  const auto result = client_->Write(apply);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kConflict);
  EXPECT_EQ(client_->Get(kConfigMaps, {"apply-uid", "a"}).error().code, ErrorCode::kNotFound);
}

TEST_F(ApiClientClusterTest, DeletesOnlyWhatItWasDecidedOn) {
  MakeNamespace("delete");
  const auto made = client_->Write(ConfigMap("delete", "a"));
  ASSERT_TRUE(made.ok());
  WriteRequest remove;
  remove.verb = Verb::kDelete;
  remove.resource = kConfigMaps;
  remove.key = {"delete", "a"};
  remove.precondition_uid = "another";
  EXPECT_EQ(client_->Write(remove).error().code, ErrorCode::kConflict);
  remove.precondition_uid = made->uid;
  remove.precondition_version = "1";
  EXPECT_EQ(client_->Write(remove).error().code, ErrorCode::kConflict);
  remove.precondition_version = made->resource_version;
  const auto gone = client_->Write(remove);
  ASSERT_TRUE(gone.ok()) << gone.error().message;
  EXPECT_TRUE(gone->gone);
  EXPECT_EQ(client_->Write(remove).error().code, ErrorCode::kNotFound);
}

// A pod that was never bound is removed at once, whatever its grace period; its answer is the pod.
TEST_F(ApiClientClusterTest, TellsWhetherADeletedPodIsGone) {
  MakeNamespace("pods");
  const auto made = client_->Write(Pod("pods", "p"));
  ASSERT_TRUE(made.ok()) << made.error().message;
  WriteRequest remove = Pod("pods", "p");
  remove.verb = Verb::kDelete;
  remove.precondition_uid = made->uid;
  const auto gone = client_->Write(remove);
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ(client_->Get(kube::kPods, {"pods", "p"}).ok(), !gone->gone);
}

TEST_F(ApiClientClusterTest, EventsAndTheirSeriesAreAccepted) {
  MakeNamespace("events");
  const auto made = client_->Write(ConfigMap("events", "a"));
  ASSERT_TRUE(made.ok());
  kube::ObjectMeta about;
  about.name = "a";
  about.namespace_name = "events";
  about.uid = made->uid;
  about.resource_version = made->resource_version;
  base::ManualClock clock(clock_.Now());
  EventAggregator aggregator(clock, {.instance = "test"});
  const auto send = [&](const EventWrite& write) {
    transport::Request request;
    request.method = write.patch ? transport::Method::kPatch : transport::Method::kPost;
    request.target = kube::Path(kube::kEvents, write.namespace_name, write.patch ? write.name : "");
    request.headers = {
        {"Content-Type", write.patch ? "application/merge-patch+json" : "application/json"}};
    request.body = write.body;
    const auto answer = transport::SendAndWait(*transport_, request);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_LT(answer->status, 300) << answer->body;
  };
  bool refused = false;
  const EventNote note{EventKind::kWarning, "Tested", "Test", std::string(2000, 'x')};
  const auto first = aggregator.Add(kConfigMaps, about, note, &refused);
  ASSERT_TRUE(first);
  send(*first);
  (void)aggregator.Add(kConfigMaps, about, note, &refused);
  clock.Advance(std::chrono::minutes(1));
  const auto due = aggregator.Due();
  ASSERT_EQ(due.size(), 1u);
  send(due.front());
  const json event = Read(kube::kEvents, {"events", first->name});
  EXPECT_EQ(event["series"]["count"], 2);
  EXPECT_EQ(event["regarding"]["uid"], made->uid);
}

TEST_F(ApiClientClusterTest, TheSenderDeliversEventsOfObjectsWithoutNamespace) {
  EventSender sender(*transport_, nullptr, clock_, {.instance = "test"}, metrics_);
  sender.Start();
  kube::ObjectMeta about;
  about.name = "b200-0";
  about.uid = "u-node";
  sender.Record(kube::kNodes, about, {EventKind::kNormal, "Tested", "Test", "hello"});
  sender.Stop();
  EXPECT_NE(metrics_.Text().find("events_sent_total 1"), std::string::npos) << metrics_.Text();
}

}  // namespace
}  // namespace runtime
