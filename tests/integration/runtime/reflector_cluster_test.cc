// Caches against a real API server: pages, watches, bookmarks, and what breaks them.

#include <gtest/gtest.h>

#include <utility>

#include <nlohmann/json.hpp>

#include "operator/runtime/freshness.h"
#include "tests/integration/runtime/cluster_fixture.h"
#include "tests/support/fault_proxy.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

WatchSpec ConfigMaps(const std::string& namespace_name, bool metadata_only = true,
                     const std::string& selector = "") {
  return {kConfigMaps, kube::MetadataDecoder({}), selector, namespace_name, metadata_only};
}

ReflectorOptions Pages(int size) {
  ReflectorOptions options;
  options.page_size = size;
  return options;
}

class ReflectorClusterTest : public ClusterTest {
 protected:
  void Fill(const std::string& namespace_name, int count) {
    MakeNamespace(namespace_name);
    std::vector<WriteRequest> writes;
    for (int i = 0; i < count; ++i)
      writes.push_back(ConfigMap(namespace_name, "c" + std::to_string(i)));
    for (const auto& result : client_->WriteAll(writes)) ASSERT_TRUE(result.ok());
  }
};

TEST_F(ReflectorClusterTest, ListsInPagesAndFollowsEveryChange) {
  Fill("pages", 25);
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("pages"), Pages(10), clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  EXPECT_EQ(cache.store.size(), 25u);
  ASSERT_TRUE(client_->Write(ConfigMap("pages", "later")).ok());
  ASSERT_TRUE(Delete(kConfigMaps, {"pages", "c3"}).ok());
  ASSERT_TRUE(WaitFor([&] {
    return cache.store.GetObject({"pages", "later"}) != nullptr &&
           cache.store.GetObject({"pages", "c3"}) == nullptr;
  }));
  EXPECT_EQ(cache.Count("cache_lists_total"), 1);
}

TEST_F(ReflectorClusterTest, SeesWhatASelectorSelectsAndItsEnd) {
  MakeNamespace("selector");
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("selector", true, "app=mine"), {}, clock_,
                       metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  ASSERT_TRUE(client_->Write(ConfigMap("selector", "a", "mine")).ok());
  ASSERT_TRUE(client_->Write(ConfigMap("selector", "b", "other")).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 1; }));
  // Its label is taken away: for this cache it is gone.
  WriteRequest relabel = ConfigMap("selector", "a", "other");
  relabel.verb = Verb::kApply;
  relabel.force = true;
  ASSERT_TRUE(client_->Write(relabel).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 0; }));
}

