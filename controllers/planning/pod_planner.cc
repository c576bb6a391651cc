#include "controllers/planning/pod_planner.h"

#include <algorithm>
#include <set>

#include "controllers/api/labels.h"
#include "controllers/planning/group_state.h"
#include "controllers/planning/node_bans.h"
#include "controllers/planning/pod_creation.h"
#include "controllers/planning/pod_writes.h"
#include "controllers/planning/rank_fate.h"
#include "controllers/planning/removal.h"
#include "controllers/planning/removal_words.h"
#include "controllers/planning/role_counts.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/roll_hold.h"
#include "controllers/planning/rollout.h"
#include "controllers/planning/slot_names.h"
#include "controllers/planning/succession.h"
#include "controllers/planning/surge.h"

namespace disagg::planning {
namespace {

using Groups = std::vector<const GroupState*>;

void WakeAt(std::int64_t time, PodPlan& plan) {
  plan.wake_at = std::min(plan.wake_at.value_or(time), time);
}

Groups Select(const std::vector<GroupState>& groups, api::RoleName role,
              const std::string& contract) {
  Groups selected;
  for (const GroupState& group : groups) {
    if (group.role == role && group.contract() == contract) selected.push_back(&group);
  }
  return selected;
}

const GroupState* NewestOf(const Groups& groups, int replica) {
  const GroupState* newest = nullptr;
  for (const GroupState* group : groups) {
    const bool newer = newest == nullptr || group->incarnation > newest->incarnation;
    if (group->replica == replica && newer) newest = group;
  }
  return newest;
}

// Of those that may go now; `in_use`: see FollowersInUse. Ranks that end with others of their group
// are released before (release_planner.h).
void DeleteRanks(const GroupState& group, const std::set<std::string>& in_use,
                 const std::string& why, PodPlan& plan) {
  for (const PodState& rank : group.ranks) {
    if (!CanBeDeleted(rank) || EndsWithOthers(rank)) continue;
    if (in_use.contains(rank.pod->meta.uid)) continue;
    plan.writes.push_back(DeleteOf(rank, PolicyOf(group.role).stage, why));
  }
}

// Works on one role of the target's contract; collects into a PodPlan.
class RolePlanner {
 public:
  RolePlanner(const Snapshot& snapshot, const PodGoal& goal, api::RoleName role,
              const std::set<std::string>& in_use, PodPlan& plan)
      : snapshot_(snapshot),
        goal_(goal),
        role_(role),
        policy_(PolicyOf(role)),
        in_use_(in_use),
        plan_(plan),
        creator_(snapshot, goal, role, plan) {
    const auto desired = goal.desired.find(role);
    desired_ = desired == goal.desired.end() ? 0 : desired->second;
    limits_ = LimitsOf(desired_, MinReady(*snapshot.deployment, role), policy_.unavailable,
                       policy_.surge);
    revision_ = goal.revision.roles.at(role).revision;
  }

  // Returns how many groups are missing, whether they are created now or later.
  int Run(const std::vector<GroupState>& groups, const std::vector<GroupState>& gone,
          const Turn& turn) {
    groups_ = Select(groups, role_, goal_.revision.contract);
    for (const GroupState& group : gone) {
      if (group.role == role_ && !Outdated(group)) gone_.push_back(&group);
    }
    DeleteLost();
    LiftBans();
    if (turn.yields) {
      for (const GroupState* group : ThoseThatYield(Holding(), desired_, revision_)) {
        Delete(*group, "a worker needs its room in the quota");
      }
    }
    const int missing = Remove(turn);
    const int incomplete = CompleteGroups();
    if (turn.may_create) {
      CreateMissing(WithoutHeld(turn.may_surge ? missing : WithoutSurge(missing)));
    }
    DeleteOldFailures(missing == 0);
    return missing + incomplete;
  }

  // What nothing waits for.
  std::vector<Explanation> TakeNotes() { return std::move(notes_); }

