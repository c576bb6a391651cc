#include "controllers/reconcile/model_reconciler.h"

#include "controllers/planning/model_planner.h"
#include "controllers/reconcile/server_time.h"
#include "controllers/reconcile/status_writer.h"

namespace disagg::reconcile {

runtime::ReconcileResult ModelReconciler::Reconcile(const kube::ObjectKey& key) {
  const auto cached = caches_.models.Get(key);
  if (cached == nullptr) return {};
  std::string behind;
  if (!manager_.freshness().IsFresh(cached->meta.uid, &behind)) {
    return {std::nullopt, std::nullopt, true};
  }
  const auto model = caches_.models.Get(key);
  if (model == nullptr || model->meta.deleting()) return {};
  api::Catalogue catalogue;
  catalogue.models = caches_.models.All();
  const auto plan = planning::PlanModelStatus(catalogue, *model, NowOf(manager_.server_clock()));
  if (!plan.changed) return {};
  const auto written = ApplyStatus(manager_, api::kServingModels, model->meta, plan.status);
  if (!written) return {written.error(), std::nullopt, false};
  return {};
}

}  // namespace disagg::reconcile
