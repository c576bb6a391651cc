#pragma once

// One pass over one DisaggDeployment: Resolve, Plan, Execute, one status write, events. Holds
// nothing that a pass needs of the one before; what it does hold (payloads, status times, the last
// pods of slots) only saves work or slows down what repeats itself. Thread-safe for different keys.

#include <map>
#include <mutex>
#include <string>

#include "controllers/planning/plan.h"
#include "controllers/planning/slot_memory.h"
#include "controllers/planning/snapshot.h"
#include "controllers/planning/status_planner.h"
#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/executor.h"
#include "controllers/reconcile/revision_payloads.h"
#include "operator/base/clock.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

class DeploymentReconciler {
 public:
  DeploymentReconciler(runtime::Manager& manager, const Caches& caches, const base::Clock& clock,
                       planning::Settings settings);

  runtime::ReconcileResult Reconcile(const kube::ObjectKey& key);

 private:
  // What is remembered of an object between passes, only to be sparing.
  struct Memory {
    std::string uid;
    base::SteadyTime last_status_write{};
    bool wrote_status = false;
    planning::SlotMemory slots;
  };

  base::Result<planning::Plan> MakePlan(planning::Snapshot& snapshot);
  base::Status WriteStatus(const planning::Snapshot& snapshot, const nlohmann::json& status);
  // The memory of the object of this UID; a new one where another of its name was remembered. With
  // mutex_ held.
  Memory& Remembered(const kube::ObjectMeta& meta);
  bool TooSoon(const planning::Snapshot& snapshot, std::chrono::milliseconds* wait);
  runtime::ReconcileResult Next(const planning::Snapshot& snapshot, const planning::Plan& plan,
                                const planning::Outcome& outcome) const;
  void Log(const planning::Snapshot& snapshot, const planning::Plan& plan,
           const planning::Outcome& outcome) const;
  void Emit(const planning::Snapshot& snapshot, const std::vector<planning::Note>& notes);
  void Forget(const kube::ObjectKey& key);

  runtime::Manager& manager_;
  const Caches& caches_;
  const base::Clock& clock_;
  const planning::Settings settings_;
  Executor executor_;
  RevisionPayloads payloads_;
  std::mutex mutex_;
  std::map<kube::ObjectKey, Memory> memory_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
