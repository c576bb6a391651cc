#include "controllers/planning/pod_planner.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controllers/render/objects.h"

namespace disagg::planning {
namespace {

void WakeAt(std::int64_t time, PodPlan& plan) {
  plan.wake_at = std::min(plan.wake_at.value_or(time), time);
}

Write DeleteOf(const kube::Pod& pod, Gate gate, const std::string& why) {
  Write write;
  write.verb = Verb::kDelete;
  write.stage = Stage::kPods;
  write.gate = gate;
  write.resource = kube::kPods;
  write.key = pod.meta.key();
  write.uid = pod.meta.uid;
  write.reason = why;
  return write;
}

// A pod on a dead node is ended by nobody else. Without a Node there is no kubelet that could still
// run it, so grace 0 is safe there and only there.
Write DeleteOf(const PodState& state, Gate gate, const std::string& why) {
  Write write = DeleteOf(*state.pod, gate, why);
  if (state.node_gone) write.grace_seconds = 0;
  return write;
}

// Nothing more can be done about a pod that is ending by itself.
bool CanBeDeleted(const PodState& state) { return state.node_gone || !state.pod->meta.deleting(); }

// Works on one role; collects into a PodPlan.
class RolePlanner {
 public:
  RolePlanner(const Snapshot& snapshot, const PodGoal& goal, api::RoleName role, PodPlan& plan)
      : snapshot_(snapshot), goal_(goal), role_(role), plan_(plan) {
    const auto desired = goal.desired.find(role);
    desired_ = desired == goal.desired.end() ? 0 : desired->second;
    const auto identity = goal.revision.roles.find(role);
    if (identity != goal.revision.roles.end()) revision_ = identity->second.revision;
  }

  void Run(const std::vector<PodState>& states, bool may_create) {
    for (const PodState& state : states) {
      if (state.role == role_) pods_.push_back(&state);
    }
    DeleteLost();
    KeepOnePerSlot();
    DeleteOutdatedThatServeNothing();
    DeleteSurplus();
    ReplaceOneOutdated();
    if (may_create) CreateMissing();
    DeleteOldFailures();
  }

 private:
  bool Outdated(const PodState& state) const { return state.role_revision != revision_; }
  bool Kept(const PodState& state) const {
    return state.alive() && !deleted_.contains(state.pod->meta.uid);
  }

  std::vector<const PodState*> KeptPods() const {
    std::vector<const PodState*> kept;
    for (const PodState* state : pods_) {
      if (Kept(*state)) kept.push_back(state);
    }
    return kept;
  }

  std::string SlotName(int replica) const {
    return std::string(api::ToString(role_)) + "-" + std::to_string(replica);
  }

  void Delete(const PodState& state, const std::string& why) {
    if (!deleted_.insert(state.pod->meta.uid).second) return;
    plan_.writes.push_back(DeleteOf(state, goal_.gate, why));
  }

  void DeleteLost() {
    for (const PodState* state : pods_) {
      if (state->life == Life::kLost && CanBeDeleted(*state)) Delete(*state, state->why);
    }
  }

  void KeepOnePerSlot() {
    std::map<int, const PodState*> best;
    for (const PodState* state : KeptPods()) {
      const PodState*& keeper = best[state->replica];
      if (keeper == nullptr) {
        keeper = state;
        continue;
      }
      const bool better = std::tuple(state->ready(), state->incarnation) >
                          std::tuple(keeper->ready(), keeper->incarnation);
      Delete(better ? *keeper : *state, "another pod of its slot is alive");
      if (better) keeper = state;
    }
  }

  void DeleteOutdatedThatServeNothing() {
    for (const PodState* state : KeptPods()) {
      if (!Outdated(*state) || state->ready()) continue;
      if (state->settles_at) {
        WakeAt(*state->settles_at, plan_);
      } else {
        Delete(*state, "of an older revision and not ready");
      }
    }
  }

