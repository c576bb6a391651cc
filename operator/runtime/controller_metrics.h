#pragma once

// The series of one controller and its queue, under the names of controller-runtime and client-go,
// so that dashboards made for those work.

#include <string>

#include "operator/observability/metrics.h"
#include "operator/runtime/workqueue.h"

namespace runtime {

class ControllerMetrics {
 public:
  ControllerMetrics(observability::Metrics& metrics, const std::string& controller, int workers);

  const QueueMetrics& queue() const { return queue_; }
  // The gauges that are read, not counted.
  void Update(const QueueStats& stats) const;

  observability::Counter success, error, requeue, requeue_after;  // reconcile_total by result
  observability::Counter errors;
  observability::Counter panics;
  observability::Histogram reconcile_seconds;
  observability::Gauge active_workers;

 private:
  QueueMetrics queue_;
  observability::Gauge depth_;
  observability::Gauge unfinished_;
  observability::Gauge longest_running_;
};

}  // namespace runtime
