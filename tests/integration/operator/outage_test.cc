// The API server restarted, watches cut, told 410, history compacted, the lease lost: the operator
// converges all the same.

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

void DeleteOnePod(const Deployment& deployment) {
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("prefill")[0]);
}

void ExpectHealed(const Deployment& deployment, std::chrono::seconds timeout) {
  EXPECT_TRUE(Eventually(deployment.name() + " has its pods again", timeout, [&] {
    return deployment.Pods("prefill", false).size() == 2 && deployment.Converged();
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
  DeleteOnePod(deployment);
  ExpectHealed(deployment, std::chrono::seconds(120));
  EXPECT_TRUE(op.Running());
}

TEST(Outage, EveryWatchIsCutInMidStream) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-cut");
  Operator op(proxy->kubeconfig());
  Deployment deployment("cut");
  ASSERT_TRUE(deployment.WaitReady());
  for (int i = 0; i < 3; ++i) {
    proxy->CutWatches();
    DeleteOnePod(deployment);
    ExpectHealed(deployment, std::chrono::seconds(60));
  }
}

TEST(Outage, EveryWatchIsToldThatItsVersionIsGone) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-gone");
  Operator op(proxy->kubeconfig());
  Deployment deployment("gone");
  ASSERT_TRUE(deployment.WaitReady());
  proxy->ExpireWatches();
  proxy->CutWatches();
  DeleteOnePod(deployment);
  ExpectHealed(deployment, std::chrono::seconds(60));
}

TEST(Outage, HistoryIsCompactedWhileTheOperatorIsAway) {
  Deployment deployment("compact");
  {
    Operator op;
    ASSERT_TRUE(deployment.WaitReady());
    op.Kill();
    op.WaitForEnd(std::chrono::seconds(5));
    DeleteOnePod(deployment);
    ASSERT_EQ(ChartEnvironment::cluster().Ctl({"compact"}).exit_code, 0);
    ASSERT_EQ(ChartEnvironment::cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
  }
  Operator op;
  ExpectHealed(deployment, std::chrono::seconds(120));
}

TEST(Outage, ThrottlingAndServerErrorsAreWaitedOut) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-busy");
  Operator op(proxy->kubeconfig());
  Deployment warm("warm");
  ASSERT_TRUE(warm.WaitReady());
  proxy->Fail(10, 429, 1);
  Deployment deployment("throttled");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(90)));
  proxy->Fail(10, 503);
  DeleteOnePod(deployment);
  ExpectHealed(deployment, std::chrono::seconds(90));
}

// The pods that each of two operators made: their logs say "create".
bool Wrote(const Operator& op) {
  return op.Log().find(": create ") != std::string::npos ||
         op.Log().find(" create ") != std::string::npos;
}

TEST(Outage, OfTwoOperatorsOneWritesAndTheOtherTakesOver) {
  const std::vector<std::string> flags{"--leader-elect=true", "--leader-elect-namespace",
                                       "disagg-system"};
  Operator first(ChartEnvironment::operator_kubeconfig(), flags);
  Deployment deployment("two");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(60)));
  Operator second(ChartEnvironment::operator_kubeconfig(), flags);
  DeleteOnePod(deployment);
  ExpectHealed(deployment, std::chrono::seconds(60));
  EXPECT_TRUE(Wrote(first));
  EXPECT_FALSE(Wrote(second)) << second.Log();

  // A leader that is stopped for longer than its lease may not write when it comes back.
  kill(first.pid(), SIGSTOP);
  ASSERT_TRUE(Eventually("every thread of it has stopped", std::chrono::seconds(10), [&] {
    return ReadFile("/proc/" + std::to_string(first.pid()) + "/stat").find(") T ") !=
           std::string::npos;
  }));
  DeleteOnePod(deployment);
  ExpectHealed(deployment, std::chrono::seconds(90));
  EXPECT_TRUE(Wrote(second));
  const std::size_t written = first.Log().size();
  kill(first.pid(), SIGCONT);
  EXPECT_TRUE(first.WaitForEnd(std::chrono::seconds(30)))
      << "an operator that lost the lease must end";
  EXPECT_EQ(first.Log().substr(written).find(" create "), std::string::npos)
      << first.Log().substr(written);
}

}  // namespace
}  // namespace disagg::testing
