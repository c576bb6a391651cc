#include "controllers/reconcile/status_teller.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "controllers/reconcile/pass_log.h"
#include "controllers/reconcile/requeue.h"
#include "controllers/reconcile/status_writer.h"
#include "controllers/reconcile/troubles.h"

namespace disagg::reconcile {
namespace {

using std::chrono::milliseconds;

// A status is written at most once a second; what changes in between is told by the next write.
constexpr milliseconds kStatusInterval{1000};
// So long counts may wait for the news that mostly follows: pods that were created are bound,
// started and ready, and the deployment is.
constexpr milliseconds kCountsWait{3000};

const RequestId kStatusId{"write status", ""};

}  // namespace

bool StatusTeller::TellFirst(const planning::Snapshot& snapshot, const planning::Plan& plan) {
  return Write(snapshot, planning::PlanStatus(snapshot, plan, {}).status).ok();
}

void StatusTeller::Tell(const planning::Snapshot& snapshot, const planning::Plan& plan,
                        const planning::Outcome& outcome, runtime::ReconcileResult& next) {
  const std::string& uid = snapshot.deployment->meta.uid;
  const planning::StatusPlan status = planning::PlanStatus(snapshot, plan, outcome);
  Emit(manager_.events(), snapshot, status.actions);
  if (status.wake_at) Sooner(next, Until(*status.wake_at, snapshot.now));
  if (!status.changed) {
    NewsOf(uid, {});
    return;
  }
  if (const milliseconds wait = UntilNextWrite(uid, status.news); wait > milliseconds(0)) {
    Sooner(next, wait);
    return;
  }
  if (Write(snapshot, status.status)) {
    Emit(manager_.events(), snapshot, NewsOf(uid, status.events));
  } else {
    Sooner(next, DueIn(uid));
  }
}

base::Status StatusTeller::Write(const planning::Snapshot& snapshot, const nlohmann::json& status) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  if (auto held = backoff_.Admit(meta.uid, kStatusId)) return *held;
  auto written = ApplyStatus(manager_, api::kDisaggDeployments, meta, status);
  if (!written) {
    backoff_.NoteFailure(meta.uid, kStatusId, written.error());
    LogFailure(snapshot, written.error());
    return written;
  }
  backoff_.NoteSuccess(meta.uid, kStatusId);
  base::MutexLock lock(mutex_);
  Memory& memory = memory_[meta.uid];
  memory.last_write = clock_.Steady();
  memory.untold_since.reset();
  memory.failure.clear();
  return {};
}

// It can be no trouble that the status tells: once it does, it is over.
void StatusTeller::LogFailure(const planning::Snapshot& snapshot, const base::Error& error) {
  {
    base::MutexLock lock(mutex_);
    std::string& failure = memory_[snapshot.deployment->meta.uid].failure;
    if (std::exchange(failure, error.message) == error.message) return;
  }
  LogTroubles(snapshot, {TroubleOf("write the status", error)});
}

milliseconds StatusTeller::UntilNextWrite(const std::string& uid, bool news) {
  const base::SteadyTime now = clock_.Steady();
  const auto left = [&](base::SteadyTime since, milliseconds wait) {
    return wait - std::chrono::floor<milliseconds>(now - since);
  };
  base::MutexLock lock(mutex_);
  Memory& memory = memory_[uid];
  milliseconds wait{0};
  if (memory.last_write) wait = left(*memory.last_write, kStatusInterval);
  if (news) return wait;
  if (!memory.untold_since) memory.untold_since = now;
  return std::max(wait, left(*memory.untold_since, kCountsWait));
}

std::vector<planning::Note> StatusTeller::NewsOf(const std::string& uid,
                                                 std::vector<planning::Note> notes) {
  base::MutexLock lock(mutex_);
  Memory& memory = memory_[uid];
  memory.untold_since.reset();
  const std::vector<planning::Note> told = std::exchange(memory.told, notes);
  std::erase_if(notes, [&](const planning::Note& note) {
    return std::find(told.begin(), told.end(), note) != told.end();
  });
  return notes;
}

void StatusTeller::Forget(const std::string& uid) {
  backoff_.Forget(uid);
  base::MutexLock lock(mutex_);
  memory_.erase(uid);
}

}  // namespace disagg::reconcile