TEST_F(ReflectorClusterTest, MetadataOnlyBringsNoPayload) {
  MakeNamespace("metadata");
  WriteRequest write = ConfigMap("metadata", "big");
  nlohmann::json body = nlohmann::json::parse(write.body);
  body["data"]["payload"] = std::string(100'000, 'x');
  write.body = body.dump();
  ASSERT_TRUE(client_->Write(write).ok());
  WatchSpec raw = ConfigMaps("metadata");
  raw.decoder = kube::RawDecoder({});
  CacheUnderTest cut(cluster().kubeconfig(), raw, {}, clock_, metrics_);
  raw.metadata_only = false;
  CacheUnderTest whole(cluster().kubeconfig(), raw, {}, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cut.store.synced() && whole.store.synced(); }));
  const auto size = [](const CacheUnderTest& cache) {
    return Store<kube::RawObject>(cache.store).Get({"metadata", "big"})->json.size();
  };
  EXPECT_LT(size(cut), 2'000u);
  EXPECT_GT(size(whole), 100'000u);
  EXPECT_EQ(cut.store.GetObject({"metadata", "big"})->meta.label("app"), "x");
}

TEST_F(ReflectorClusterTest, VersionsAreDecimalAndGrowWithEachWrite) {
  MakeNamespace("versions");
  std::string last = "0";
  for (int i = 0; i < 20; ++i) {
    const auto made = client_->Write(ConfigMap("versions", "v" + std::to_string(i)));
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(CompareResourceVersions(last, made->resource_version), -1);
    last = made->resource_version;
  }
}

TEST_F(ReflectorClusterTest, OwnWritesAreSeenInTheCacheByTheirVersion) {
  MakeNamespace("fresh");
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("fresh"), {}, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  Freshness freshness;
  freshness.RegisterStore(kConfigMaps, &cache.store);
  const auto made = client_->Write(ConfigMap("fresh", "a"));
  ASSERT_TRUE(made.ok());
  freshness.NoteWrite("owner", kConfigMaps, made->resource_version);
  ASSERT_TRUE(WaitFor([&] { return freshness.IsFresh("owner", nullptr); }));
  EXPECT_NE(cache.store.GetObject({"fresh", "a"}), nullptr);
  const auto gone = Delete(kConfigMaps, {"fresh", "a"});
  ASSERT_TRUE(gone.ok());
  EXPECT_TRUE(gone->gone);
  freshness.NoteGone("owner", kConfigMaps, made->uid);
  ASSERT_TRUE(WaitFor([&] { return freshness.IsFresh("owner", nullptr); }));
  EXPECT_EQ(cache.store.GetObject({"fresh", "a"}), nullptr);
}

TEST_F(ReflectorClusterTest, BookmarksMoveAQuietCacheOn) {
  MakeNamespace("quiet");
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("quiet"), {}, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  const std::string before = cache.store.resource_version();
  ASSERT_TRUE(client_->Write(ConfigMap("default", "bookmark-test")).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.resource_version() != before; }, seconds(120)))
      << "no bookmark within two minutes";
  EXPECT_EQ(CompareResourceVersions(before, cache.store.resource_version()), -1);
  EXPECT_EQ(cache.store.size(), 0u);
}

TEST_F(ReflectorClusterTest, ASilentWatchIsFoundDeadAndResumed) {
  MakeNamespace("silent");
  ReflectorOptions options;
  options.timings.idle = milliseconds(500);
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("silent"), options, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.Count("cache_failures_total") >= 2; }));
  ASSERT_TRUE(client_->Write(ConfigMap("silent", "a")).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 1; }));
  EXPECT_EQ(cache.Count("cache_lists_total"), 1);
}

TEST_F(ReflectorClusterTest, SurvivesARestartOfTheApiServer) {
  Fill("restart", 5);
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("restart"), {}, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  ASSERT_EQ(cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
  const auto up = std::chrono::steady_clock::now();
  ASSERT_TRUE(WaitFor([&] { return client_->Write(ConfigMap("restart", "after")).ok(); }));
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 6; }));
  RecordProperty(
      "seconds_to_recover",
      std::to_string(std::chrono::duration<double>(std::chrono::steady_clock::now() - up).count()));
}

TEST_F(ReflectorClusterTest, ListsAnewWhenItsVersionIsTooOld) {
  Fill("compacted", 5);
  CacheUnderTest cache(cluster().kubeconfig(), ConfigMaps("compacted"), {}, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  // Elsewhere the world moves on; then neither etcd nor the restarted server's cache reach back to
  // our version.
  ASSERT_TRUE(client_->Write(ConfigMap("default", "moves-on")).ok());
  ASSERT_EQ(cluster().Ctl({"compact"}).exit_code, 0);
  ASSERT_EQ(cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
  ASSERT_TRUE(WaitFor([&] { return cache.Count("cache_lists_total") == 2; }));
  ASSERT_TRUE(WaitFor([&] { return client_->Write(ConfigMap("compacted", "after")).ok(); }));
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 6; }));
}

// Compacts etcd while a list is half read.
class CompactingTransport : public transport::Transport {
 public:
  CompactingTransport(std::unique_ptr<transport::Transport> inner, std::function<void()> compact)
      : inner_(std::move(inner)), compact_(std::move(compact)) {}
  void Send(transport::Request request, Callback callback) override {
    if (request.target.find("&continue=") != std::string::npos && !std::exchange(done_, true))
      compact_();
    inner_->Send(std::move(request), std::move(callback));
  }
  std::shared_ptr<transport::StreamHandle> Stream(
      transport::Request request, std::shared_ptr<transport::StreamSink> sink) override {
    return inner_->Stream(std::move(request), std::move(sink));
  }
  transport::PoolStats stats() const override { return inner_->stats(); }

