#include "controllers/planning/deployment_planner.h"

#include <algorithm>
#include <set>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/api/validation.h"
#include "controllers/planning/capacity.h"
#include "controllers/planning/children_planner.h"
#include "controllers/planning/desired.h"
#include "controllers/planning/dry_run_planner.h"
#include "controllers/planning/pod_planner.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/rank_fate.h"
#include "controllers/planning/release_planner.h"
#include "controllers/planning/target_revision.h"
#include "controllers/planning/times.h"
#include "controllers/render/objects.h"

namespace disagg::planning {
namespace {

// A missed event of what is waited for costs no longer than this.
constexpr int kLeftoverSeconds = 10;

class DeploymentPlanner {
 public:
  explicit DeploymentPlanner(const Snapshot& snapshot)
      : snapshot_(snapshot), deployment_(*snapshot.deployment), states_(ClassifyPods(snapshot)) {}

  Plan Run() {
    ReadSpec();
    const auto accepted = AcceptedRevision(snapshot_, states_);
    if (accepted) {
      plan_.accepted = accepted->identity;
      plan_.accepted_desired = AcceptedReplicas(snapshot_, *accepted, FoldGroups(states_));
    }
    if (deployment_.meta.deleting() ||
        deployment_.meta.annotation(api::kAnnotationReconcile) == "disabled") {
      plan_.paused = true;
      Explain("does nothing", deployment_.meta.deleting()
                                  ? "the object is being deleted"
                                  : std::string(api::kAnnotationReconcile) + " is disabled");
      plan_.waits = WaitsOf(snapshot_);
      plan_.target = plan_.accepted;
      plan_.desired = accepted ? plan_.accepted_desired : DesiredReplicas(snapshot_);
      return std::move(plan_);
    }
    Release();
    GiveBackWhatIsOfNoUse();
    if (IsBlind()) return std::move(plan_);
    if (!plan_.errors.empty()) {
      Heal(accepted);
      return std::move(plan_);
    }
    if (auto target = TargetRevision(snapshot_, states_, plan_.resolution, accepted)) {
      if (!Keeps(*target)) Converge(*target, accepted);
    } else {
      plan_.needs_payloads.push_back(accepted->identity.name);
    }
    LeaveServingToTheNextPass();
    // Nobody is asked about a revision that cannot be read, so it is not accepted either.
    if (!plan_.needs_payloads.empty() && (plan_.gated || !plan_.target)) {
      KeepAccepted();
      plan_.gated = false;
    }
    return std::move(plan_);
  }

 private:
  void ReadSpec() {
    const std::string& broken = api::DecodeErrorOf(deployment_.meta);
    readable_ = broken.empty();
    if (!readable_) {
      plan_.errors = {{"spec", broken, "InvalidSpec"}};
      return;
    }
    plan_.resolution = api::Resolve(deployment_, snapshot_.catalogue, snapshot_.namespace_labels);
    plan_.errors = api::Validate(deployment_, plan_.resolution);
    for (api::FieldError& error : plan_.errors) {
      if (error.reason == "ModelNotFound") Doubt(api::kServingModels, error);
      if (error.reason == "AcceleratorNotFound") Doubt(api::kAcceleratorClasses, error);
    }
  }

  // What a cache does not hold that is not live may be there.
  void Doubt(const kube::Resource& resource, api::FieldError& error) const {
    const auto why = snapshot_.not_live.find(resource.ToString());
    if (why == snapshot_.not_live.end()) return;
    error.message +=
        "; not certain, because " + resource.plural + " cannot be read: " + why->second;
  }

  // Without a true picture of the pods and of what they are made from nothing is replaced, rolled
  // or created: what runs goes on.
  bool IsBlind() {
    bool blind = false;
    for (const kube::Resource& resource : {kube::kPods, kube::kControllerRevisions}) {
      const auto why = snapshot_.not_live.find(resource.ToString());
      if (why == snapshot_.not_live.end()) continue;
      Explain("waits", resource.plural + " cannot be read: " + why->second);
      blind = true;
    }
    if (blind) KeepAccepted();
    return blind;
  }

  void KeepAccepted() {
    plan_.target = plan_.accepted;
    plan_.desired = plan_.accepted_desired;
  }

  // Nobody knows what was wanted of a damaged revision, nor what a lost pod of it is created from:
  // what runs goes on as it is.
  bool Keeps(const Candidate& candidate) {
    if (!candidate.damaged) return false;
    KeepAccepted();
    plan_.damaged = candidate.identity.name;
    Explain("keeps what runs", "revision " + candidate.identity.name + " cannot be read");
    return true;
  }

  void NoteUpdate(const render::RevisionIdentity& current) {
    if (render::HashResolved(deployment_, plan_.resolution) == current.resolved_hash) return;
    plan_.update_available =
        "the AcceleratorClass, the ServingModel or the operator's rendering changed since "
        "revision " +
        current.name +
        " was created; running pods keep it; to take the change over, set spec.restart.token to a "
        "new value";
  }

