#pragma once

// Workers that take keys from a queue and call one reconcile function. Knows nothing of what is
// reconciled.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/object.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/workqueue.h"

namespace runtime {

// What a pass asks for next. `retry` takes the key's back-off (and honours the error's
// retry_after), `requeue_after` a fixed delay that resets the back-off; both together are a failure
// with a back-off of the reconciler's own. `retry` wins over `stale`, `stale` over `requeue_after`.
struct ReconcileResult {
  std::optional<base::Error> retry;
  std::optional<std::chrono::milliseconds> requeue_after;
  // The caches lag behind our own writes: not a failure, tried again soon.
  bool stale = false;
};

using Reconcile = std::function<ReconcileResult(const kube::ObjectKey&)>;

struct ControllerOptions {
  std::string name;  // metric label `controller`
  int workers = 16;
  QueueBackoff backoff = {};
};

class Controller {
 public:
  // `clock` and `metrics` outlive the controller.
  Controller(ControllerOptions options, const base::Clock& clock, observability::Metrics& metrics,
             Reconcile reconcile);
  ~Controller();  // Stop

  WorkQueue& queue();
  const std::string& name() const;
  // Starts the workers; an exception of a pass is counted, logged and retried, never fatal.
  void Start();
  // No pass begins any more; those under way go on.
  void RequestStop();
  // Waits for passes under way.
  void Stop();
  // Brings the gauges up to date, before each exposition.
  void UpdateMetrics();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