  void DeleteSurplus() {
    auto kept = KeptPods();
    if (static_cast<int>(kept.size()) <= desired_) return;
    std::sort(kept.begin(), kept.end(), [&](const PodState* a, const PodState* b) {
      return std::tuple(!Outdated(*a), a->pod->scheduled, a->ready(), -a->replica) <
             std::tuple(!Outdated(*b), b->pod->scheduled, b->ready(), -b->replica);
    });
    kept.resize(kept.size() - static_cast<std::size_t>(desired_));
    for (const PodState* state : kept) {
      Delete(*state, "surplus: " + std::to_string(desired_) + " wanted");
    }
  }

  void ReplaceOneOutdated() {
    const PodState* candidate = nullptr;
    int ready = 0;
    for (const PodState* state : KeptPods()) {
      ready += state->ready() ? 1 : 0;
      const bool later = candidate == nullptr || state->replica > candidate->replica;
      if (Outdated(*state) && later) candidate = state;
    }
    if (candidate == nullptr) return;
    if (ready < desired_) {
      plan_.explanations.push_back(SlotName(candidate->replica) +
                                   " keeps the older revision until the role is complete again");
      return;
    }
    Delete(*candidate, "revision " + revision_ + " replaces " + candidate->role_revision);
  }

  void CreateMissing() {
    std::set<int> taken;
    for (const PodState* state : KeptPods()) taken.insert(state->replica);
    int missing = desired_ - static_cast<int>(taken.size());
    for (int replica = 0; missing > 0; ++replica) {
      if (taken.contains(replica)) continue;
      --missing;
      CreateNext(replica);
    }
  }

  const PodState* Newest(int replica) const {
    const PodState* newest = nullptr;
    for (const PodState* state : pods_) {
      if (state->replica == replica &&
          (newest == nullptr || state->incarnation > newest->incarnation)) {
        newest = state;
      }
    }
    return newest;
  }

  // One above the highest of the slot, and above what pods without our labels still hold.
  render::PodIdentity NextIdentity(int replica, const PodState* before) const {
    render::PodIdentity identity{role_, replica, before == nullptr ? 1 : before->incarnation + 1};
    while (IsTaken(NameOf(identity))) ++identity.incarnation;
    return identity;
  }

  std::string NameOf(const render::PodIdentity& identity) const {
    return render::PodName(snapshot_.deployment->meta.name, identity, revision_);
  }

  bool IsTaken(const std::string& name) const {
    return std::any_of(snapshot_.pods.begin(), snapshot_.pods.end(),
                       [&](const auto& pod) { return pod->meta.name == name; });
  }

  void CreateNext(int replica) {
    const PodState* before = Newest(replica);
    if (before != nullptr && InBackoff(*before)) return;
    const render::PodIdentity identity = NextIdentity(replica, before);
    if (goal_.payload == nullptr) {
      plan_.needs_payload = true;
      return;
    }
    if (before != nullptr && before->crash_looping) Delete(*before, before->why);
    Write write;
    write.verb = Verb::kCreate;
    write.stage = Stage::kPods;
    write.gate = goal_.gate;
    write.resource = kube::kPods;
    write.key = {snapshot_.deployment->meta.namespace_name, NameOf(identity)};
    write.body =
        render::RenderPod(*snapshot_.deployment, goal_.revision,
                          goal_.payload->rendered.at("roles").at(std::string(api::ToString(role_))),
                          identity, History(before));
    write.reason = "create " + SlotName(replica) + " (incarnation " +
                   std::to_string(identity.incarnation) + ")" +
                   (before == nullptr ? "" : ": " + Cause(*before));
    plan_.writes.push_back(std::move(write));
  }

  std::string Cause(const PodState& before) const {
    if (!before.why.empty()) return before.why;
    return before.life == Life::kEnding ? "its pod was deleted" : "revision " + revision_;
  }

  static int Retries(const PodState& failed) { return LivedLong(failed) ? 0 : failed.retries; }

  // A changed role revision is somebody's answer to the failure: it is tried at once.
  bool InBackoff(const PodState& before) {
    if (before.life != Life::kFailed || before.crash_looping || Outdated(before)) return false;
    const std::int64_t at = FailureTime(before) + BackoffSeconds(Retries(before));
    if (snapshot_.now >= at) return false;
    WakeAt(at, plan_);
    plan_.explanations.push_back(SlotName(before.replica) +
                                 " waits after a failure: " + before.why);
    return true;
  }

