// Managers that elect a leader on a real Lease.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "operator/runtime/manager.h"
#include "tests/integration/runtime/cluster_fixture.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A process of the operator with one cache and one controller.
class Member {
 public:
  Member(const std::string& kubeconfig, const base::Clock& clock, const std::string& lease,
         const std::string& identity) {
    ManagerOptions options;
    options.lease_name = lease;
    options.identity = identity;
    options.lease.duration = seconds(5);
    options.lease.renew_deadline = seconds(3);
    options.lease.retry_period = milliseconds(300);
    options.lease.write_margin = seconds(2);
    auto manager = Manager::Create(ConfigOf(kubeconfig), clock, options);
    EXPECT_TRUE(manager.ok()) << manager.error().message;
    manager_ = std::move(*manager);
    manager_->Watch({kConfigMaps, kube::MetadataDecoder({}), "", "default", true});
    manager_->AddController({"test", 1, {}},
                            [](const kube::ObjectKey&) { return ReconcileResult(); });
    manager_->OnLeading([this] { leading = true; });
    thread_ = std::jthread([this](std::stop_token stop) {
      ended_ = manager_->Run(stop);
      running = false;
    });
  }
  base::Status Stop() {
    thread_.request_stop();
    thread_.join();
    return ended_;
  }
  base::Status Join() {
    thread_.join();
    return ended_;
  }

  std::atomic<bool> leading{false};
  std::atomic<bool> running{true};

 private:
  std::unique_ptr<Manager> manager_;
  base::Status ended_;
  std::jthread thread_;
};

class LeaderClusterTest : public ClusterTest {
 protected:
  std::unique_ptr<Member> Join(const std::string& lease, const std::string& identity) {
    return std::make_unique<Member>(cluster().kubeconfig(), clock_, lease, identity);
  }
};

TEST_F(LeaderClusterTest, OneLeadsAndTheOtherTakesOverWhenItStops) {
  auto first = Join("takeover", "first");
  ASSERT_TRUE(WaitFor([&] { return first->leading.load(); }));
  auto second = Join("takeover", "second");
  std::this_thread::sleep_for(seconds(2));
  EXPECT_FALSE(second->leading);
  EXPECT_TRUE(first->Stop().ok());
  const auto stopped = std::chrono::steady_clock::now();
  ASSERT_TRUE(WaitFor([&] { return second->leading.load(); }));
  const std::chrono::duration<double> gap = std::chrono::steady_clock::now() - stopped;
  EXPECT_LT(gap, seconds(3)) << "a released lease need not run out";
  RecordProperty("takeover_seconds", std::to_string(gap.count()));
  EXPECT_TRUE(second->Stop().ok());
}

TEST_F(LeaderClusterTest, ALeaderWhoseLeaseIsTakenEndsWithAnError) {
  auto member = Join("stolen", "first");
  ASSERT_TRUE(WaitFor([&] { return member->leading.load(); }));
  ASSERT_EQ(cluster()
                .Kubectl({"patch", "lease", "stolen", "-n", "default", "--type=merge", "-p",
                          R"({"spec":{"holderIdentity":"thief"}})"})
                .exit_code,
            0);
  ASSERT_TRUE(WaitFor([&] { return !member->running; }));
  const base::Status ended = member->Join();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().reason, "LeaseLost");
}

TEST_F(LeaderClusterTest, AnOutageLongerThanTheDeadlineEndsTheLeader) {
  auto member = Join("outage", "first");
  ASSERT_TRUE(WaitFor([&] { return member->leading.load(); }));
  ASSERT_EQ(cluster().Ctl({"stop", "kube-apiserver"}).exit_code, 0);
  const bool ended = WaitFor([&] { return !member->running; });
  EXPECT_EQ(cluster().Ctl({"start", "kube-apiserver"}).exit_code, 0);
  ASSERT_TRUE(ended);
  EXPECT_EQ(member->Join().error().reason, "LeaseLost");
  ASSERT_TRUE(WaitFor([&] { return client_->Get(kube::kNamespaces, {"", "default"}).ok(); }));
}

}  // namespace
}  // namespace runtime
