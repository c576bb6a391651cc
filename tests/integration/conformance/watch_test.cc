// Watches of a real kube-apiserver, through the decoders that the caches use.

#include <nlohmann/json.hpp>

#include "operator/kube/list_decoder.h"
#include "operator/kube/status_error.h"
#include "operator/kube/watch_decoder.h"
#include "operator/transport/config_loader.h"
#include "tests/integration/conformance/harness.h"
#include "tests/integration/conformance/recording_sink.h"
#include "tests/support/cluster.h"

namespace transport {
namespace {

using disagg::testing::ClusterEnvironment;
using kube::EventType;

constexpr char kConfigMaps[] = "/api/v1/namespaces/default/configmaps";

class WatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto config = LoadKubeconfig(ClusterEnvironment::cluster().kubeconfig(), "");
    ASSERT_TRUE(config.ok());
    transport_ = MakeOrFail(*config);
    ASSERT_NE(transport_, nullptr);
  }
  void Watch(const std::string& query) {
    Request request = Get(std::string(kConfigMaps) + "?watch=true&" + query);
    request.idle_timeout = std::chrono::minutes(2);
    handle_ = transport_->Stream(request, sink_);
  }
  std::vector<kube::WatchEvent> Events() const {
    std::vector<kube::WatchEvent> events;
    kube::WatchDecoder decoder(kube::RawDecoder({}), 8 << 20);
    const base::Status fed = decoder.Feed(
        sink_->text(), [&](kube::WatchEvent event) { events.push_back(std::move(event)); });
    EXPECT_TRUE(fed.ok()) << fed.error().message;
    EXPECT_TRUE(decoder.at_boundary());
    return events;
  }
  void Create(const std::string& name, std::size_t size = 1) {
    const nlohmann::json body = {{"metadata", {{"name", name}}},
                                 {"data", {{"key", std::string(size, 'x')}}}};
    const auto answer = SendAndWait(*transport_, Post(kConfigMaps, body.dump()));
    ASSERT_TRUE(answer.ok() && answer->status == 201);
  }
  void Delete(const std::string& name) {
    Request request = Get(std::string(kConfigMaps) + "/" + name);
    request.method = Method::kDelete;
    const auto answer = SendAndWait(*transport_, request);
    ASSERT_TRUE(answer.ok() && answer->status == 200);
  }

  std::unique_ptr<Transport> transport_;
  const std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  std::shared_ptr<StreamHandle> handle_;
};

TEST_F(WatchTest, BringsWhatHappensAsItHappens) {
  const auto list = SendAndWait(*transport_, Get(kConfigMaps));
  ASSERT_TRUE(list.ok());
  const auto page = kube::DecodeList(list->body, kube::RawDecoder({}));
  ASSERT_TRUE(page.ok());
  Watch("resourceVersion=" + page->resource_version + "&timeoutSeconds=60");
  Create("watched-1", 300'000);
  Delete("watched-1");
  ASSERT_TRUE(sink_->WaitForText("DELETED"));
  ASSERT_TRUE(Eventually([&] { return sink_->text().ends_with("\n"); }));
  const auto events = Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, EventType::kAdded);
  EXPECT_EQ(events[0].object->meta.name, "watched-1");
  EXPECT_EQ(events[1].type, EventType::kDeleted);
  EXPECT_NE(events[0].resource_version, events[1].resource_version);
  handle_->Cancel();
  EXPECT_TRUE(sink_->WaitForEnd());
}

TEST_F(WatchTest, BeginsWithWhatThereIsAndABookmarkThatSaysSo) {
  Create("watched-2");
  Watch(
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
      "&timeoutSeconds=60");
  ASSERT_TRUE(sink_->WaitForText("initial-events-end"));
  ASSERT_TRUE(Eventually([&] { return sink_->text().ends_with("\n"); }));
  const auto events = Events();
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events.front().type, EventType::kAdded);
  EXPECT_EQ(events.back().type, EventType::kBookmark);
  EXPECT_TRUE(events.back().initial_events_end);
  EXPECT_NE(events.back().resource_version, "");
  Delete("watched-2");
}

TEST_F(WatchTest, EndsProperlyWhenTheServerEndsIt) {
  Watch("timeoutSeconds=1");
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_TRUE(sink_->end().ok()) << sink_->end().error().message;
  EXPECT_EQ(sink_->status(), 200);
}

TEST_F(WatchTest, ThatIsRefusedBringsTheReason) {
  Watch("fieldSelector=no.such%3Dx");
  ASSERT_TRUE(sink_->WaitForEnd());
  EXPECT_TRUE(sink_->end().ok());
  EXPECT_EQ(sink_->status(), 400);
  const base::Error error = kube::ErrorFromResponse(sink_->status(), sink_->text(), "");
  EXPECT_EQ(error.reason, "BadRequest");
  EXPECT_THAT(error.message, ::testing::HasSubstr("no.such"));
}

TEST_F(WatchTest, BreaksOffWhenTheServerDies) {
  Watch("timeoutSeconds=60");
  ASSERT_TRUE(Eventually([&] { return sink_->heads() == 1; }));
  const auto& cluster = ClusterEnvironment::cluster();
  ASSERT_EQ(cluster.Ctl({"stop", "kube-apiserver"}).exit_code, 0);
  ASSERT_TRUE(sink_->WaitForEnd());
  ASSERT_FALSE(sink_->end().ok());
  EXPECT_EQ(sink_->end().error().code, base::ErrorCode::kConnection);
  EXPECT_THAT(SendAndWait(*transport_, Get(kConfigMaps)),
              IsError(base::ErrorCode::kConnection, "refused"));
  ASSERT_EQ(cluster.Ctl({"start", "kube-apiserver"}).exit_code, 0);
  EXPECT_TRUE(Eventually(
      [&] {
        const auto answer = SendAndWait(*transport_, Get(kConfigMaps));
        return answer.ok() && answer->status == 200;
      },
      std::chrono::seconds(60)))
      << "the same transport goes on";
}

}  // namespace
}  // namespace transport
