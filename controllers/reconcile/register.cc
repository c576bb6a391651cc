#include "controllers/reconcile/register.h"

#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/child_kinds.h"
#include "controllers/reconcile/deployment_reconciler.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/lost_sweep.h"
#include "controllers/reconcile/model_reconciler.h"
#include "controllers/reconcile/node_readiness.h"
#include "controllers/reconcile/request_backoff.h"
#include "controllers/reconcile/server_time.h"
#include "controllers/reconcile/watches.h"

namespace disagg::reconcile {
namespace {

class RegisteredDomain : public Domain {
 public:
  RegisteredDomain(runtime::Manager& manager, const base::Clock& clock, const Options& options)
      : caches_(manager),
        lost_(manager.client(), clock, ChildDecoder),
        backoff_(clock),
        deployments_(manager.AddController(
            {"disaggdeployment", options.workers},
            [this](const kube::ObjectKey& key) { return deployment_reconciler_.Reconcile(key); })),
        models_(manager.AddController(
            {"servingmodel", 8},
            [this](const kube::ObjectKey& key) { return model_reconciler_.Reconcile(key); })),
        sweeps_(manager.AddController(
            {"lost-children", 1},
            [this](const kube::ObjectKey& key) { return sweep_.Sweep(key); })),
        sweep_(manager.client(), caches_, lost_,
               [this](const kube::ObjectKey& owner) { deployments_.queue().Add(owner); }),
        deployment_reconciler_(manager, {caches_, lost_, sweep_, readiness_, backoff_}, clock,
                               options.settings),
        model_reconciler_(manager, caches_) {
    WireWatches({caches_, lost_, readiness_, backoff_,
                 [&manager] { return NowOf(manager.server_clock()); }},
                deployments_, models_);
    manager.OnLeading([this] { BeginToLead(); });
  }

 private:
  void BeginToLead() {
    // What was suspected before was for another leader to look at; the sweep finds all.
    lost_.Clear();
    sweep_.Restart();
    deployment_reconciler_.BeginToLead();
    for (const Caches::Cache& child : caches_.children) {
      sweeps_.queue().Add({"", child.resource.ToString()});
    }
    for (const auto& deployment : caches_.deployments.All()) {
      deployments_.queue().Add(deployment->meta.key());
    }
    for (const auto& model : caches_.models.All()) models_.queue().Add(model->meta.key());
  }

  Caches caches_;
  LostChildren lost_;
  NodeReadiness readiness_;
  RequestBackoff backoff_;
  runtime::Controller& deployments_;
  runtime::Controller& models_;
  runtime::Controller& sweeps_;
  LostSweep sweep_;
  DeploymentReconciler deployment_reconciler_;
  ModelReconciler model_reconciler_;
};

}  // namespace

std::unique_ptr<Domain> Register(runtime::Manager& manager, const base::Clock& clock,
                                 const Options& options) {
  return std::make_unique<RegisteredDomain>(manager, clock, options);
}

}  // namespace disagg::reconcile
