#include "operator/runtime/manager.h"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "operator/base/system_clock.h"
#include "tests/unit/runtime/fake_lease_server.h"
#include "tests/unit/runtime/fake_watch_server.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

// The listeners that a manager has opened, to be asked without a socket.
class FakeListeners {
 public:
  ManagerParts::Listen Listen() {
    return [this](const std::string& address, transport::PlainHandler handler)
               -> base::Result<std::unique_ptr<transport::HttpListener>> {
      if (address == "taken:1")
        return base::MakeError(base::ErrorCode::kConnection, "InUse", "address in use");
      std::lock_guard lock(mutex_);
      handlers_[address] = std::move(handler);
      return std::unique_ptr<transport::HttpListener>(std::make_unique<Listener>(*this, address));
    };
  }
  transport::PlainResponse Ask(const std::string& address, const std::string& path) {
    std::lock_guard lock(mutex_);
    const auto handler = handlers_.find(address);
    return handler == handlers_.end() ? transport::PlainResponse{0, "", ""} : handler->second(path);
  }

 private:
  class Listener : public transport::HttpListener {
   public:
    Listener(FakeListeners& owner, std::string address)
        : owner_(owner), address_(std::move(address)) {}
    ~Listener() override {
      std::lock_guard lock(owner_.mutex_);
      owner_.handlers_.erase(address_);
    }
    int port() const override { return 1; }

   private:
    FakeListeners& owner_;
    const std::string address_;
  };

  std::mutex mutex_;
  std::map<std::string, transport::PlainHandler> handlers_;
};

