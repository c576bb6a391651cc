#pragma once

// Which change wakes which object.

#include "controllers/reconcile/caches.h"
#include "operator/runtime/controller.h"

namespace disagg::reconcile {

void WireWatches(Caches& caches, runtime::Controller& deployments, runtime::Controller& models);

}  // namespace disagg::reconcile