 private:
  bool Outdated(const GroupState& group) const { return group.role_revision() != revision_; }

  Groups Kept() const {
    Groups kept;
    for (const GroupState* group : groups_) {
      if (group->alive() && !deleted_.contains(group)) kept.push_back(group);
    }
    return kept;
  }

  // What runs counts until a pass sees it gone, as in removal.h.
  Groups Holding() const {
    Groups holding;
    for (const GroupState* group : groups_) {
      if (group->alive() || group->crash_looping()) holding.push_back(group);
    }
    return holding;
  }

  int Room() const { return limits_.ceiling - static_cast<int>(Holding().size()); }

  void Delete(const GroupState& group, const std::string& why) {
    if (deleted_.insert(&group).second) DeleteRanks(group, in_use_, why, plan_);
  }

  void DeleteLost() {
    for (const GroupState* group : groups_) {
      if (group->life == Life::kLost) Delete(*group, group->why());
    }
  }

  // A pod that waits for a node because of a ban that has passed, or that only the banned node
  // could still satisfy, is made again without it.
  void LiftBans() {
    for (const GroupState* group : Kept()) {
      for (const PodState& rank : group->ranks) LiftBan(*group, rank);
    }
  }

  void LiftBan(const GroupState& group, const PodState& rank) {
    const std::set<std::string> avoided =
        ParseNames(rank.pod->meta.annotation(api::kAnnotationAvoids));
    if (avoided.empty() || rank.pod->scheduled || rank.unread) return;
    if (goal_.payload == nullptr) {
      plan_.needs_payloads.insert(goal_.revision.name);
      return;
    }
    const std::set<std::string> banned = BannedNodes(rank.faults, snapshot_.now);
    const bool passed =
        !std::includes(banned.begin(), banned.end(), avoided.begin(), avoided.end());
    const bool finds_none =
        !rank.pod->unschedulable_message.empty() &&
        !AnotherNodeFits(snapshot_.capacity, goal_.payload->Template(role_, rank.rank).at("spec"),
                         rank.pod->extended_resources, banned);
    if (passed || finds_none) {
      Delete(group, passed ? "its ban of a node has passed" : "no other node can take it");
      return;
    }
    WakeAt(FirstBanEnd(rank.faults, snapshot_.now), plan_);
    Explain(group.slot(), BanClause(rank.faults, snapshot_.now));
  }

  int WithoutSurge(int missing) const {
    return std::clamp(desired_ - static_cast<int>(Kept().size()), 0, missing);
  }

  // What waits for capacity; PlanCapacity says why.
  int WithoutHeld(int missing) const {
    if (!policy_.holds_devices) return missing;
    const Groups kept = Kept();
    for (const int replica : HeldSlots()) {
      missing -= std::none_of(kept.begin(), kept.end(),
                              [&](const GroupState* group) { return group->replica == replica; })
                     ? 1
                     : 0;
    }
    const int most = goal_.hold.most.value_or(desired_) - static_cast<int>(kept.size());
    return std::clamp(missing, 0, std::max(0, most));
  }

  std::set<int> HeldSlots() const {
    std::set<int> replicas;
    for (const auto& [role, replica] : goal_.hold.slots) {
      if (role == role_) replicas.insert(replica);
    }
    return replicas;
  }

  // Deletes what may go; returns how many groups are missing.
  int Remove(const Turn& turn) {
    const Groups kept = Kept();
    std::vector<Member> members;
    for (const GroupState* group : kept) members.push_back(MemberOf(*group, revision_));
    const auto hold = HoldsRoll(snapshot_, groups_, gone_, revision_);
    const Removal removal = PlanRemoval(limits_, members, hold.has_value());
    for (const Drop& drop : removal.drop) {
      Delete(*kept[drop.member], WhyDropped(*kept[drop.member], drop.reason, limits_, revision_));
    }
    if (!turn.may_surge && WithoutSurge(removal.make) < removal.make) {
      Explain("the next " + std::string(api::ToString(role_)), "waits until no worker is missing",
              "a quota or a node may have room for one of them only");
    }
    for (const Blocked& blocked : removal.blocked) {
      const std::optional<std::int64_t> until =
          blocked.why == Hold::kHeld ? hold->until : blocked.until;
      if (until) WakeAt(*until, plan_);
      plan_.explanations.push_back(
          ExplainBlocked(*kept[blocked.member], blocked, limits_, hold, revision_));
    }
    return removal.make;
  }