class ManagerTest : public ::testing::Test {
 protected:
  void Make(ManagerOptions options = {}) {
    options.metrics_address = ":8080";
    options.health_address = ":8081";
    options.lease.retry_period = milliseconds(20);
    options.lease.renew_deadline = milliseconds(600);
    options.lease.duration = seconds(1);
    options.lease.write_margin = milliseconds(400);
    options.reflector.timings.first_retry = milliseconds(1);
    options.reflector.timings.backoff_base = milliseconds(2);
    options.reflector.timings.backoff_max = milliseconds(10);
    options.reflector.timings.live_grace = milliseconds(50);
    ManagerParts parts;
    auto server = std::make_unique<FakeWatchServer>(1);
    server_ = server.get();
    parts.transport = std::move(server);
    parts.lease_transport = std::make_unique<FakeTransport>(
        [this](const transport::Request& request) { return leases_.Handle(request); });
    parts.host = "api";
    parts.listen = listeners_.Listen();
    manager_ = Manager::Assemble(std::move(parts), clock_, options);
    pods_ = &manager_->Watch({kube::kPods, kube::MetadataDecoder({}), "", "", true});
    controller_ = &manager_->AddController({"test", 2, {}}, [this](const kube::ObjectKey&) {
      ++passes_;
      return ReconcileResult{};
    });
    manager_->OnLeading([this] {
      seen_at_start_ = pods_->size();
      for (const auto& pod : pods_->AllObjects()) controller_->queue().Add(pod->meta.key());
    });
  }
  ObjectStore& WatchNodes(bool optional) {
    return manager_->Watch({kube::kNodes, kube::MetadataDecoder({}), "", "", true, optional});
  }
  void Start() {
    thread_ = std::jthread([this](std::stop_token stop) { ended_ = manager_->Run(stop); });
  }
  void Join() {
    thread_.request_stop();
    thread_.join();
  }
  static bool WaitFor(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  const base::SystemClock clock_;
  FakeLeaseServer leases_;
  FakeListeners listeners_;
  FakeWatchServer* server_ = nullptr;
  std::unique_ptr<Manager> manager_;
  ObjectStore* pods_ = nullptr;
  Controller* controller_ = nullptr;
  std::atomic<int> passes_{0};
  std::atomic<std::size_t> seen_at_start_{0};
  base::Status ended_;
  std::jthread thread_;
};

TEST_F(ManagerTest, LeadsReconcilesStopsAndReleasesTheLease) {
  Make();
  server_->Set("a");
  server_->Set("b");
  Start();
  ASSERT_TRUE(WaitFor([&] { return passes_ == 2; }));
  EXPECT_EQ(seen_at_start_, 2u);
  EXPECT_NE(leases_.spec("holderIdentity"), "");
  Join();
  EXPECT_TRUE(ended_.ok());
  EXPECT_EQ(leases_.spec("holderIdentity"), "");
}

TEST_F(ManagerTest, ListsAnewAfterItHasTheLeaseAndPlansOnlyThen) {
  Make();
  transport::Request taken;
  taken.method = transport::Method::kPost;
  taken.body =
      R"({"kind":"Lease","metadata":{},"spec":{"holderIdentity":"other","leaseDurationSeconds":1}})";
  ASSERT_TRUE(leases_.Handle(taken));
  Start();
  ASSERT_TRUE(WaitFor([&] { return server_->counts().watches == 1; }));
  EXPECT_EQ(listeners_.Ask(":8081", "/readyz").status, 200)
      << "a follower with complete caches is ready";
  EXPECT_EQ(server_->counts().lists, 1);
  EXPECT_EQ(passes_, 0);
  server_->Set("a");
  ASSERT_TRUE(WaitFor([&] { return passes_ == 1; }));
  EXPECT_EQ(server_->counts().lists, 2);
  EXPECT_EQ(seen_at_start_, 1u);
  Join();
}

TEST_F(ManagerTest, EndsWithAnErrorWhenTheLeaseIsLost) {
  Make();
  Start();
  ASSERT_TRUE(WaitFor([&] { return server_->counts().lists == 2; }));
  leases_.SetDown(true);
  thread_.join();
  ASSERT_FALSE(ended_.ok());
  EXPECT_EQ(ended_.error().reason, "LeaseLost");
}

TEST_F(ManagerTest, NeedsNoLeaseWithoutElection) {
  ManagerOptions options;
  options.leader_elect = false;
  Make(options);
  server_->Set("a");
  Start();
  ASSERT_TRUE(WaitFor([&] { return passes_ == 1; }));
  EXPECT_EQ(leases_.writes(), 0);
  EXPECT_EQ(server_->counts().lists, 1);
  Join();
  EXPECT_TRUE(ended_.ok());
}

TEST_F(ManagerTest, IsReadyWhenItsCachesAreComplete) {
  Make();
  server_->Install(false);
  Start();
  ASSERT_TRUE(WaitFor([&] { return server_->counts().lists >= 2; }));
  EXPECT_EQ(listeners_.Ask(":8081", "/healthz").status, 200);
  const auto waiting = listeners_.Ask(":8081", "/readyz");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_THAT(waiting.body, HasSubstr("pods"));
  server_->Install(true);
  ASSERT_TRUE(WaitFor([&] { return listeners_.Ask(":8081", "/readyz").status == 200; }));
  EXPECT_EQ(listeners_.Ask(":8081", "/nothing").status, 404);
  Join();
  EXPECT_EQ(listeners_.Ask(":8081", "/readyz").status, 0) << "closed";
}

TEST_F(ManagerTest, IsNotReadyWhileACacheIsNotLiveAndSaysWhy) {
  Make();
  Start();
  ASSERT_TRUE(WaitFor([&] { return listeners_.Ask(":8081", "/readyz").status == 200; }));
  server_->AnswerWatches(
      {403, {}, R"({"kind":"Status","reason":"Forbidden","message":"pods is forbidden"})", false});
  server_->CutAll();
  ASSERT_TRUE(WaitFor([&] { return listeners_.Ask(":8081", "/readyz").status == 503; }));
  EXPECT_EQ(listeners_.Ask(":8081", "/readyz").body, "pods: pods is forbidden\n");
  EXPECT_EQ(listeners_.Ask(":8081", "/healthz").status, 200) << "a restart would not help";
  EXPECT_THAT(listeners_.Ask(":8080", "/metrics").body,
              HasSubstr("cache_live{resource=\"pods\"} 0"));
  server_->AnswerWatches({});
  ASSERT_TRUE(WaitFor([&] { return listeners_.Ask(":8081", "/readyz").status == 200; }));
  Join();
}

TEST_F(ManagerTest, AResourceThatNobodyMayListHoldsUpOnlyWhoNeedsIt) {
  for (const bool optional : {true, false}) {
    Make();
    ObjectStore& nodes = WatchNodes(optional);
    server_->AnswerLists({403, {}, "", false, "/nodes"});
    server_->Set("a");
    passes_ = 0;
    Start();
    if (optional) {
      ASSERT_TRUE(WaitFor([&] { return passes_ == 1; }));
    } else {
      std::this_thread::sleep_for(milliseconds(200));
      EXPECT_EQ(passes_, 0);
    }
    EXPECT_FALSE(nodes.live());
    EXPECT_EQ(listeners_.Ask(":8081", "/readyz").body, "nodes: HTTP 403: \n");
    server_->AnswerLists({});
    ASSERT_TRUE(WaitFor([&] { return nodes.live() && passes_ == 1; }));
    Join();
  }
}

TEST_F(ManagerTest, IsReadyAndStartsWithoutAResourceThatNeedNotBeThere) {
  Make();
  WatchSpec spec{kube::kNodes, kube::MetadataDecoder({}), "", "", true};
  spec.may_be_absent = true;
  const ObjectStore& nodes = manager_->Watch(spec);
  server_->AnswerLists({404, {{"Audit-Id", "b1a4e0a6"}}, "404 page not found\n", false, "/nodes"});
  server_->Set("a");
  Start();
  ASSERT_TRUE(WaitFor([&] { return passes_ == 1 && nodes.live(); }));
  EXPECT_EQ(nodes.size(), 0u);
  EXPECT_EQ(listeners_.Ask(":8081", "/readyz").status, 200);
  Join();
}

TEST_F(ManagerTest, ShowsTheCustomaryMetrics) {
  Make();
  server_->Set("a");
  Start();
  ASSERT_TRUE(WaitFor([&] { return passes_ == 1; }));
  const std::string text = listeners_.Ask(":8080", "/metrics").body;
  for (const char* series :
       {"controller_runtime_reconcile_total{controller=\"test\",result=\"success\"}",
        "controller_runtime_max_concurrent_reconciles{controller=\"test\"} 2",
        "workqueue_adds_total{controller=\"test\",name=\"test\"} 1",
        "leader_election_master_status{name=\"disagg-operator\"} 1", "rest_client_requests_total{",
        "cache_objects{resource=\"pods\"} 1", "cache_live{resource=\"pods\"} 1",
        "cache_incomplete_objects{resource=\"pods\"} 0", "process_resident_memory_bytes "}) {
    EXPECT_THAT(text, HasSubstr(series));
  }
  Join();
}

TEST_F(ManagerTest, DoesNotStartWhenAListenerCannotOpen) {
  ManagerParts parts;
  parts.transport = std::make_unique<FakeWatchServer>(1);
  parts.lease_transport = std::make_unique<FakeWatchServer>(1);
  parts.listen = listeners_.Listen();
  ManagerOptions options;
  options.health_address = "taken:1";
  options.metrics_address = "0";
  const auto manager = Manager::Assemble(std::move(parts), clock_, options);
  const base::Status ended = manager->Run({});
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().reason, "InUse");
}

TEST_F(ManagerTest, MayBeStoppedWhileItWaits) {
  Make();
  leases_.SetDown(true);
  Start();
  ASSERT_TRUE(WaitFor([&] { return server_->counts().watches == 1; }));
  Join();
  EXPECT_TRUE(ended_.ok());
}

}  // namespace
}  // namespace runtime
