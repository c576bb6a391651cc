#include "operator/runtime/controller.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "operator/base/system_clock.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Runs one controller and records its passes.
class ControllerTest : public ::testing::Test {
 protected:
  void Start(int workers,
             std::function<ReconcileResult(const kube::ObjectKey&, int pass)> reconcile) {
    controller_ = std::make_unique<Controller>(
        ControllerOptions{"test", workers, {.base = milliseconds(5), .max = milliseconds(20)}},
        clock_, metrics_, [this, reconcile](const kube::ObjectKey& key) {
          int pass = 0;
          {
            std::lock_guard lock(mutex_);
            pass = ++passes_[key];
            times_.push_back(std::chrono::steady_clock::now());
          }
          changed_.notify_all();
          return reconcile(key, pass);
        });
    controller_->Start();
  }

  bool WaitForPasses(const kube::ObjectKey& key, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(10), [&] { return passes_[key] >= count; });
  }

  double Count(const std::string& name, const std::string& result = "") {
    observability::Labels labels{{"controller", "test"}};
    if (!result.empty()) labels["result"] = result;
    return metrics_.GetCounter(name, Help(name), labels).value();
  }

  // A family is found by its name and help.
  static std::string Help(const std::string& name) {
    if (name == "controller_runtime_reconcile_total") return "Passes by their result";
    return name == "controller_runtime_reconcile_errors_total" ? "Passes that failed"
                                                               : "Passes that threw";
  }

  const kube::ObjectKey key_{"ns", "a"};
  const base::SystemClock clock_;
  observability::Metrics metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<kube::ObjectKey, int> passes_;
  std::vector<std::chrono::steady_clock::time_point> times_;
  std::unique_ptr<Controller> controller_;
};

TEST_F(ControllerTest, APassThatIsContentIsNotRepeated) {
  Start(2, [](const kube::ObjectKey&, int) { return ReconcileResult{}; });
  controller_->queue().Add(key_);
  ASSERT_TRUE(WaitForPasses(key_, 1));
  controller_->Stop();
  EXPECT_EQ(passes_[key_], 1);
  EXPECT_EQ(Count("controller_runtime_reconcile_total", "success"), 1);
}

TEST_F(ControllerTest, AnErrorIsRetriedWithBackoff) {
  Start(1, [](const kube::ObjectKey&, int pass) {
    ReconcileResult result;
    if (pass <= 3) result.retry = base::MakeError(base::ErrorCode::kUnavailable, "Down", "down");
    return result;
  });
  controller_->queue().Add(key_);
  ASSERT_TRUE(WaitForPasses(key_, 4));
  controller_->Stop();
  EXPECT_EQ(Count("controller_runtime_reconcile_total", "error"), 3);
  EXPECT_EQ(Count("controller_runtime_reconcile_errors_total"), 3);
  EXPECT_EQ(controller_->queue().stats().retries_total, 3u);
}

TEST_F(ControllerTest, ARetryHonoursWhatTheServerAsksFor) {
  Start(1, [](const kube::ObjectKey&, int pass) {
    ReconcileResult result;
    if (pass > 1) return result;
    result.retry = base::MakeError(base::ErrorCode::kTooManyRequests, "Busy", "busy");
    result.retry->retry_after = seconds(1);
    return result;
  });
  controller_->queue().Add(key_);
  ASSERT_TRUE(WaitForPasses(key_, 2));
  controller_->Stop();
  EXPECT_GE(times_[1] - times_[0], seconds(1));
}

TEST_F(ControllerTest, AnExceptionIsCountedAndRetriedAndHarmsNobodyElse) {
  Start(1, [](const kube::ObjectKey& key, int pass) -> ReconcileResult {
    if (key.name == "a" && pass == 1) throw std::runtime_error("boom");
    if (key.name == "a" && pass == 2) throw 42;
    return {};
  });
  controller_->queue().Add(key_);
  controller_->queue().Add({"ns", "b"});
  ASSERT_TRUE(WaitForPasses(key_, 3));
  ASSERT_TRUE(WaitForPasses({"ns", "b"}, 1));
  controller_->Stop();
  EXPECT_EQ(Count("controller_runtime_reconcile_panics_total"), 2);
}

TEST_F(ControllerTest, AStalePassIsTriedAgainSoon) {
  Start(1, [](const kube::ObjectKey&, int pass) {
    ReconcileResult result;
    result.stale = pass == 1;
    return result;
  });
  controller_->queue().Add(key_);
  ASSERT_TRUE(WaitForPasses(key_, 2));
  controller_->Stop();
  EXPECT_GE(times_[1] - times_[0], milliseconds(20));
  EXPECT_EQ(Count("controller_runtime_reconcile_total", "requeue"), 1);
  EXPECT_EQ(Count("controller_runtime_reconcile_errors_total"), 0);
}

TEST_F(ControllerTest, ARowOfPassesThatAskForTheNextAtOnceIsSlowedDown) {
  Start(1, [](const kube::ObjectKey&, int) {
    ReconcileResult result;
    result.requeue_after = milliseconds(0);
    return result;
  });
  controller_->queue().Add(key_);
  ASSERT_TRUE(WaitForPasses(key_, 2));
  std::this_thread::sleep_for(milliseconds(200));
  controller_->Stop();
  EXPECT_LE(passes_[key_], 20) << "at least 16 ms between two of them";
}

TEST_F(ControllerTest, ARequeueComesAfterItsDelay) {
  Start(1, [](const kube::ObjectKey&, int pass) {
    ReconcileResult result;
    if (pass == 1) result.requeue_after = milliseconds(60);
    return result;
  });
  controller_->queue().Add(key_);
  ASSERT_TRUE(WaitForPasses(key_, 2));
  controller_->Stop();
  EXPECT_GE(times_[1] - times_[0], milliseconds(60));
  EXPECT_EQ(Count("controller_runtime_reconcile_total", "requeue_after"), 1);
}

TEST_F(ControllerTest, StopWaitsForThePassUnderWayAndBeginsNoOther) {
  std::atomic<bool> finished{false};
  Start(1, [&](const kube::ObjectKey&, int) {
    std::this_thread::sleep_for(milliseconds(50));
    finished = true;
    return ReconcileResult{};
  });
  controller_->queue().Add(key_);
  controller_->queue().Add({"ns", "later"});
  ASSERT_TRUE(WaitForPasses(key_, 1));
  controller_->Stop();
  EXPECT_TRUE(finished);
  EXPECT_EQ((passes_[{"ns", "later"}]), 0);
}

TEST(Controller, StepsByTheClockOfWhoeverDrivesIt) {
  base::ManualClock clock{base::SystemTime{}};
  observability::Metrics metrics;
  int passes = 0;
  Controller controller({.name = "test"}, clock, metrics, [&](const kube::ObjectKey&) {
    ++passes;
    ReconcileResult result;
    result.requeue_after = seconds(10);
    return result;
  });
  EXPECT_FALSE(controller.Step()) << "nothing was added";
  controller.queue().Add({"ns", "a"});
  EXPECT_TRUE(controller.Step());
  EXPECT_FALSE(controller.Step());
  clock.Advance(seconds(10));
  EXPECT_TRUE(controller.Step());
  EXPECT_EQ(passes, 2);
}

}  // namespace
}  // namespace runtime
