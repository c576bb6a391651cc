// The API server restarted, watches cut, told 410, history compacted, the lease lost: the operator
// converges all the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

// Returns the UID of the pod that was deleted.
std::string DeleteOnePod(const Deployment& deployment) {
  const json pod = deployment.Pods("prefill").at(0);
  TheApi().Delete(deployment.Collection("pods") + "/" + pod["metadata"]["name"].get<std::string>());
  return pod["metadata"]["uid"];
}

// Another pod has taken the place of the lost one.
void ExpectHealed(const Deployment& deployment, const std::string& lost,
                  std::chrono::seconds timeout) {
  EXPECT_TRUE(Eventually(deployment.name() + " has its pods again", timeout, [&] {
    const auto pods = deployment.Pods("prefill", false);
    const bool gone = std::none_of(pods.begin(), pods.end(),
                                   [&](const json& pod) { return pod["metadata"]["uid"] == lost; });
    return gone && pods.size() == 2 && deployment.Converged();
  }));
}

TEST(Outage, TheApiServerIsRestarted) {
  Operator op;
  Deployment deployment("restart");
  ASSERT_TRUE(deployment.WaitReady());
  ASSERT_EQ(ChartEnvironment::cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
  ASSERT_TRUE(Eventually("the API server answers", std::chrono::seconds(30), [] {
    return TheApi().Get("/readyz").status == 200 || TheApi().Get("/version").ok();
  }));
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
  EXPECT_TRUE(op.Running());
}

std::unique_ptr<FaultProxy> Proxy(const std::string& name) {
  return FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                           ChartEnvironment::cluster().dir() + "/proxy-" + name);
}

// Watches of a converged operator: one of each resource that it caches.
constexpr int kLeastWatches = 8;

TEST(Outage, EveryWatchIsCutInMidStream) {
  const auto proxy = Proxy("cut");
  Operator op(proxy->kubeconfig());
  Deployment deployment("cut");
  ASSERT_TRUE(deployment.WaitReady());
  for (int i = 0; i < 3; ++i) {
    const auto before = FaultProxy::Now();
    const int cut = proxy->CutWatches();
    ASSERT_GE(cut, kLeastWatches);
    const std::string lost = DeleteOnePod(deployment);
    ExpectHealed(deployment, lost, std::chrono::seconds(180));
    EXPECT_TRUE(Eventually("every watch is asked for again", std::chrono::seconds(60), [&] {
      return proxy->Count({{"kind", "watch"}, {"since", before}}) >= cut;
    }));
  }
}

TEST(Outage, EveryWatchIsToldThatItsVersionIsGone) {
  const auto proxy = Proxy("gone");
  Operator op(proxy->kubeconfig());
  Deployment deployment("gone");
  ASSERT_TRUE(deployment.WaitReady());
  proxy->ExpireWatches();
  const int cut = proxy->CutWatches();
  ASSERT_GE(cut, kLeastWatches);
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
  EXPECT_TRUE(Eventually("every resource is told once", std::chrono::seconds(60),
                         [&] { return proxy->Told() >= kLeastWatches; }));
}

// Stops every thread of a process while it lives.
class Stopped {
 public:
  explicit Stopped(Operator& op) : op_(op) {
    op_.Signal(SIGSTOP);
    Eventually("every thread has stopped", std::chrono::seconds(10), [&] {
      return ReadFile("/proc/" + std::to_string(op_.pid()) + "/stat").find(") T ") !=
             std::string::npos;
    });
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() { op_.Signal(SIGCONT); }

 private:
  Operator& op_;
};

// The process keeps its caches over the gap, and what it would resume from is no longer there.
TEST(Outage, HistoryIsCompactedWhileTheOperatorIsAway) {
  const auto proxy = Proxy("compact");
  Operator op(proxy->kubeconfig());
  Deployment deployment("compact");
  ASSERT_TRUE(deployment.WaitReady());
  std::string lost;
  std::int64_t back = 0;
  {
    const Stopped away(op);
    lost = DeleteOnePod(deployment);
    // The last event of a pod may be on its way to the operator: what follows it is history, too.
    TheApi().MergePatch("/api/v1/namespaces/" + deployment.namespace_name(),
                        {{"metadata", {{"annotations", {{"test.disagg.dev/later", "1"}}}}}});
    ASSERT_EQ(ChartEnvironment::cluster().Ctl({"compact"}).exit_code, 0);
    ASSERT_EQ(ChartEnvironment::cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
    back = FaultProxy::Now();
  }
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
  EXPECT_TRUE(op.Running());
  // What was on its way when the operator stopped may heal it before its watch is refused.
  EXPECT_TRUE(
      Eventually("pods are listed anew: the history is gone", std::chrono::seconds(60), [&] {
        return proxy->Count({{"kind", "read"}, {"path", "/pods$"}, {"since", back}}) >= 1;
      }));
}

TEST(Outage, ThrottlingAndServerErrorsAreWaitedOut) {
  const auto proxy = Proxy("busy");
  Operator op(proxy->kubeconfig());
  Deployment warm("warm");
  ASSERT_TRUE(warm.WaitReady());
  proxy->Inject("throttled", {{"count", 10}, {"status", 429}, {"headers", {{"Retry-After", "1"}}}});
  Deployment deployment("throttled");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(180)));
  EXPECT_EQ(proxy->Hits("throttled"), 10);
  proxy->Inject("unavailable", {{"count", 10}, {"status", 503}});
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
  EXPECT_EQ(proxy->Hits("unavailable"), 10);
}

// Each operator writes through a proxy of its own, whose journal says what it has sent.
TEST(Outage, OfTwoOperatorsOneWritesAndTheOtherTakesOver) {
  const std::vector<std::string> flags{"--leader-elect=true", "--leader-elect-namespace",
                                       "disagg-system"};
  const json writes{{"kind", "write"}};
  const auto first_proxy = Proxy("first"), second_proxy = Proxy("second");
  Operator first(first_proxy->kubeconfig(), flags);
  Deployment deployment("two");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(120)));
  Operator second(second_proxy->kubeconfig(), flags);
  ASSERT_TRUE(Eventually("the second looks at the lease", std::chrono::seconds(30), [&] {
    return second_proxy->Count({{"path", "/leases/"}}) > 0;
  }));
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
  EXPECT_GT(first_proxy->Count(writes), 0);
  EXPECT_EQ(second_proxy->Count(writes), 0);

  // A leader that is stopped for longer than its lease may not write when it comes back, although
  // it finds something to do.
  auto stopped = std::make_unique<Stopped>(first);
  const std::string second_loss = DeleteOnePod(deployment);
  ExpectHealed(deployment, second_loss, std::chrono::seconds(180));
  EXPECT_GT(second_proxy->Count(writes), 0);
  const std::int64_t back = FaultProxy::Now();
  stopped.reset();
  EXPECT_TRUE(first.WaitForEnd(std::chrono::seconds(30)))
      << "an operator that lost the lease must end";
  EXPECT_EQ(json(first_proxy->Requests({{"kind", "write"}, {"since", back}})), json::array());
}

}  // namespace
}  // namespace disagg::testing