  // Of which not all ranks have been created yet; returns how many there are.
  int CompleteGroups() {
    int incomplete = 0;
    for (const GroupState* group : Kept()) {
      const std::vector<int> missing = RanksToCreate(group->ranks);
      if (missing.empty()) continue;
      ++incomplete;
      creator_.CompleteGroup(*group, missing);
    }
    return incomplete;
  }

  void CreateMissing(int missing) {
    const Groups lost = LostToStandIn(groups_, gone_, limits_, revision_);
    for (const GroupState* group : lost) CreateStandIn(*group);
    if (!lost.empty()) {
      missing = std::clamp(Room() - static_cast<int>(lost.size()), 0, missing);
    }
    std::set<int> taken = HeldSlots(), older;
    for (const GroupState* group : Kept()) {
      (policy_.surge > 0 && Outdated(*group) ? older : taken).insert(group->replica);
    }
    const PodSource source{goal_.revision, goal_.payload};
    for (const int replica : VacantSlots(missing, taken, older)) {
      CreateNext(replica, Predecessor(replica), source);
    }
  }

  void CreateStandIn(const GroupState& lost) {
    const std::optional<PodSource> source = SourceOf(lost.ranks.front().revision, goal_, snapshot_);
    if (!source) return;
    Explain(lost.slot(), "is created again from revision " + lost.role_revision(),
            "no pod of revision " + revision_ + " was ever ready");
    CreateNext(lost.replica, &lost, *source);
  }

  // The one that the next group of a slot follows, though it may be gone.
  const GroupState* Predecessor(int replica) const {
    const GroupState* there = NewestOf(groups_, replica);
    const GroupState* gone = NewestOf(gone_, replica);
    const bool gone_is_newer = gone != nullptr && !gone->released() &&
                               (there == nullptr || there->incarnation < gone->incarnation);
    return gone_is_newer ? gone : there;
  }

  // One above the highest of the slot. What is gone leaves its name: were it only hidden from our
  // caches, the API server would say that it is taken.
  render::PodIdentity NextIdentity(int replica, const GroupState* before,
                                   const PodSource& source) const {
    const GroupState* there = NewestOf(groups_, replica);
    const int next = there == nullptr ? 1 : there->incarnation + 1;
    const int last = before == nullptr ? 1 : before->incarnation;
    const render::RoleIdentity& role = source.revision.roles.at(role_);
    return FirstFree(snapshot_, {role_, replica, std::max(next, last), 0, role.ranks},
                     role.revision);
  }

  void CreateNext(int replica, const GroupState* before, const PodSource& source) {
    const GroupState* there = NewestOf(groups_, replica);
    // Its deletion is asked for by this plan, and an answer of the API server may refute it.
    if (there != nullptr && there->in_doubt()) {
      Explain(there->slot(), "waits for the API server to confirm", there->why());
      return;
    }
    if (before != nullptr && InBackoff(*before, source)) return;
    if (source.payload == nullptr) {
      plan_.needs_payloads.insert(source.revision.name);
      return;
    }
    if (before != nullptr && before->crash_looping()) {
      Delete(*before, before->why());
      if (policy_.surge > 0 && Room() <= 0) {
        Explain(before->slot(), "waits for its failed pod to be deleted", before->why());
        return;
      }
    }
    creator_.CreateGroup(NextIdentity(replica, before, source), before, source);
  }