  // Before every check: what is wanted no more is given back, and is not made again either while
  // the rest of the spec is not accepted.
  void Release() {
    ReleaseGoal goal;
    goal.everything = deployment_.spec.suspend;
    goal.at_most = DesiredReplicas(snapshot_);
    if (plan_.accepted) {
      for (const auto& [role, identity] : plan_.accepted->roles) {
        goal.role_revisions[role] = identity.revision;
      }
    }
    Append(PlanRelease(snapshot_, goal, states_));
    WakeForLeftovers();
    for (auto& [role, desired] : plan_.accepted_desired) {
      const auto wanted = goal.at_most.find(role);
      if (goal.everything) desired = 0;
      if (wanted != goal.at_most.end()) desired = std::min(desired, wanted->second);
    }
  }

  // What a spec asks for that is not accepted is not placed.
  void GiveBackWhatIsOfNoUse() {
    if (deployment_.spec.suspend) return;
    if (snapshot_.not_live.contains(kube::kPods.ToString())) {
      plan_.waits = WaitsOf(snapshot_);
      return;
    }
    CapacityPlan capacity = PlanCapacity(
        snapshot_, plan_.resolution,
        plan_.errors.empty() ? DesiredReplicas(snapshot_) : plan_.accepted_desired, states_);
    Append(ReleasePods(snapshot_, capacity.ends, states_));
    plan_.waits = std::move(capacity.waits);
    hold_ = std::move(capacity.hold);
    plan_.explanations.insert(plan_.explanations.end(), capacity.explanations.begin(),
                              capacity.explanations.end());
    if (capacity.wake_at) WakeAt(*capacity.wake_at);
  }

  // The spec is not accepted: what runs goes on, and is healed as it was accepted.
  void Heal(const std::optional<Candidate>& accepted) {
    plan_.desired = plan_.accepted_desired;
    Explain(accepted ? "keeps revision " + accepted->identity.name : "creates nothing",
            "the spec is not accepted: " + plan_.errors[0].message);
    if (!accepted || Keeps(*accepted)) return;
    plan_.target = accepted->identity;
    PlanTowards(*accepted, plan_.desired, Gate::kAlways, /*heal_only=*/true);
  }

  // Nothing is asked before a pod of the revision is to be made: a suspended deployment is asked
  // about when it goes on.
  bool NeedsGate(const Candidate& target) const {
    if (deployment_.spec.suspend || HasPods(states_, target.identity.name)) return false;
    const auto& desired = deployment_.status.desired;
    const bool stood_still = std::all_of(desired.begin(), desired.end(),
                                         [](const auto& role) { return role.second == 0; });
    return stood_still || deployment_.status.target_revision != target.identity.name;
  }

  void Converge(const Candidate& target, const std::optional<Candidate>& accepted) {
    if (WaitsForLeftovers(target)) {
      KeepAccepted();
      return;
    }
    plan_.target = target.identity;
    plan_.desired = DesiredReplicas(snapshot_);
    plan_.gated = NeedsGate(target);
    NoteUpdate(target.identity);
    if (!target.stored) StoreRevision(*target.payload);
    if (plan_.gated) {
      Ask(target, accepted);
    } else {
      PlanTowards(target, plan_.desired, Gate::kAlways, /*heal_only=*/false);
    }
    Append(PlanHistory(snapshot_, LiveRevisions(target)));
  }

  // What pods stand on cannot be made while an earlier deployment of this name still holds its
  // name. Garbage collection deletes it; an orphan is told in status, with what removes it.
  bool WaitsForLeftovers(const Candidate& target) {
    const std::string account = render::ServiceAccountName(deployment_);
    const std::set<std::pair<std::string, std::string>> foundations = {
        {kube::kControllerRevisions.ToString(),
         render::RevisionName(deployment_.meta.name, target.identity.name)},
        {kube::kServiceAccounts.ToString(), account},
        {kube::kRoleBindings.ToString(), account}};
    bool waits = false;
    for (const Leftover& leftover : snapshot_.leftovers) {
      if (!foundations.contains({leftover.resource.ToString(), leftover.name})) continue;
      Explain("waits for " + leftover.resource.kind + " " + leftover.name,
              "it is of an earlier deployment of this name, and has to be deleted first");
      WakeAt(snapshot_.now + kLeftoverSeconds);
      waits = true;
    }
    return waits;
  }

  void WakeForLeftovers() {
    const std::int64_t due = LeftoversDueAt(deployment_);
    const bool waits =
        std::any_of(snapshot_.leftovers.begin(), snapshot_.leftovers.end(),
                    [](const Leftover& leftover) { return leftover.awaits_collection(); });
    if (waits && snapshot_.now < due) WakeAt(due);
  }

  void Explain(const std::string& decision, const std::string& because) {
    plan_.explanations.push_back({deployment_.meta.name, decision, because});
  }

  void WakeAt(std::int64_t time) { plan_.wake_at = std::min(plan_.wake_at.value_or(time), time); }

