#include "controllers/planning/pod_planner.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controllers/api/labels.h"
#include "controllers/planning/node_bans.h"
#include "controllers/planning/pod_writes.h"
#include "controllers/planning/release_planner.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/succession.h"
#include "controllers/planning/times.h"
#include "controllers/render/objects.h"

namespace disagg::planning {
namespace {

void WakeAt(std::int64_t time, PodPlan& plan) {
  plan.wake_at = std::min(plan.wake_at.value_or(time), time);
}

// Whether a pod shows that something other than time keeps it from being ready.
bool ShowsTrouble(const kube::Pod& pod) {
  if (!pod.unschedulable_message.empty() || pod.phase == kube::PodPhase::kFailed) return true;
  return std::any_of(pod.containers.begin(), pod.containers.end(), [](const auto& container) {
    const std::string& waiting = container.waiting_reason;
    const bool starts =
        waiting.empty() || waiting == "ContainerCreating" || waiting == "PodInitializing";
    return container.restarts > 0 || !starts;
  });
}

// Works on one role; collects into a PodPlan.
class RolePlanner {
 public:
  RolePlanner(const Snapshot& snapshot, const PodGoal& goal, api::RoleName role, PodPlan& plan)
      : snapshot_(snapshot), goal_(goal), role_(role), policy_(PolicyOf(role)), plan_(plan) {
    const auto desired = goal.desired.find(role);
    desired_ = desired == goal.desired.end() ? 0 : desired->second;
    const auto identity = goal.revision.roles.find(role);
    if (identity != goal.revision.roles.end()) revision_ = identity->second.revision;
  }

  void Run(const std::vector<PodState>& states, const std::vector<PodState>& gone,
           bool may_create) {
    for (const PodState& state : states) {
      if (state.role == role_) pods_.push_back(&state);
    }
    for (const PodState& state : gone) {
      if (state.role == role_ && !Outdated(state)) gone_.push_back(&state);
    }
    DeleteLost();
    KeepOnePerSlot();
    LiftBans();
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
    plan_.writes.push_back(DeleteOf(state, policy_.stage, goal_.gate, why));
  }

  void DeleteLost() {
    for (const PodState* state : pods_) {
      if (state->life == Life::kLost && CanBeDeleted(*state)) Delete(*state, state->why);
    }
  }

  // Side by side are only an older pod and the one that is to take its place.
  void KeepOnePerSlot() {
    std::map<std::pair<int, bool>, const PodState*> best;
    for (const PodState* state : KeptPods()) {
      const bool surging = policy_.surge > 0 && !Outdated(*state);
      const PodState*& keeper = best[{state->replica, surging}];
      if (keeper == nullptr) {
        keeper = state;
        continue;
      }
      const bool better = std::tuple(state->use(), state->incarnation) >
                          std::tuple(keeper->use(), keeper->incarnation);
      Delete(better ? *keeper : *state, "another pod of its slot is alive");
      if (better) keeper = state;
    }
  }

  void DeleteOutdatedThatServeNothing() {
    for (const PodState* state : KeptPods()) {
      if (!Outdated(*state) || state->ready() || state->unread || MayServeAgain(*state)) continue;
      if (state->settles_at) {
        WakeAt(*state->settles_at, plan_);
      } else {
        Delete(*state, "of an older revision and not ready");
      }
    }
  }

  // A router is not ready while workers are missing. One that has served does so again when they
  // are back, which its successor may never: it stays until that one is ready.
  bool MayServeAgain(const PodState& state) const {
    return policy_.surge > 0 && HasServed(*state.pod) && ReadyOrOlder() <= desired_;
  }

  // What would serve if all workers were there: ready pods of the target, and all of older ones.
  int ReadyOrOlder() const {
    const auto pods = KeptPods();
    return static_cast<int>(std::count_if(pods.begin(), pods.end(), [&](const PodState* state) {
      return state->ready() || Outdated(*state);
    }));
  }

