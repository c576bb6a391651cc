#pragma once

// Tells what a pass came to: the status, at most once a second and, where it only counts how far
// pods have come, within three, and then as events and in the log what it has changed. Remembers
// what it told, so that neither a status that cannot be written nor one that does not last is told
// of more than once while that goes on. Thread-safe for different objects.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"
#include "controllers/planning/status_planner.h"
#include "controllers/reconcile/request_backoff.h"
#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/runtime/controller.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

class StatusTeller {
 public:
  // Both outlive this.
  StatusTeller(runtime::Manager& manager, const base::Clock& clock)
      : manager_(manager), clock_(clock), backoff_(clock) {}

  // A pass over the object of this UID begins.
  void Begin(const std::string& uid) { backoff_.Begin(uid); }
  // The very first status, before any write. False: nothing tells of the object yet.
  bool TellFirst(const planning::Snapshot& snapshot, const planning::Plan& plan);
  // What to wait for is put into `next`.
  void Tell(const planning::Snapshot& snapshot, const planning::Plan& plan,
            const planning::Outcome& outcome, runtime::ReconcileResult& next);

  // How long until a write that has failed may be tried again.
  std::optional<std::chrono::milliseconds> DueIn(const std::string& uid) const {
    return backoff_.DueIn(uid);
  }
  void TryNow(const std::string& uid) { backoff_.TryNow(uid); }
  void Forget(const std::string& uid);

 private:
  struct Memory {
    std::optional<base::SteadyTime> last_write;
    std::optional<base::SteadyTime> untold_since;  // what is no news
    std::string failure;                           // of the last write, as it was logged
    std::vector<planning::Note> told;              // of a status that the cache does not show yet
  };

  base::Status Write(const planning::Snapshot& snapshot, const nlohmann::json& status);
  void LogFailure(const planning::Snapshot& snapshot, const base::Error& error);
  std::chrono::milliseconds UntilNextWrite(const std::string& uid, bool news);
  // Those of `notes` that were not told; these are told now.
  std::vector<planning::Note> NewsOf(const std::string& uid, std::vector<planning::Note> notes);

  runtime::Manager& manager_;
  const base::Clock& clock_;
  RequestBackoff backoff_;
  base::Mutex mutex_;
  std::map<std::string, Memory> memory_ GUARDED_BY(mutex_);  // by UID
};

}  // namespace disagg::reconcile
