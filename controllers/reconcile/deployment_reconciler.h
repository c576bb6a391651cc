#pragma once

// One pass over one DisaggDeployment: Resolve, Plan, Execute, one status write, events. Holds
// nothing that a pass needs of the one before to be right; what it does hold (payloads, what has
// failed and since when, status times, the last pods of slots) saves requests, slows down what
// repeats itself and lets troubles be told. Thread-safe for different keys.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/slot_memory.h"
#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/accepted_pods.h"
#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/executor.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/lost_sweep.h"
#include "controllers/reconcile/node_readiness.h"
#include "controllers/reconcile/request_backoff.h"
#include "controllers/reconcile/revision_payloads.h"
#include "controllers/reconcile/status_teller.h"
#include "controllers/reconcile/troubles.h"
#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

// What a reconciler shares with the watches. All outlive it.
struct Knowledge {
  const Caches& caches;
  LostChildren& lost;
  LostSweep& sweep;
  const NodeReadiness& readiness;
  RequestBackoff& backoff;
};

class DeploymentReconciler {
 public:
  DeploymentReconciler(runtime::Manager& manager, const Knowledge& knowledge,
                       const base::Clock& clock, planning::Settings settings);

  runtime::ReconcileResult Reconcile(const kube::ObjectKey& key);

  // This process begins to lead: the first seconds, until the sweep has looked for lost pods, make
  // no pod.
  void BeginToLead();

 private:
  // What is remembered of an object between passes.
  struct Memory {
    std::string uid;
    std::optional<base::SteadyTime> stale_since;
    std::set<std::string> deleted;  // by the last pass on fresh caches and since; UIDs
    std::string inputs;             // what else the answers to requests depend on
    planning::SlotMemory slots;
  };
  // What one pass works on.
  struct Pass {
    planning::Snapshot snapshot;
    std::vector<LostChildren::Child> lost;
    planning::Plan plan;
    planning::Outcome outcome;
    std::vector<planning::Trouble> failures;
    std::optional<base::Error> news;  // a failure that was not told before
  };

  void NoteDeleted(const Pass& pass);
  runtime::ReconcileResult WaitForCaches(const api::DisaggDeployment& deployment,
                                         const std::string& behind);
  Pass Begin(std::shared_ptr<const api::DisaggDeployment> deployment);
  void MakePlan(Pass& pass);
  bool ReadPayloads(Pass& pass);
  void NoteChangedInputs(const planning::Snapshot& snapshot);
  bool MustKnowPodsFirst(const kube::ObjectKey& key, const planning::Plan& plan);
  void SettleTroubles(Pass& pass);
  runtime::ReconcileResult Next(const Pass& pass) const;
  // The memory of the object of this UID; a new one where another of its name was remembered.
  Memory& Remembered(const kube::ObjectMeta& meta) REQUIRES(mutex_);
  void Forget(const kube::ObjectKey& key);
  void ForgetUid(const std::string& uid);

  runtime::Manager& manager_;
  const Knowledge knowledge_;
  const base::Clock& clock_;
  const planning::Settings settings_;
  RevisionPayloads payloads_;
  AcceptedPods accepted_;
  Executor executor_;
  StatusTeller status_;
  RequestBackoff read_backoff_;  // of revisions
  Troubles troubles_;
  base::Mutex mutex_;
  base::SteadyTime leading_since_ GUARDED_BY(mutex_){};
  std::map<kube::ObjectKey, Memory> memory_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