  render::PodHistory History(const PodState* before) const {
    render::PodHistory history;
    if (before == nullptr || Outdated(*before)) return history;
    const bool failed = before->life == Life::kFailed;
    history.failures = failed ? FailuresWith(*before) : before->failures;
    if (failed) history.retries = Retries(*before) + 1;
    for (const auto& [node, count] : history.failures) {
      if (count >= kFailuresThatBanANode) history.avoid_nodes.insert(node);
    }
    return history;
  }

  // The newest failed pod of a slot is what a person wants to look at; it stays until its successor
  // is ready, or until the slot is not wanted any more. One that crash-loops does not stay: it
  // holds the devices that its successor needs.
  void DeleteOldFailures() {
    const bool complete = static_cast<int>(KeptPods().size()) >= desired_;
    for (const PodState* state : pods_) {
      if (state->life != Life::kFailed || state->pod->meta.deleting()) continue;
      const PodState* newest = Newest(state->replica);
      const bool succeeded = newest != state && (state->crash_looping || newest->ready() ||
                                                 newest->life == Life::kFailed);
      const bool unwanted = complete && newest == state;
      if (succeeded || unwanted) {
        Delete(*state, succeeded ? "it has a successor" : "its slot is not wanted");
      }
    }
  }

  const Snapshot& snapshot_;
  const PodGoal& goal_;
  const api::RoleName role_;
  PodPlan& plan_;
  int desired_ = 0;
  std::string revision_;
  std::vector<const PodState*> pods_;
  std::set<std::string> deleted_;
};

// Pods of another contract that still run or may still run.
int CountOtherContract(const std::vector<PodState>& states, const std::string& contract) {
  return static_cast<int>(std::count_if(states.begin(), states.end(), [&](const PodState& state) {
    const bool may_run =
        state.life == Life::kAlive || state.life == Life::kEnding || state.crash_looping;
    return state.contract != contract && may_run;
  }));
}

void DeleteOtherContract(const std::vector<PodState>& states, const PodGoal& goal, PodPlan& plan) {
  for (const PodState& state : states) {
    if (state.contract == goal.revision.contract || !CanBeDeleted(state)) continue;
    const std::string why = "contract " + goal.revision.contract + " replaces " + state.contract;
    plan.writes.push_back(DeleteOf(state, goal.gate, why));
  }
}

// Ours by owner, but of no slot: somebody took our labels away. It would hold its name and its
// devices for ever.
void DeleteStrays(const Snapshot& snapshot, const std::vector<PodState>& states, Gate gate,
                  PodPlan& plan) {
  std::set<std::string> known;
  for (const PodState& state : states) known.insert(state.pod->meta.uid);
  for (const auto& pod : snapshot.pods) {
    if (pod->meta.deleting() || known.contains(pod->meta.uid)) continue;
    plan.writes.push_back(DeleteOf(*pod, gate, "its labels name no slot"));
  }
}

}  // namespace

PodPlan PlanPods(const Snapshot& snapshot, const std::vector<PodState>& states,
                 const PodGoal& goal) {
  PodPlan plan;
  const int others = CountOtherContract(states, goal.revision.contract);
  std::vector<PodState> own;
  std::copy_if(states.begin(), states.end(), std::back_inserter(own),
               [&](const PodState& state) { return state.contract == goal.revision.contract; });
  for (const PodState& state : states) {
    if (state.lost_at) WakeAt(*state.lost_at, plan);
  }
  DeleteStrays(snapshot, states, goal.gate, plan);
  DeleteOtherContract(states, goal, plan);
  for (const auto& [role, identity] : goal.revision.roles) {
    RolePlanner(snapshot, goal, role, plan).Run(own, others == 0);
  }
  if (others > 0) {
    plan.explanations.push_back("new workers wait for those of the previous contract to end: " +
                                std::to_string(others) + " left");
  }
  return plan;
}

}  // namespace disagg::planning