  // A pod that waits for a node because of a ban that has passed, or that only the banned node
  // could still satisfy, is made again without it.
  void LiftBans() {
    for (const PodState* state : KeptPods()) {
      const std::set<std::string> avoided =
          ParseNames(state->pod->meta.annotation(api::kAnnotationAvoids));
      if (avoided.empty() || state->pod->scheduled || state->unread) continue;
      if (goal_.payload == nullptr) {
        plan_.needs_payload = true;
        continue;
      }
      const std::set<std::string> banned = BannedNodes(state->faults, snapshot_.now);
      const bool passed =
          !std::includes(banned.begin(), banned.end(), avoided.begin(), avoided.end());
      const bool finds_none = !state->pod->unschedulable_message.empty() &&
                              !AnotherNodeFits(snapshot_.capacity, Template().at("spec"),
                                               state->pod->extended_resources, banned);
      if (passed || finds_none) {
        Delete(*state, passed ? "its ban of a node has passed" : "no other node can take it");
        continue;
      }
      WakeAt(FirstBanEnd(state->faults, snapshot_.now), plan_);
      Explain(state->replica, BanClause(state->faults, snapshot_.now));
    }
  }

  void DeleteSurplus() {
    for (const PodState* best : Surplus(BestOfSlots(KeptPods()), desired_, revision_)) {
      for (const PodState* state : KeptPods()) {
        if (state->replica != best->replica) continue;
        Delete(*state, "surplus: " + std::to_string(desired_) + " wanted");
      }
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
    if (ready < desired_ + policy_.surge) {
      Explain(candidate->replica,
              policy_.surge > 0 ? "keeps the older revision until its successor is ready"
                                : "keeps the older revision until the role is complete again");
      return;
    }
    if (HoldsForWhatServes(*candidate)) return;
    Delete(*candidate, "revision " + revision_ + " replaces " + candidate->role_revision);
  }

  // A scale-down in mid-roll takes the new pods that are not ready, not the old ones that serve. To
  // roll on at once would take these after all: it waits for as long as the new pod would have had
  // to start, and for a change of the spec where that pod was in trouble.
  bool HoldsForWhatServes(const PodState& candidate) {
    const bool works = std::any_of(pods_.begin(), pods_.end(), [&](const PodState* state) {
      return !Outdated(*state) && state->ready();
    });
    if (works) return false;
    for (const PodState* state : Released()) {
      const std::int64_t until =
          state->pod->meta.creation_time + snapshot_.deployment->spec.startup_timeout_seconds;
      const bool trouble = ShowsTrouble(*state->pod);
      if (state->pod->ready || (!trouble && snapshot_.now >= until)) continue;
      if (!trouble) WakeAt(until, plan_);
      Explain(candidate.replica, "keeps the older revision: " + SlotName(state->replica) + " of " +
                                     "revision " + revision_ +
                                     " was not ready when fewer replicas were asked for; to roll "
                                     "on, change the spec or set spec.restart.token");
      return true;
    }
    return false;
  }

  // Of the target's role revision: those that this plan or an earlier one gave back.
  std::vector<const PodState*> Released() const {
    std::vector<const PodState*> released;
    for (const auto& pods : {pods_, gone_}) {
      for (const PodState* state : pods) {
        if (state->released && !Outdated(*state)) released.push_back(state);
      }
    }
    return released;
  }

  // Pods to create: so many as are wanted of the target, and no more than may be there at once.
  int CountMissing() const {
    const auto kept = KeptPods();
    const auto older = std::count_if(kept.begin(), kept.end(),
                                     [&](const PodState* state) { return Outdated(*state); });
    const int all = static_cast<int>(kept.size()), current = all - static_cast<int>(older);
    const int most = desired_ + (older > 0 ? policy_.surge : 0);
    return std::min(desired_ - current, most - all);
  }

  // Slots of older pods come first where the new one may stand beside them: one more number than
  // replicas would be surplus.
  std::vector<int> VacantSlots(int count) const {
    std::set<int> taken, older;
    for (const PodState* state : KeptPods()) {
      (policy_.surge > 0 && Outdated(*state) ? older : taken).insert(state->replica);
    }
    std::vector<int> vacant;
    const auto add = [&](int replica) {
      const bool more = static_cast<int>(vacant.size()) < count;
      if (more && taken.insert(replica).second) vacant.push_back(replica);
      return more;
    };
    for (const int replica : older) add(replica);
    for (int replica = 0; add(replica); ++replica) {
    }
    return vacant;
  }

  void CreateMissing() {
    for (const int replica : VacantSlots(CountMissing())) CreateNext(replica);
  }

  static const PodState* NewestOf(const std::vector<const PodState*>& pods, int replica) {
    const PodState* newest = nullptr;
    for (const PodState* state : pods) {
      if (state->replica == replica &&
          (newest == nullptr || state->incarnation > newest->incarnation)) {
        newest = state;
      }
    }
    return newest;
  }

  const PodState* Newest(int replica) const { return NewestOf(pods_, replica); }

  // The one that the next pod of a slot follows, though it may be gone.
  const PodState* Predecessor(int replica) const {
    const PodState* there = Newest(replica);
    const PodState* gone = NewestOf(gone_, replica);
    const bool gone_is_newer = gone != nullptr && !gone->released &&
                               (there == nullptr || there->incarnation < gone->incarnation);
    return gone_is_newer ? gone : there;
  }

  // One above the highest of the slot, and above what others still hold: pods of no slot, and pods
  // of an earlier deployment of the same name. What is gone leaves its name: were it only hidden
  // from our caches, the API server would say that it is taken.
  render::PodIdentity NextIdentity(int replica, const PodState* before) const {
    render::PodIdentity identity{role_, replica, before == nullptr ? 1 : before->incarnation};
    if (before != nullptr && before == Newest(replica)) ++identity.incarnation;
    while (IsTaken(NameOf(identity))) ++identity.incarnation;
    return identity;
  }

  std::string NameOf(const render::PodIdentity& identity) const {
    return render::PodName(snapshot_.deployment->meta.name, identity, revision_);
  }

  bool IsTaken(const std::string& name) const {
    return std::any_of(snapshot_.pods.begin(), snapshot_.pods.end(),
                       [&](const auto& pod) { return pod->meta.name == name; }) ||
           std::any_of(snapshot_.leftovers.begin(), snapshot_.leftovers.end(),
                       [&](const Leftover& leftover) {
                         return leftover.resource == kube::kPods && leftover.name == name;
                       });
  }

  const nlohmann::json& Template() const { return goal_.payload->Template(role_); }

  nlohmann::json Render(const render::PodIdentity& identity,
                        const render::PodHistory& history) const {
    return render::RenderPod(*snapshot_.deployment, goal_.revision, Template(), identity, history);
  }

  void CreateNext(int replica) {
    const PodState* there = Newest(replica);
    // Its deletion is asked for by this plan, and an answer of the API server may refute it.
    if (there != nullptr && there->in_doubt()) return;
    const PodState* before = Predecessor(replica);
    if (before != nullptr && InBackoff(*before)) return;
    const render::PodIdentity identity = NextIdentity(replica, before);
    if (goal_.payload == nullptr) {
      plan_.needs_payload = true;
      return;
    }
    if (before != nullptr && before->crash_looping) Delete(*before, before->why);
    Write write;
    write.verb = Verb::kCreate;
    write.stage = policy_.stage;
    write.gate = goal_.gate;
    write.resource = kube::kPods;
    write.key = {snapshot_.deployment->meta.namespace_name, NameOf(identity)};
    write.body = WithHistory(identity, before);
    write.reason = "create " + SlotName(replica) + " (incarnation " +
                   std::to_string(identity.incarnation) + ")" +
                   (before == nullptr ? "" : ": " + Cause(*before));
    plan_.writes.push_back(std::move(write));
  }

  nlohmann::json WithHistory(const render::PodIdentity& identity, const PodState* before) {
    render::PodHistory history;
    if (before != nullptr && !Outdated(*before)) history = HistoryAfter(*before, snapshot_.now);
    if (history.avoid_nodes.empty()) return Render(identity, history);
    history.avoid_strictly = AnotherNodeFits(snapshot_.capacity, Template().at("spec"),
                                             render::DevicesOf(Template()), history.avoid_nodes);
    Explain(identity.replica, BanClause(history.faults, snapshot_.now));
    return Render(identity, history);
  }

  std::string Cause(const PodState& before) const {
    if (!before.why.empty()) return before.why;
    return before.life == Life::kEnding ? "its pod was deleted" : "revision " + revision_;
  }

  // A changed role revision is somebody's answer to whatever became of the pods before.
  bool InBackoff(const PodState& before) {
    if (Outdated(before)) return false;
    const std::int64_t at = SuccessorAt(before, snapshot_.now);
    if (snapshot_.now >= at) return false;
    WakeAt(at, plan_);
    Explain(before.replica, BackoffClause(before));
    return true;
  }

  // The newest failed pod of a slot is what a person wants to look at; it stays until its successor
  // is ready, or until the slot is not wanted any more. One that crash-loops does not stay: it
  // holds the devices that its successor needs.
  void DeleteOldFailures() {
    const bool complete = CountMissing() <= 0;
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

  void Explain(int replica, const std::string& clause) {
    plan_.explanations.push_back(SlotName(replica) + " " + clause);
  }

  const Snapshot& snapshot_;
  const PodGoal& goal_;
  const api::RoleName role_;
  const RolePolicy& policy_;
  PodPlan& plan_;
  int desired_ = 0;
  std::string revision_;
  std::vector<const PodState*> pods_;
  std::vector<const PodState*> gone_;  // of the target's role revision
  std::set<std::string> deleted_;
};

// Pods of another contract that hold devices, or may still do.
int CountOtherContract(const std::vector<PodState>& states, const std::string& contract) {
  return static_cast<int>(std::count_if(states.begin(), states.end(), [&](const PodState& state) {
    const bool may_run = state.life == Life::kAlive || state.life == Life::kEnding ||
                         state.crash_looping || state.in_doubt();
    return state.contract != contract && may_run && PolicyOf(state.role).holds_devices;
  }));
}

// Contracts of which a worker may still answer requests.
std::set<std::string> ContractsWithWorkers(const std::vector<PodState>& states) {
  std::set<std::string> contracts;
  for (const PodState& state : states) {
    const bool ended = state.life == Life::kFailed || state.life == Life::kLost;
    if (!ended && PolicyOf(state.role).holds_devices) contracts.insert(state.contract);
  }
  return contracts;
}

void DeleteOtherContract(const std::vector<PodState>& states, const PodGoal& goal, PodPlan& plan) {
  const std::set<std::string> with_workers = ContractsWithWorkers(states);
  for (const PodState& state : states) {
    if (state.contract == goal.revision.contract || !CanBeDeleted(state)) continue;
    const RolePolicy& policy = PolicyOf(state.role);
    if (!policy.holds_devices && state.alive() && with_workers.contains(state.contract)) continue;
    const std::string why = "contract " + goal.revision.contract + " replaces " + state.contract;
    plan.writes.push_back(DeleteOf(state, policy.stage, goal.gate, why));
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
  DeleteOtherContract(states, goal, plan);
  const std::vector<PodState> gone = ClassifyGone(snapshot);
  for (const auto& [role, identity] : goal.revision.roles) {
    const bool may_create = others == 0 || !PolicyOf(role).holds_devices;
    RolePlanner(snapshot, goal, role, plan).Run(own, gone, may_create);
  }
  if (others > 0) {
    plan.explanations.push_back(
        "new workers wait for those of the previous contract to terminate: " +
        std::to_string(others) + " left");
  }
  return plan;
}

}  // namespace disagg::planning
