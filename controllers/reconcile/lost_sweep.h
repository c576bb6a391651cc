#pragma once

// Finds children of ours that have lost the label that our watches select by: lists the metadata of
// what has no such label, kind by kind, when this process begins to lead and every ten minutes, and
// suspects what a DisaggDeployment of the cache controls. Cheap in memory: page by page.

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/lost_children.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/controller.h"

namespace disagg::reconcile {

class LostSweep {
 public:
  using Wake = std::function<void(const kube::ObjectKey&)>;

  // All outlive the sweep. `wake` is called with each owner of which something was found.
  LostSweep(runtime::ApiClient& client, const Caches& caches, LostChildren& lost, Wake wake)
      : client_(client), caches_(caches), lost_(lost), wake_(std::move(wake)) {}

  // One kind of child, named by Resource::ToString().
  runtime::ReconcileResult Sweep(const kube::ObjectKey& resource);

  // Whether all pods were listed since Restart: before, a slot without a pod may have one. If not,
  // `asker` is woken when they were.
  bool KnowsPods(const kube::ObjectKey& asker);
  void Restart();

 private:
  base::Status SweepAll(const kube::Resource& resource);
  void PodsAreKnown();
  void Suspect(const kube::Resource& resource, const kube::ObjectMeta& meta);

  runtime::ApiClient& client_;
  const Caches& caches_;
  LostChildren& lost_;
  const Wake wake_;
  base::Mutex mutex_;
  bool knows_pods_ GUARDED_BY(mutex_) = false;
  std::set<kube::ObjectKey> askers_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