 private:
  const std::unique_ptr<transport::Transport> inner_;
  const std::function<void()> compact_;
  bool done_ = false;
};

TEST_F(ReflectorClusterTest, APagedListOverACompactionIsCompleteAtLast) {
  Fill("half-read", 25);
  CompactingTransport transport(Connect(cluster().kubeconfig()), [&] {
    EXPECT_TRUE(client_->Write(ConfigMap("default", "half-read")).ok());
    EXPECT_TRUE(Delete(kConfigMaps, {"half-read", "c0"}).ok());
    EXPECT_EQ(cluster().Ctl({"compact"}).exit_code, 0);
  });
  ObjectStore store;
  const auto loop = std::make_shared<ThreadLoop>();
  Reflector reflector(ConfigMaps("half-read"), ReflectorContext{transport, loop, clock_, metrics_},
                      Pages(10), store, [] {});
  reflector.Restart();
  ASSERT_TRUE(WaitFor([&] { return store.synced(); }));
  ASSERT_TRUE(WaitFor([&] { return store.size() == 24; }));
  reflector.Stop();
  loop->Stop();
}

// Through a proxy that breaks watches.
TEST_F(ReflectorClusterTest, ResumesCutWatchesAndListsAnewAfter410) {
  Fill("proxied", 3);
  ASSERT_EQ(cluster().Kubectl({"create", "serviceaccount", "watcher", "-n", "proxied"}).exit_code,
            0);
  ASSERT_EQ(cluster()
                .Kubectl({"create", "clusterrolebinding", "watcher", "--clusterrole=cluster-admin",
                          "--serviceaccount=proxied:watcher"})
                .exit_code,
            0);
  const auto proxy =
      disagg::testing::FaultProxy::Start(cluster().ServiceAccountKubeconfig("proxied", "watcher"),
                                         cluster().dir() + "/proxy-kubeconfig");
  ASSERT_NE(proxy, nullptr);
  CacheUnderTest cache(proxy->kubeconfig(), ConfigMaps("proxied"), {}, clock_, metrics_);
  ASSERT_TRUE(
      WaitFor([&] { return cache.store.synced() && cache.Count("cache_watches_total") == 1; }));
  ASSERT_TRUE(client_->Write(ConfigMap("proxied", "first")).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 4; }));
  ASSERT_EQ(proxy->CutWatches(), 1);
  ASSERT_TRUE(client_->Write(ConfigMap("proxied", "second")).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 5; }));
  EXPECT_EQ(cache.Count("cache_lists_total"), 1);
  proxy->ExpireWatches();
  ASSERT_EQ(proxy->CutWatches(), 1);
  ASSERT_TRUE(WaitFor([&] { return cache.Count("cache_lists_total") == 2; }));
  EXPECT_EQ(proxy->Told(), 1);
  ASSERT_TRUE(Delete(kConfigMaps, {"proxied", "first"}).ok());
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 4; }));
}

TEST_F(ReflectorClusterTest, WaitsForACustomResourceDefinition) {
  const kube::Resource widgets{"example.com", "v1", "widgets", "Widget", true};
  ReflectorOptions options;
  options.timings.backoff_max = milliseconds(500);
  CacheUnderTest cache(cluster().kubeconfig(), {widgets, kube::MetadataDecoder({}), "", "", true},
                       options, clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.Count("cache_failures_total") >= 2; }));
  EXPECT_FALSE(cache.store.synced());
  const char* const definition = R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced",
             "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
             "versions": [{"name": "v1", "served": true, "storage": true,
                           "schema": {"openAPIV3Schema": {"type": "object"}}}]}})";
  ASSERT_EQ(cluster().Kubectl({"create", "-f", "-"}, definition).exit_code, 0);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }));
  WriteRequest widget;
  widget.resource = widgets;
  widget.key = {"default", "w"};
  widget.body = R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"}})";
  ASSERT_TRUE(WaitFor([&] { return client_->Write(widget).ok(); }));
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 1; }));
}

}  // namespace
}  // namespace runtime
