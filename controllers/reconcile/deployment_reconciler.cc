#include "controllers/reconcile/deployment_reconciler.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "controllers/planning/deployment_planner.h"
#include "controllers/reconcile/cache_lag.h"
#include "controllers/reconcile/cached_source.h"
#include "controllers/reconcile/pass_log.h"
#include "controllers/reconcile/requeue.h"
#include "controllers/reconcile/resolver.h"
#include "controllers/reconcile/server_time.h"
#include "controllers/render/objects.h"
#include "operator/base/hash.h"

namespace disagg::reconcile {
namespace {

using planning::Trouble;
using planning::Write;
using std::chrono::milliseconds;

// Caches that lag behind our own writes for longer than that are a trouble to be told.
constexpr std::chrono::seconds kLagIsTrouble{30};
constexpr std::chrono::seconds kLagIsShort{2};
constexpr milliseconds kLagPoll{1000};
// How long the sweep for lost pods may hold up the first pods of a new leader.
constexpr milliseconds kWaitForSweep{10'000};
constexpr std::size_t kPayloads = 256;
// Each round loads what the plan asked for; a plan asks for the accepted revision and for the
// target at most.
constexpr int kMostRounds = 4;

bool CreatesPods(const planning::Plan& plan) {
  return std::any_of(plan.writes.begin(), plan.writes.end(), [](const Write& write) {
    return write.verb == planning::Verb::kCreate && write.resource == kube::kPods;
  });
}

// Nothing new is created of which no status would tell; giving devices back waits for nothing.
bool WaitsForStatus(const Write& write) { return write.stage != planning::Stage::kRelease; }

bool Touches(const planning::Plan& plan, const std::string& uid) {
  return std::any_of(plan.writes.begin(), plan.writes.end(),
                     [&](const Write& write) { return write.uid == uid; });
}

bool CarriedOutAny(const planning::Plan& plan, const planning::Outcome& outcome) {
  return std::any_of(plan.writes.begin(), plan.writes.end(),
                     [&](const Write& write) { return planning::WasCarriedOut(write, outcome); });
}

// What is to end does not need to be read, nor do pods whose labels are given back.
bool NeedsNoTemplate(const Write& write) {
  if (write.gate != planning::Gate::kAlways) return false;
  return write.verb == planning::Verb::kDelete || write.stage == planning::Stage::kRelease;
}

RequestId ReadOf(const std::string& revision) { return {"read controllerrevisions", revision}; }

}  // namespace

DeploymentReconciler::DeploymentReconciler(runtime::Manager& manager, const Knowledge& knowledge,
                                           const base::Clock& clock, planning::Settings settings)
    : manager_(manager),
      knowledge_(knowledge),
      clock_(clock),
      settings_(settings),
      payloads_(manager.client(), kPayloads),
      accepted_(clock),
      executor_(manager.client(), manager.freshness(),
                {knowledge.lost, knowledge.backoff, payloads_, accepted_}),
      status_(manager, clock),
      read_backoff_(clock) {}

runtime::ReconcileResult DeploymentReconciler::Reconcile(const kube::ObjectKey& key) {
  auto deployment = knowledge_.caches.deployments.Get(key);
  if (deployment == nullptr) {
    Forget(key);
    return {};
  }
  std::string behind;
  if (!manager_.freshness().IsFresh(deployment->meta.uid, &behind)) {
    return WaitForCaches(*deployment, behind);
  }
  // Read again: the object may have moved while the caches caught up.
  deployment = knowledge_.caches.deployments.Get(key);
  if (deployment == nullptr) return {};
  Pass pass = Begin(std::move(deployment));
  MakePlan(pass);
  if (MustKnowPodsFirst(key, pass.plan)) return {std::nullopt, kWaitForSweep, false};
  if (pass.snapshot.deployment->status.json.empty() && !pass.plan.writes.empty()) {
    if (!status_.TellFirst(pass.snapshot, pass.plan)) {
      std::erase_if(pass.plan.writes, WaitsForStatus);
    }
  }
  pass.outcome = executor_.Execute(pass.plan, pass.snapshot.deployment->meta);
  {
    base::MutexLock lock(mutex_);
    Remembered(pass.snapshot.deployment->meta).slots.Note(pass.snapshot, pass.plan, pass.outcome);
  }
  NoteDeleted(pass);
  LogWrites(pass.snapshot, pass.plan, pass.outcome);
  SettleTroubles(pass);
  runtime::ReconcileResult next = Next(pass);
  status_.Tell(pass.snapshot, pass.plan, pass.outcome, next);
  return next;
}

// Nothing is decided on caches older than our own last write. That they stay so is told.
runtime::ReconcileResult DeploymentReconciler::WaitForCaches(
    const api::DisaggDeployment& deployment, const std::string& behind) {
  base::SteadyTime::duration lag{};
  std::set<std::string> deleted;
  {
    base::MutexLock lock(mutex_);
    Memory& memory = Remembered(deployment.meta);
    if (!memory.stale_since) memory.stale_since = clock_.Steady();
    lag = clock_.Steady() - *memory.stale_since;
    deleted = memory.deleted;
  }
  if (lag < kLagIsShort) return {std::nullopt, std::nullopt, true};
  runtime::ReconcileResult next{std::nullopt, kLagPoll, false};
  auto latest = knowledge_.caches.deployments.Get(deployment.meta.key());
  if (latest == nullptr) return next;
  Pass pass = Begin(std::move(latest));
  pass.plan = planning::PlanDeployment(pass.snapshot);
  pass.failures.push_back(LagTrouble(behind));
  KeepSafeWrites(behind, pass.snapshot, deleted, pass.plan);
  pass.outcome = executor_.Execute(pass.plan, pass.snapshot.deployment->meta);
  NoteDeleted(pass);
  LogWrites(pass.snapshot, pass.plan, pass.outcome);
  SettleTroubles(pass);
  if (lag >= kLagIsTrouble) status_.Tell(pass.snapshot, pass.plan, pass.outcome, next);
  return next;
}

void DeploymentReconciler::NoteDeleted(const Pass& pass) {
  base::MutexLock lock(mutex_);
  Memory& memory = Remembered(pass.snapshot.deployment->meta);
  for (const Write& write : pass.plan.writes) {
    if (write.verb == planning::Verb::kDelete && planning::WasCarriedOut(write, pass.outcome)) {
      memory.deleted.insert(write.uid);
    }
  }
}

DeploymentReconciler::Pass DeploymentReconciler::Begin(
    std::shared_ptr<const api::DisaggDeployment> deployment) {
  const std::string uid = deployment->meta.uid;
  read_backoff_.Begin(uid);
  status_.Begin(uid);
  LostChildren::View lost =
      knowledge_.lost.Look(uid, [this](const kube::Resource& resource, const std::string& child) {
        return knowledge_.caches.Shows(resource, child);
      });
  Pass pass;
  CachedSource source(knowledge_.caches, knowledge_.readiness, lost.children);
  pass.snapshot =
      ResolveSnapshot(source, std::move(deployment), NowOf(manager_.server_clock()), settings_);
  pass.snapshot.troubles = troubles_.Of(uid);
  for (const auto& [what, error] : lost.failures) pass.failures.push_back(TroubleOf(what, error));
  for (const auto& [resource, why] : pass.snapshot.not_live) {
    pass.failures.push_back(TroubleOf(
        "watch " + resource, base::MakeError(base::ErrorCode::kUnavailable, "CacheNotLive", why)));
  }
  pass.lost = std::move(lost.children);
  return pass;
}

void DeploymentReconciler::MakePlan(Pass& pass) {
  NoteChangedInputs(pass.snapshot);
  {
    base::MutexLock lock(mutex_);
    Remembered(pass.snapshot.deployment->meta).slots.Recall(pass.snapshot);
  }
  pass.plan = planning::PlanDeployment(pass.snapshot);
  for (int round = 1; !pass.plan.needs_payloads.empty() && round < kMostRounds; ++round) {
    if (!ReadPayloads(pass)) break;
    pass.plan = planning::PlanDeployment(pass.snapshot);
  }
  if (!pass.plan.needs_payloads.empty()) {
    std::erase_if(pass.plan.writes, [](const Write& write) { return !NeedsNoTemplate(write); });
    pass.plan.another_pass = false;
  }
  if (pass.plan.paused) return;
  for (const LostChildren::Child& child : pass.lost) {
    if (Touches(pass.plan, child.object->meta.uid)) continue;
    if (auto write = GiveLabelBack(child, pass.snapshot.deployment->meta)) {
      pass.plan.writes.push_back(std::move(*write));
    }
  }
}

// False when a payload that the plan needs cannot be read.
bool DeploymentReconciler::ReadPayloads(Pass& pass) {
  const kube::ObjectMeta& meta = pass.snapshot.deployment->meta;
  for (const std::string& name : pass.plan.needs_payloads) {
    const auto stored = std::find_if(
        pass.snapshot.revisions.begin(), pass.snapshot.revisions.end(),
        [&](const planning::StoredRevision& revision) { return revision.identity.name == name; });
    if (stored == pass.snapshot.revisions.end()) return false;
    const kube::ObjectKey key{meta.namespace_name, render::RevisionName(meta.name, name)};
    auto held = read_backoff_.Admit(meta.uid, ReadOf(name));
    auto payload =
        held ? base::Result<RevisionPayloads::Ptr>(*held) : payloads_.Get(stored->uid, key);
    if (!payload) {
      if (!held) read_backoff_.NoteFailure(meta.uid, ReadOf(name), payload.error());
      pass.failures.push_back(TroubleOf("read ControllerRevision " + key.name, payload.error()));
      return false;
    }
    read_backoff_.NoteSuccess(meta.uid, ReadOf(name));
    pass.snapshot.payloads[name] = *payload;
  }
  return true;
}

// The answers to requests that failed may be others now.
void DeploymentReconciler::NoteChangedInputs(const planning::Snapshot& snapshot) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  const std::string inputs = std::to_string(meta.generation) + "/" +
                             base::ShortHash(nlohmann::json(snapshot.namespace_labels).dump());
  base::MutexLock lock(mutex_);
  Memory& memory = Remembered(meta);
  memory.stale_since.reset();
  memory.deleted.clear();
  if (std::exchange(memory.inputs, inputs) == inputs) return;
  knowledge_.backoff.TryNow(meta.uid);
  read_backoff_.TryNow(meta.uid);
  status_.TryNow(meta.uid);
}

void DeploymentReconciler::BeginToLead() {
  base::MutexLock lock(mutex_);
  leading_since_ = clock_.Steady();
}

// A slot without a pod in the cache may have one that lost its labels while nobody led.
bool DeploymentReconciler::MustKnowPodsFirst(const kube::ObjectKey& key,
                                             const planning::Plan& plan) {
  if (!CreatesPods(plan) || knowledge_.sweep.KnowsPods(key)) return false;
  base::MutexLock lock(mutex_);
  return clock_.Steady() - leading_since_ < kWaitForSweep;
}

void DeploymentReconciler::SettleTroubles(Pass& pass) {
  const planning::Outcome& outcome = pass.outcome;
  for (const planning::WriteOutcome& failed : outcome.failed) {
    pass.failures.push_back(TroubleOf(*failed.write, *failed.error, pass.snapshot));
  }
  pass.news = LogTroubles(pass.snapshot, pass.failures);
  const std::string& uid = pass.snapshot.deployment->meta.uid;
  const auto untried = [&](const Trouble& trouble) {
    return std::any_of(pass.plan.writes.begin(), pass.plan.writes.end(), [&](const Write& write) {
      return WhatOf(write) == trouble.what && !planning::WasCarriedOut(write, outcome);
    });
  };
  troubles_.Settle(uid, pass.failures, untried, pass.snapshot.now);
  pass.snapshot.troubles = troubles_.Of(uid);
}

DeploymentReconciler::Memory& DeploymentReconciler::Remembered(const kube::ObjectMeta& meta) {
  Memory& memory = memory_[meta.key()];
  if (memory.uid != meta.uid) {
    ForgetUid(memory.uid);
    memory = {};
    memory.uid = meta.uid;
  }
  return memory;
}

runtime::ReconcileResult DeploymentReconciler::Next(const Pass& pass) const {
  const std::string& uid = pass.snapshot.deployment->meta.uid;
  runtime::ReconcileResult next{pass.news, std::nullopt, false};
  Sooner(next, knowledge_.backoff.DueIn(uid));
  Sooner(next, read_backoff_.DueIn(uid));
  Sooner(next, status_.DueIn(uid));
  Sooner(next, knowledge_.lost.DueIn(uid));
  if (pass.plan.another_pass && CarriedOutAny(pass.plan, pass.outcome)) {
    Sooner(next, milliseconds(0));
  }
  if (pass.plan.wake_at) Sooner(next, Until(*pass.plan.wake_at, pass.snapshot.now));
  return next;
}

void DeploymentReconciler::Forget(const kube::ObjectKey& key) {
  std::string uid;
  {
    base::MutexLock lock(mutex_);
    const auto found = memory_.find(key);
    if (found == memory_.end()) return;
    uid = found->second.uid;
    memory_.erase(found);
  }
  ForgetUid(uid);
}

void DeploymentReconciler::ForgetUid(const std::string& uid) {
  if (uid.empty()) return;
  manager_.freshness().Forget(uid);
  knowledge_.lost.Forget(uid);
  knowledge_.backoff.Forget(uid);
  read_backoff_.Forget(uid);
  status_.Forget(uid);
  troubles_.Forget(uid);
}

}  // namespace disagg::reconcile
