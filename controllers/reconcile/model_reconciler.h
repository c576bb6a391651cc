#pragma once

// Writes status.conditions[Accepted] of ServingModels.

#include "controllers/reconcile/caches.h"
#include "operator/base/clock.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

class ModelReconciler {
 public:
  ModelReconciler(runtime::Manager& manager, const Caches& caches, const base::Clock& clock)
      : manager_(manager), caches_(caches), clock_(clock) {}

  runtime::ReconcileResult Reconcile(const kube::ObjectKey& key);

 private:
  runtime::Manager& manager_;
  const Caches& caches_;
  const base::Clock& clock_;
};

}  // namespace disagg::reconcile
