// The API server restarted, watches cut, told 410, history compacted, the lease lost: the operator
// converges all the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>

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

TEST(Outage, EveryWatchIsCutInMidStream) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-cut");
  Operator op(proxy->kubeconfig());
  Deployment deployment("cut");
  ASSERT_TRUE(deployment.WaitReady());
  for (int i = 0; i < 3; ++i) {
    proxy->CutWatches();
    const std::string lost = DeleteOnePod(deployment);
    ExpectHealed(deployment, lost, std::chrono::seconds(180));
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
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
}

TEST(Outage, HistoryIsCompactedWhileTheOperatorIsAway) {
  Deployment deployment("compact");
  std::string lost;
  {
    Operator op;
    ASSERT_TRUE(deployment.WaitReady());
    op.Kill();
    op.WaitForEnd(std::chrono::seconds(5));
    lost = DeleteOnePod(deployment);
    ASSERT_EQ(ChartEnvironment::cluster().Ctl({"compact"}).exit_code, 0);
    ASSERT_EQ(ChartEnvironment::cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
  }
  Operator op;
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
}

TEST(Outage, ThrottlingAndServerErrorsAreWaitedOut) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-busy");
  Operator op(proxy->kubeconfig());
  Deployment warm("warm");
  ASSERT_TRUE(warm.WaitReady());
  proxy->Fail(10, 429, 1);
  Deployment deployment("throttled");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(180)));
  proxy->Fail(10, 503);
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
}

// Whether an operator made a pod, by its log. A write that the fence held back is logged too, and
// says so.
bool Wrote(const std::string& log) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" create ") != std::string::npos && line.find("not sent") == std::string::npos)
      return true;
  }
  return false;
}

TEST(Outage, OfTwoOperatorsOneWritesAndTheOtherTakesOver) {
  const std::vector<std::string> flags{"--leader-elect=true", "--leader-elect-namespace",
                                       "disagg-system"};
  Operator first(ChartEnvironment::operator_kubeconfig(), flags);
  Deployment deployment("two");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(120)));
  Operator second(ChartEnvironment::operator_kubeconfig(), flags);
  const std::string lost = DeleteOnePod(deployment);
  ExpectHealed(deployment, lost, std::chrono::seconds(180));
  EXPECT_TRUE(Wrote(first.Log()));
  EXPECT_FALSE(Wrote(second.Log())) << second.Log();

  // A leader that is stopped for longer than its lease may not write when it comes back.
  kill(first.pid(), SIGSTOP);
  ASSERT_TRUE(Eventually("every thread of it has stopped", std::chrono::seconds(10), [&] {
    return ReadFile("/proc/" + std::to_string(first.pid()) + "/stat").find(") T ") !=
           std::string::npos;
  }));
  const std::string second_loss = DeleteOnePod(deployment);
  ExpectHealed(deployment, second_loss, std::chrono::seconds(180));
  EXPECT_TRUE(Wrote(second.Log()));
  const std::size_t written = first.Log().size();
  kill(first.pid(), SIGCONT);
  EXPECT_TRUE(first.WaitForEnd(std::chrono::seconds(30)))
      << "an operator that lost the lease must end";
  EXPECT_FALSE(Wrote(first.Log().substr(written))) << first.Log().substr(written);
}

}  // namespace
}  // namespace disagg::testing
