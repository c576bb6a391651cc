#include "controllers/reconcile/deployment_reconciler.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "controllers/planning/deployment_planner.h"
#include "controllers/reconcile/resolver.h"
#include "controllers/reconcile/status_writer.h"
#include "controllers/render/objects.h"
#include "operator/observability/log.h"

namespace disagg::reconcile {
namespace {

using observability::Level;

// A status is written at most once a second; what changes in between is told by the next write.
constexpr std::chrono::milliseconds kStatusInterval{1000};
// Refusals are asked again: somebody may have raised the quota or changed the policy without
// touching our object.
constexpr std::chrono::milliseconds kRefusedRetry{60'000};
// A quota is freed by pods that end, of this deployment or another: GPUs wait for nobody's minute.
constexpr std::chrono::milliseconds kQuotaRetry{10'000};
constexpr std::size_t kPayloads = 256;
// Each round loads what the plan asked for; a plan asks for the accepted revision and for the
// target at most.
constexpr int kMostRounds = 4;

std::chrono::milliseconds Until(std::int64_t time, std::int64_t now) {
  return std::chrono::seconds(std::max<std::int64_t>(1, time - now));
}

bool MakesAnything(const planning::Plan& plan) { return !plan.writes.empty(); }

}  // namespace

DeploymentReconciler::DeploymentReconciler(runtime::Manager& manager, const Caches& caches,
                                           const base::Clock& clock, planning::Settings settings)
    : manager_(manager),
      caches_(caches),
      clock_(clock),
      settings_(settings),
      executor_(manager.client(), manager.freshness()),
      payloads_(manager.client(), kPayloads) {}

runtime::ReconcileResult DeploymentReconciler::Reconcile(const kube::ObjectKey& key) {
  auto deployment = caches_.deployments.Get(key);
  if (deployment == nullptr) {
    Forget(key);
    return {};
  }
  std::string behind;
  if (!manager_.freshness().IsFresh(deployment->meta.uid, &behind)) {
    return {std::nullopt, std::nullopt, true};
  }
  // Read again: the object may have moved while the caches caught up.
  deployment = caches_.deployments.Get(key);
  if (deployment == nullptr) return {};
  planning::Snapshot snapshot = ResolveSnapshot(caches_, std::move(deployment), clock_, settings_);
  {
    std::lock_guard lock(mutex_);
    Remembered(snapshot.deployment->meta).slots.Recall(snapshot);
  }
  auto plan = MakePlan(snapshot);
  if (!plan) return {plan.error(), std::nullopt, false};

  if (snapshot.deployment->status.observed_generation < 0 && MakesAnything(*plan)) {
    const auto first = planning::PlanStatus(snapshot, *plan, {});
    if (auto written = WriteStatus(snapshot, first.status); !written) {
      return {written.error(), std::nullopt, false};
    }
  }
  const planning::Outcome outcome = executor_.Execute(*plan, snapshot.deployment->meta);
  {
    std::lock_guard lock(mutex_);
    Remembered(snapshot.deployment->meta).slots.Note(snapshot, *plan, outcome);
  }
  Log(snapshot, *plan, outcome);
  const planning::StatusPlan status = planning::PlanStatus(snapshot, *plan, outcome);
  Emit(snapshot, status.actions);
  runtime::ReconcileResult next = Next(snapshot, *plan, outcome);
  if (status.wake_at) {
    const auto wait = Until(*status.wake_at, snapshot.now);
    next.requeue_after = std::min(next.requeue_after.value_or(wait), wait);
  }
  if (!status.changed) return next;
  std::chrono::milliseconds wait{};
  if (TooSoon(snapshot, &wait)) {
    next.requeue_after = std::min(next.requeue_after.value_or(wait), wait);
    return next;
  }
  if (auto written = WriteStatus(snapshot, status.status); !written) {
    if (!next.retry && written.error().code != base::ErrorCode::kNotFound) {
      next.retry = written.error();
    }
    return next;
  }
  Emit(snapshot, status.events);
  return next;
}

base::Result<planning::Plan> DeploymentReconciler::MakePlan(planning::Snapshot& snapshot) {
  for (int round = 0; round < kMostRounds; ++round) {
    planning::Plan plan = planning::PlanDeployment(snapshot);
    if (plan.needs_payloads.empty()) return plan;
    for (const std::string& name : plan.needs_payloads) {
      const auto stored =
          std::find_if(snapshot.revisions.begin(), snapshot.revisions.end(),
                       [&](const auto& revision) { return revision.identity.name == name; });
      if (stored == snapshot.revisions.end()) break;
      const kube::ObjectMeta& meta = snapshot.deployment->meta;
      auto payload =
          payloads_.Get(stored->uid, {meta.namespace_name, render::RevisionName(meta.name, name)});
      if (!payload) return payload.error();
      snapshot.payloads[name] = *payload;
    }
  }
  return base::MakeError(base::ErrorCode::kInternal, "PlanIncomplete",
                         "the plan asks for revisions that cannot be read");
}

base::Status DeploymentReconciler::WriteStatus(const planning::Snapshot& snapshot,
                                               const nlohmann::json& status) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  if (auto written = ApplyStatus(manager_, api::kDisaggDeployments, meta, status); !written) {
    return written;
  }
  std::lock_guard lock(mutex_);
  Memory& memory = Remembered(meta);
  memory.last_status_write = clock_.Steady();
  memory.wrote_status = true;
  return {};
}

DeploymentReconciler::Memory& DeploymentReconciler::Remembered(const kube::ObjectMeta& meta) {
  Memory& memory = memory_[meta.key()];
  if (memory.uid != meta.uid) {
    memory = {};
    memory.uid = meta.uid;
  }
  return memory;
}

bool DeploymentReconciler::TooSoon(const planning::Snapshot& snapshot,
                                   std::chrono::milliseconds* wait) {
  std::lock_guard lock(mutex_);
  const auto found = memory_.find(snapshot.deployment->meta.key());
  if (found == memory_.end() || !found->second.wrote_status ||
      found->second.uid != snapshot.deployment->meta.uid) {
    return false;
  }
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
      clock_.Steady() - found->second.last_status_write);
  *wait = kStatusInterval - passed;
  return passed < kStatusInterval;
}

runtime::ReconcileResult DeploymentReconciler::Next(const planning::Snapshot& snapshot,
                                                    const planning::Plan& plan,
                                                    const planning::Outcome& outcome) const {
  runtime::ReconcileResult next;
  bool refused = !outcome.refusal.empty(), over_quota = false;
  for (const planning::WriteOutcome& failed : outcome.failed) {
    if (!failed.error) continue;
    const bool quota = failed.error->reason == "QuotaExceeded";
    if (failed.error->retryable() && !quota) {
      next.retry = *failed.error;
    } else {
      refused = true;
      over_quota |= quota;
    }
  }
  if (refused) next.requeue_after = over_quota ? kQuotaRetry : kRefusedRetry;
  if (plan.another_pass && !refused) next.requeue_after = std::chrono::milliseconds(0);
  if (plan.wake_at) {
    const auto wait = Until(*plan.wake_at, snapshot.now);
    next.requeue_after = std::min(next.requeue_after.value_or(wait), wait);
  }
  return next;
}

// One line per decision, with the reason that the planner gave.
void DeploymentReconciler::Log(const planning::Snapshot& snapshot, const planning::Plan& plan,
                               const planning::Outcome& outcome) const {
  const std::string name = snapshot.deployment->meta.key().ToString();
  const std::string generation = std::to_string(snapshot.deployment->meta.generation);
  const std::string revision = plan.target ? plan.target->name : "";
  for (const planning::Write& write : plan.writes) {
    if (write.verb == planning::Verb::kDryRun || !planning::WasCarriedOut(write, outcome)) continue;
    const Level level = write.resource == kube::kPods ? Level::kInfo : Level::kDebug;
    const std::string text = write.verb == planning::Verb::kDelete
                                 ? "delete " + write.key.name + ": " + write.reason
                                 : write.reason;
    observability::Log(level, text,
                       {{"deployment", name}, {"gen", generation}, {"revision", revision}});
  }
  for (const planning::WriteOutcome& failed : outcome.failed) {
    observability::Log(
        Level::kWarn, failed.write->reason + ": " + failed.error->message,
        {{"deployment", name}, {"gen", generation}, {"reason", failed.error->reason}});
  }
}

void DeploymentReconciler::Emit(const planning::Snapshot& snapshot,
                                const std::vector<planning::Note>& notes) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  for (const planning::Note& note : notes) {
    const auto kind = note.warning ? runtime::EventKind::kWarning : runtime::EventKind::kNormal;
    manager_.events().Record(api::kDisaggDeployments, meta,
                             {kind, note.reason, note.action, note.message});
    observability::Log(note.warning ? Level::kWarn : Level::kInfo,
                       note.reason + ": " + note.message, {{"deployment", meta.key().ToString()}});
  }
}

void DeploymentReconciler::Forget(const kube::ObjectKey& key) {
  std::lock_guard lock(mutex_);
  const auto found = memory_.find(key);
  if (found == memory_.end()) return;
  manager_.freshness().Forget(found->second.uid);
  memory_.erase(found);
}

}  // namespace disagg::reconcile
