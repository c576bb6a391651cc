#pragma once

// Workers that take keys from a queue and call one reconcile function. Knows nothing of what is reconciled.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/object.h"
#include "operator/runtime/workqueue.h"

namespace runtime {

// What a pass asks for next. `retry` takes the key's back-off (and honours the error's retry_after), `requeue_after` a
// fixed delay that resets the back-off.
struct ReconcileResult {
  std::optional<base::Error> retry;
  std::optional<std::chrono::milliseconds> requeue_after;
  // The caches lag behind our own writes: not a failure, tried again soon.
  bool stale = false;
};

using Reconcile = std::function<ReconcileResult(const kube::ObjectKey&)>;

struct ControllerOptions {
  std::string name;     // metric label `controller`
  int workers = 16;
};

class Controller {
 public:
  Controller(ControllerOptions options, const base::Clock& clock, Reconcile reconcile);
  ~Controller();  // Stop

  WorkQueue& queue();
  // Starts the workers; an exception of a pass is counted, logged and retried, never fatal.
  void Start();
  // Waits for passes under way.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
