#include "operator/runtime/controller.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "operator/observability/log.h"
#include "operator/runtime/controller_metrics.h"

namespace runtime {
namespace {

using observability::Level;

// A pass that asks for the next one sooner than this asks for a row of them, which is slowed down
// like a row of failures.
constexpr std::chrono::milliseconds kSoon{1'000};

// Half of the workers are for keys that are not slow.
SlowKeys SlowOf(int workers) {
  SlowKeys slow;
  slow.at_once = static_cast<std::size_t>(std::max(1, workers / 2));
  return slow;
}

}  // namespace

class Controller::Impl {
 public:
  Impl(ControllerOptions options, const base::Clock& clock, observability::Metrics& metrics,
       Reconcile reconcile)
      : options_(std::move(options)),
        clock_(clock),
        metrics_(metrics, options_.name, options_.workers),
        queue_(clock, options_.backoff, metrics_.queue(), SlowOf(options_.workers)),
        reconcile_(std::move(reconcile)) {}

  void Start() {
    for (int i = 0; i < options_.workers; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    }
  }

  bool Step() {
    const auto key = queue_.TryTake();
    if (key) Process(*key);
    return key.has_value();
  }

  void RequestStop() {
    queue_.Shutdown();
    for (std::jthread& worker : workers_) worker.request_stop();
  }

  void Stop() {
    RequestStop();
    workers_.clear();  // joins
  }

  void UpdateMetrics() { metrics_.Update(queue_.stats()); }
  WorkQueue& queue() { return queue_; }
  const std::string& name() const { return options_.name; }

 private:
  void Work(const std::stop_token& stop) {
    while (const auto key = queue_.Take(stop)) Process(*key);
  }

  void Process(const kube::ObjectKey& key) {
    const base::SteadyTime start = clock_.Steady();
    metrics_.active_workers.Add(1);
    const ReconcileResult result = Pass(key);
    metrics_.active_workers.Add(-1);
    metrics_.reconcile_seconds.Observe(
        std::chrono::duration<double>(clock_.Steady() - start).count());
    Settle(key, result);
    queue_.Done(key);
  }

  // The boundary that no exception crosses: a defect in one pass must not end the process for all
  // objects.
  ReconcileResult Pass(const kube::ObjectKey& key) {
    try {
      return reconcile_(key);
    } catch (const std::exception& e) {
      return Failed(e.what());
    } catch (...) {
      return Failed("not a std::exception");
    }
  }

  ReconcileResult Failed(const std::string& what) {
    metrics_.panics.Add();
    return {base::MakeError(base::ErrorCode::kInternal, "Exception", "a pass threw: " + what),
            std::nullopt, false};
  }

  void Settle(const kube::ObjectKey& key, const ReconcileResult& result) {
    if (result.retry) {
      metrics_.errors.Add();
      metrics_.error.Add();
      Tell(key, *result.retry);
      if (result.requeue_after && *result.requeue_after < kSoon) {
        queue_.AddRateLimited(key, *result.requeue_after, Again::kUnfinished);
      } else if (result.requeue_after) {
        queue_.AddAfter(key, *result.requeue_after);
      } else {
        queue_.AddRateLimited(key, result.retry->retry_after.value_or(std::chrono::seconds(0)));
      }
    } else if (result.stale) {
      metrics_.requeue.Add();
      queue_.AddRateLimited(key, {}, Again::kStale);
    } else if (result.requeue_after && *result.requeue_after < kSoon) {
      metrics_.requeue_after.Add();
      queue_.AddRateLimited(key, *result.requeue_after, Again::kUnfinished);
    } else {
      queue_.Forget(key);
      (result.requeue_after ? metrics_.requeue_after : metrics_.success).Add();
      if (result.requeue_after) queue_.AddAfter(key, *result.requeue_after);
    }
  }

  void Tell(const kube::ObjectKey& key, const base::Error& error) const {
    // A conflict or a full server passes; the retry tells if it does not.
    const Level level = error.retryable() ? Level::kInfo : Level::kWarn;
    observability::Log(
        level, "retried later: " + error.message,
        {{"controller", options_.name}, {"object", key.ToString()}, {"reason", error.reason}});
  }

  const ControllerOptions options_;
  const base::Clock& clock_;
  ControllerMetrics metrics_;
  WorkQueue queue_;
  const Reconcile reconcile_;
  std::vector<std::jthread> workers_;
};

Controller::Controller(ControllerOptions options, const base::Clock& clock,
                       observability::Metrics& metrics, Reconcile reconcile)
    : impl_(std::make_unique<Impl>(std::move(options), clock, metrics, std::move(reconcile))) {}

Controller::~Controller() { Stop(); }

WorkQueue& Controller::queue() { return impl_->queue(); }
const std::string& Controller::name() const { return impl_->name(); }
void Controller::Start() { impl_->Start(); }
bool Controller::Step() { return impl_->Step(); }
void Controller::RequestStop() { impl_->RequestStop(); }
void Controller::Stop() { impl_->Stop(); }
void Controller::UpdateMetrics() { impl_->UpdateMetrics(); }

}  // namespace runtime
