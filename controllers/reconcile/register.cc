#include "controllers/reconcile/register.h"

#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/deployment_reconciler.h"
#include "controllers/reconcile/model_reconciler.h"
#include "controllers/reconcile/watches.h"

namespace disagg::reconcile {
namespace {

class RegisteredDomain : public Domain {
 public:
  RegisteredDomain(runtime::Manager& manager, const base::Clock& clock, const Options& options)
      : caches_(manager),
        deployment_reconciler_(manager, caches_, clock, options.settings),
        model_reconciler_(manager, caches_, clock) {
    auto& deployments = manager.AddController(
        {"disaggdeployment", options.workers},
        [this](const kube::ObjectKey& key) { return deployment_reconciler_.Reconcile(key); });
    auto& models = manager.AddController({"servingmodel", 8}, [this](const kube::ObjectKey& key) {
      return model_reconciler_.Reconcile(key);
    });
    WireWatches(caches_, deployments, models);
    manager.OnLeading([this, &deployments, &models] {
      for (const auto& deployment : caches_.deployments.All()) {
        deployments.queue().Add(deployment->meta.key());
      }
      for (const auto& model : caches_.models.All()) models.queue().Add(model->meta.key());
    });
  }

 private:
  Caches caches_;
  DeploymentReconciler deployment_reconciler_;
  ModelReconciler model_reconciler_;
};

}  // namespace

std::unique_ptr<Domain> Register(runtime::Manager& manager, const base::Clock& clock,
                                 const Options& options) {
  return std::make_unique<RegisteredDomain>(manager, clock, options);
}

}  // namespace disagg::reconcile
