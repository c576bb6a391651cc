#pragma once

// Writes status.conditions[Accepted] of ServingModels.

#include "controllers/reconcile/caches.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

class ModelReconciler {
 public:
  ModelReconciler(runtime::Manager& manager, const Caches& caches)
      : manager_(manager), caches_(caches) {}

  runtime::ReconcileResult Reconcile(const kube::ObjectKey& key);

 private:
  runtime::Manager& manager_;
  const Caches& caches_;
};

}  // namespace disagg::reconcile
