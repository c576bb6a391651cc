#include "controllers/reconcile/status_teller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/reconcile/small_cluster.h"

namespace disagg::reconcile {
namespace {

using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

bool IsStatus(const transport::Request& request) {
  return request.target.find("/status") != std::string::npos;
}

int CountOf(const std::string& words, const std::string& text) {
  int count = 0;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
  return count;
}

// What is logged in five minutes in which something wakes the deployment every second.
std::string LogOf(SmallCluster& cluster) {
  CaptureStderr();
  cluster.Play(std::chrono::minutes(5), std::chrono::seconds(1));
  return GetCapturedStderr();
}

TEST(StatusTeller, LogsAFailureOnceWhileItLasts) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(std::chrono::seconds(10));
  cluster.Break([](const transport::Request& request) -> std::optional<SmallCluster::Answer> {
    if (!IsStatus(request)) return std::nullopt;
    return runtime::Refusal(500, "InternalError", "etcdserver: no leader");
  });
  EXPECT_EQ(CountOf("cannot write the status", LogOf(cluster)), 1);
  cluster.Break({});
  const std::string healed = LogOf(cluster);
  EXPECT_EQ(CountOf("cannot write the status", healed), 0);
  EXPECT_EQ(CountOf("SchedulerSilent", healed), 3) << "of each role, with the status that tells it";
}

// What somebody does to the pods of a deployment that has told of all of them, and when the status
// tells that.
TEST(StatusTeller, LetsCountsWaitForNewsButNoNews) {
  struct Case {
    const char* sentence;
    nlohmann::json patch;  // of all pods
    int told_after;        // milliseconds
  };
  const auto ready = nlohmann::json::parse(
      R"({"phase": "Running", "conditions": [{"type": "PodScheduled", "status": "True"},
                                             {"type": "Ready", "status": "True"}]})");
  const auto bound =
      nlohmann::json::parse(R"({"conditions": [{"type": "PodScheduled", "status": "True"}]})");
  for (const Case& c : {Case{"that they have a node waits", {{"status", bound}}, 3000},
                        Case{"that the deployment serves does not", {{"status", ready}}, 0}}) {
    SmallCluster cluster;
    cluster.Lead();
    cluster.Play(std::chrono::seconds(10));
    const nlohmann::json before = cluster.status();
    for (const std::string& pod : cluster.Pods()) cluster.Patch(pod, c.patch);
    int passed = 0;
    while (cluster.status() == before && passed < 10'000) {
      cluster.Play(std::chrono::milliseconds(100));
      passed += 100;
    }
    EXPECT_GE(passed, c.told_after) << c.sentence;
    EXPECT_LE(passed, c.told_after + 1000) << c.sentence;
  }
}

// Somebody answers in place of the API server, or undoes it each time.
TEST(StatusTeller, TellsEventsOnceOfAStatusThatDoesNotLast) {
  SmallCluster cluster;
  cluster.Lead();
  cluster.Play(std::chrono::seconds(10));
  cluster.Break([](const transport::Request& request) -> std::optional<SmallCluster::Answer> {
    if (!IsStatus(request)) return std::nullopt;
    return runtime::Json(200, R"({"metadata":{"uid":"u","resourceVersion":"1"}})");
  });
  EXPECT_EQ(CountOf("SchedulerSilent", LogOf(cluster)), 3) << "of each role";
  cluster.Break({});
  EXPECT_LE(CountOf("SchedulerSilent", LogOf(cluster)), 0);
}

}  // namespace
}  // namespace disagg::reconcile