  // The cluster decides: towards the target, or back to what was accepted.
  void Ask(const Candidate& target, const std::optional<Candidate>& accepted) {
    if (!target.payload) {
      plan_.needs_payloads.push_back(target.identity.name);
      return;
    }
    PlanTowards(target, plan_.desired, Gate::kIfAccepted, /*heal_only=*/false);
    Explain("asks the API server before it creates pods of revision " + target.identity.name,
            "none of it has been accepted yet");
    Append(PlanDryRuns(snapshot_, states_, *target.payload, plan_.writes));
    if (!accepted || accepted->damaged) return;
    PlanTowards(*accepted, plan_.accepted_desired, Gate::kIfRefused, /*heal_only=*/true);
  }

  void StoreRevision(const render::Revision& revision) {
    Write write;
    write.verb = Verb::kCreate;
    write.stage = Stage::kRevision;
    write.resource = kube::kControllerRevisions;
    write.key = {deployment_.meta.namespace_name,
                 render::RevisionName(deployment_.meta.name, revision.identity.name)};
    write.body = render::RenderRevision(deployment_, revision);
    write.reason = "store revision " + revision.identity.name;
    plan_.writes.push_back(std::move(write));
  }

  void PlanTowards(const Candidate& target, const std::map<api::RoleName, int>& desired, Gate gate,
                   bool heal_only) {
    PodGoal goal{target.identity, desired, target.payload.get(), hold_};
    PodPlan pods = PlanPods(snapshot_, states_, goal);
    if (!pods.needs_payloads.empty()) {
      plan_.needs_payloads.insert(plan_.needs_payloads.end(), pods.needs_payloads.begin(),
                                  pods.needs_payloads.end());
      return;
    }
    Append(std::move(pods.writes), gate);
    plan_.explanations.insert(plan_.explanations.end(), pods.explanations.begin(),
                              pods.explanations.end());
    if (pods.wake_at) WakeAt(*pods.wake_at);
    // An object that cannot be read says nothing about the children that it wants.
    if (!readable_) return;
    auto writes = PlanChildren(snapshot_, {.desired = desired,
                                           .ranks = RanksOf(target.identity),
                                           .draining = DrainingFollowers(),
                                           .keep_accounts = OldPods(target),
                                           .heal_only = heal_only});
    Append(std::move(writes), gate);
  }

  // The first pods come before everything that is of no use until they are ready: a model loads for
  // minutes, a router starts in seconds. Of a hundred deployments applied at once each has its GPUs
  // before the API server is asked for the first Service, the slowest object to make (its address
  // comes from one record that all of them contend for).
  void LeaveServingToTheNextPass() {
    const auto is_first_pod = [](const Write& write) {
      return write.verb == Verb::kCreate && write.stage == Stage::kPods;
    };
    if (!snapshot_.pods.empty() ||
        std::none_of(plan_.writes.begin(), plan_.writes.end(), is_first_pod)) {
      return;
    }
    const auto left = std::erase_if(
        plan_.writes, [](const Write& write) { return write.stage == Stage::kServing; });
    plan_.another_pass = left > 0;
  }

  // What the dry runs need has to be there whatever they answer.
  static Gate GateOf(const Write& write, Gate gate) {
    return gate == Gate::kIfAccepted && IsFoundation(write.stage) ? Gate::kAlways : gate;
  }

  void Append(std::vector<Write> writes, Gate gate = Gate::kAlways) {
    for (Write& write : writes) write.gate = GateOf(write, gate);
    plan_.writes.insert(plan_.writes.end(), std::make_move_iterator(writes.begin()),
                        std::make_move_iterator(writes.end()));
  }

  // Pods of an older revision may still speak to the API server as the account that the target no
  // longer wants.
  bool OldPods(const Candidate& target) const {
    return std::any_of(states_.begin(), states_.end(), [&](const PodState& state) {
      const auto role = target.identity.roles.find(state.role);
      return role == target.identity.roles.end() || role->second.revision != state.role_revision;
    });
  }

  // Of the target, and of what runs while it has more.
  std::map<api::RoleName, int> RanksOf(const render::RevisionIdentity& target) const {
    std::map<api::RoleName, int> ranks;
    for (const auto& [role, identity] : target.roles) ranks[role] = identity.ranks;
    for (const PodState& state : states_) {
      ranks[state.role] = std::max(ranks[state.role], state.ranks);
    }
    return ranks;
  }

  std::map<api::RoleName, int> DrainingFollowers() const {
    const std::set<std::string> in_use = FollowersInUse(snapshot_, states_);
    std::map<api::RoleName, int> draining;
    for (const PodState& state : states_) {
      const bool drains = state.life == Life::kEnding && in_use.contains(state.pod->meta.uid);
      if (drains && state.pod->ready) ++draining[state.role];
    }
    return draining;
  }

  std::set<std::string> LiveRevisions(const Candidate& target) const {
    std::set<std::string> live{target.identity.name, deployment_.status.current_revision,
                               deployment_.status.target_revision};
    for (const PodState& state : states_) live.insert(state.revision);
    return live;
  }

  const Snapshot& snapshot_;
  const api::DisaggDeployment& deployment_;
  std::vector<PodState> states_;
  bool readable_ = true;
  CapacityHold hold_;
  Plan plan_;
};

}  // namespace

Plan PlanDeployment(const Snapshot& snapshot) { return DeploymentPlanner(snapshot).Run(); }

}  // namespace disagg::planning
