#pragma once

// Which change wakes which object, and what is remembered of it.

#include <cstdint>
#include <functional>

#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/node_readiness.h"
#include "controllers/reconcile/request_backoff.h"
#include "operator/runtime/controller.h"

namespace disagg::reconcile {

// All outlive the controllers.
struct Watched {
  Caches& caches;
  LostChildren& lost;
  NodeReadiness& readiness;
  RequestBackoff& backoff;
  std::function<std::int64_t()> now;  // as Snapshot::now
};

void WireWatches(const Watched& watched, runtime::Controller& deployments,
                 runtime::Controller& models);

}  // namespace disagg::reconcile