  bool InBackoff(const GroupState& before, const PodSource& source) {
    if (!Continues(before, source)) return false;
    const std::int64_t at = SuccessorAt(*before.worst, snapshot_.now);
    if (snapshot_.now >= at) return false;
    WakeAt(at, plan_);
    plan_.explanations.push_back(ExplainBackoff(before.slot(), *before.worst));
    return true;
  }

  // The newest failed group of a slot is what a person wants to look at; it stays until its
  // successor is ready, or until the slot is not wanted any more. One that crash-loops does not
  // stay: it holds the devices that its successor needs.
  void DeleteOldFailures(bool complete) {
    for (const GroupState* group : groups_) {
      if (group->life != Life::kFailed || deleted_.contains(group)) continue;
      const GroupState* newest = NewestOf(groups_, group->replica);
      const bool succeeded = newest != group && (group->crash_looping() || newest->ready ||
                                                 newest->life == Life::kFailed);
      const bool unwanted = complete && newest == group;
      if (succeeded || unwanted) {
        Delete(*group, succeeded ? "it has a successor" : "its slot is not wanted");
      } else {
        notes_.push_back(
            {group->slot(), "keeps its failed pod until a successor is ready", group->why()});
      }
    }
  }

  void Explain(const std::string& item, const std::string& decision,
               const std::string& because = "") {
    plan_.explanations.push_back({item, decision, because});
  }

  const Snapshot& snapshot_;
  const PodGoal& goal_;
  const api::RoleName role_;
  const RolePolicy& policy_;
  const std::set<std::string>& in_use_;
  PodPlan& plan_;
  PodCreator creator_;
  int desired_ = 0;
  Limits limits_;
  std::string revision_;
  Groups groups_;
  Groups gone_;  // of the target's role revision
  std::set<const GroupState*> deleted_;
  std::vector<Explanation> notes_;
};

void DeleteOtherContracts(const ContractStep& step, const std::set<std::string>& in_use,
                          const PodGoal& goal, PodPlan& plan) {
  for (const GroupState* group : step.drop) {
    const std::string why = "contract " + goal.revision.contract + " replaces " + group->contract();
    DeleteRanks(*group, in_use, why, plan);
  }
}

}  // namespace

PodPlan PlanPods(const Snapshot& snapshot, const std::vector<PodState>& states,
                 const PodGoal& goal) {
  PodPlan plan;
  const std::vector<GroupState> groups = FoldGroups(states);
  const std::vector<PodState> gone_states = ClassifyGone(snapshot);
  const std::vector<GroupState> gone = FoldGroups(gone_states);
  for (const PodState& state : states) {
    if (state.lost_at) WakeAt(*state.lost_at, plan);
    // Then its followers wait for it no more.
    const auto deadline = state.pod->meta.deletion_time;
    if (state.ranks > 1 && deadline && snapshot.now <= *deadline) WakeAt(*deadline + 1, plan);
  }
  const ContractStep step = OldWorkersFirst().Next(groups, goal.revision.contract);
  const std::set<std::string> in_use = FollowersInUse(snapshot, states);
  DeleteOtherContracts(step, in_use, goal, plan);
  std::vector<Explanation> notes;
  int workers_missing = 0;  // the map has routers last
  for (const auto& [role, identity] : goal.revision.roles) {
    RolePlanner planner(snapshot, goal, role, in_use, plan);
    const int missing =
        planner.Run(groups, gone, TurnOf(snapshot, role, step.workers_wait, workers_missing));
    if (PolicyOf(role).holds_devices) workers_missing += missing;
    for (Explanation& note : planner.TakeNotes()) notes.push_back(std::move(note));
  }
  for (const auto& added : {step.explanations, notes}) {
    plan.explanations.insert(plan.explanations.end(), added.begin(), added.end());
  }
  return plan;
}

}  // namespace disagg::planning
