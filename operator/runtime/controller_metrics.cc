#include "operator/runtime/controller_metrics.h"

#include <vector>

namespace runtime {
namespace {

using observability::Labels;

// As in controller-runtime: pkg/internal/controller/metrics/metrics.go.
const std::vector<double> kReconcileBounds = {
    0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
    0.7,   0.8,  0.9,   1,    1.25, 1.5,  1.75, 2,    2.5, 3,    3.5, 4,    4.5, 5,
    6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60};
// As in client-go: tenfold from 10 ns to 1,000 s.
const std::vector<double> kQueueBounds = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3,
                                          1e-2, 0.1,  1,    10,   100,  1000};

}  // namespace

ControllerMetrics::ControllerMetrics(observability::Metrics& metrics, const std::string& controller,
                                     int workers) {
  const Labels label{{"controller", controller}};
  const auto total = [&](const char* result) {
    return metrics.GetCounter("controller_runtime_reconcile_total", "Passes by their result",
                              {{"controller", controller}, {"result", result}});
  };
  success = total("success");
  error = total("error");
  requeue = total("requeue");
  requeue_after = total("requeue_after");
  errors =
      metrics.GetCounter("controller_runtime_reconcile_errors_total", "Passes that failed", label);
  panics =
      metrics.GetCounter("controller_runtime_reconcile_panics_total", "Passes that threw", label);
  reconcile_seconds = metrics.GetHistogram("controller_runtime_reconcile_time_seconds",
                                           "Duration of a pass", kReconcileBounds, label);
  active_workers =
      metrics.GetGauge("controller_runtime_active_workers", "Workers in a pass", label);
  metrics.GetGauge("controller_runtime_max_concurrent_reconciles", "Workers", label).Set(workers);

  const Labels queue{{"controller", controller}, {"name", controller}};
  queue_.adds = metrics.GetCounter("workqueue_adds_total", "Keys added", queue);
  queue_.retries = metrics.GetCounter("workqueue_retries_total", "Keys added with back-off", queue);
  queue_.queue_seconds =
      metrics.GetHistogram("workqueue_queue_duration_seconds",
                           "How long a key waits before it is taken", kQueueBounds, queue);
  queue_.work_seconds = metrics.GetHistogram("workqueue_work_duration_seconds",
                                             "How long a key is worked on", kQueueBounds, queue);
  depth_ = metrics.GetGauge("workqueue_depth", "Keys that wait", queue);
  unfinished_ = metrics.GetGauge("workqueue_unfinished_work_seconds",
                                 "Sum of the ages of passes under way", queue);
  longest_running_ = metrics.GetGauge("workqueue_longest_running_processor_seconds",
                                      "Age of the oldest pass under way", queue);
}

void ControllerMetrics::Update(const QueueStats& stats) const {
  depth_.Set(static_cast<double>(stats.depth));
  unfinished_.Set(stats.unfinished_seconds);
  longest_running_.Set(stats.longest_running_seconds);
}

}  // namespace runtime
