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
// retry_after). `requeue_after` is a fixed delay that resets the back-off; of less than a second,
// which asks for another pass rather than for a later one, it does not, and a row of those is
// slowed down as failures are; together with `retry` it is what the failure waits for. `retry` wins
// over `stale`, `stale` over `requeue_after`.
struct ReconcileResult {
  std::optional<base::Error> retry;
  std::optional<std::chrono::milliseconds> requeue_after;
  // The caches lag behind our own writes: not a failure, tried again within half a second.
  bool stale = false;
};

using Reconcile = std::function<ReconcileResult(const kube::ObjectKey&)>;

struct ControllerOptions {
  std::string name;  // metric label `controller`
  int workers = 16;  // half of them are kept free of keys whose passes take long
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
  // One pass over the next key that is due, in the calling thread; false: none is due. For whoever
  // drives the controller by a clock of his own instead of Start.
  bool Step();
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
