#include "controllers/planning/release_planner.h"

#include <algorithm>
#include <optional>
#include <set>

#include "controllers/planning/group_state.h"
#include "controllers/planning/pod_writes.h"
#include "controllers/planning/rank_fate.h"
#include "controllers/planning/removal.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/times.h"

namespace disagg::planning {
namespace {

using Uids = std::set<std::string>;

// `in_use`: see FollowersInUse.
void Release(PodState& state, const std::string& why, const Uids& in_use,
             std::vector<Write>& writes) {
  if (!CanBeDeleted(state)) return;
  // An order to end needs no proof that the node is gone; only grace 0 does, once this one stands.
  if (state.in_doubt()) state.node_gone = state.node_absent = false;
  if (!in_use.contains(state.pod->meta.uid)) {
    writes.push_back(DeleteOf(state, Stage::kRelease, why));
  }
  state.released = true;
  state.life = Life::kEnding;
  state.crash_looping = false;
}

// What the death of a group stands on where nothing shows it: a node or a rank that is not there.
std::optional<Absence> AbsenceBehind(const Snapshot& snapshot, const GroupState& group) {
  if (!group.in_doubt()) return std::nullopt;
  const PodState& worst = *group.worst;
  if (worst.in_doubt()) return Absence{kube::kNodes, {"", worst.pod->node_name}, ""};
  render::PodIdentity missing{group.role, group.replica, group.incarnation, 0, worst.ranks};
  missing.rank = MissingRanks(group.ranks).front();
  const kube::ObjectMeta& owner = snapshot.deployment->meta;
  return Absence{
      kube::kPods,
      {owner.namespace_name, render::PodName(owner.name, missing, group.role_revision())},
      ""};
}

// A rank that failed stays for whoever wants to look at it; the others hold the devices of the next
// group.
void ReleaseBrokenGroups(const Snapshot& snapshot, const std::vector<PodState>& states,
                         const Uids& in_use, std::vector<Write>& writes) {
  if (snapshot.not_live.contains(kube::kPods.ToString())) return;
  for (const GroupState& group : FoldGroups(states)) {
    for (const PodState& rank : group.ranks) {
      if (!EndsWithOthers(rank) || in_use.contains(rank.pod->meta.uid)) continue;
      writes.push_back(DeleteOf(rank, Stage::kRelease, rank.why));
      writes.back().because_absent = AbsenceBehind(snapshot, group);
      writes.back().is_replaced = true;
    }
  }
}

// What is wanted is so many replicas: of a role that holds devices of whatever contract, of routers
// of each, because those of two contracts route side by side.
void ReleaseSurplus(api::RoleName role, int at_most, const ReleaseGoal& goal, const Uids& in_use,
                    std::vector<PodState>& states, std::vector<Write>& writes) {
  const auto revision = goal.role_revisions.find(role);
  const std::string accepted = revision == goal.role_revisions.end() ? "" : revision->second;
  const std::vector<GroupState> groups = FoldGroups(states);
  std::map<std::string, std::vector<const GroupState*>> holding;
  for (const GroupState& group : groups) {
    if (group.role != role || !(group.alive() || group.crash_looping())) continue;
    holding[PolicyOf(role).surge > 0 ? group.contract() : ""].push_back(&group);
  }
  Uids victims;
  for (const auto& [contract, those] : holding) {
    std::vector<Member> members;
    members.reserve(those.size());
    for (const GroupState* group : those) members.push_back(MemberOf(*group, accepted));
    for (const std::size_t i : Surplus(members, at_most)) {
      for (const PodState& rank : those[i]->ranks) victims.insert(rank.pod->meta.uid);
    }
  }
  for (PodState& state : states) {
    if (!victims.contains(state.pod->meta.uid)) continue;
    Release(state, "surplus: " + std::to_string(at_most) + " wanted", in_use, writes);
  }
}

// Ours by owner, but of no slot: it would hold its name and its devices for ever.
void ReleaseStrays(const Snapshot& snapshot, const std::vector<PodState>& states,
                   std::vector<Write>& writes) {
  std::set<std::string> known;
  for (const PodState& state : states) known.insert(state.pod->meta.uid);
  for (const auto& pod : snapshot.pods) {
    if (pod->meta.deleting() || known.contains(pod->meta.uid)) continue;
    PodState stray;
    stray.pod = pod;
    writes.push_back(DeleteOf(stray, Stage::kRelease, "its name is of no replica"));
  }
}

// What the garbage collector would do, and by its rule: the owner of this UID is not there. Until
// somebody does it, names are taken and devices held.
void ReleaseLeftovers(const Snapshot& snapshot, std::vector<Write>& writes) {
  const kube::ObjectMeta& owner = snapshot.deployment->meta;
  if (snapshot.now < LeftoversDueAt(*snapshot.deployment)) return;
  for (const Leftover& leftover : snapshot.leftovers) {
    if (!leftover.awaits_collection()) continue;
    Write write;
    write.verb = Verb::kDelete;
    write.stage = Stage::kRelease;
    write.resource = leftover.resource;
    write.key = {owner.namespace_name, leftover.name};
    write.uid = leftover.uid;
    write.because_absent = {api::kDisaggDeployments, owner.key(), leftover.owner_uid};
    write.reason = "it is of a deleted deployment of this name, and the garbage collector left it";
    writes.push_back(std::move(write));
  }
}

}  // namespace

std::vector<Write> PlanRelease(const Snapshot& snapshot, const ReleaseGoal& goal,
                               std::vector<PodState>& states) {
  std::vector<Write> writes;
  const Uids in_use = FollowersInUse(snapshot, states);
  for (const DamagedRevision& damaged : snapshot.damaged) {
    if (!damaged.lost_labels.empty()) writes.push_back(RestoreLabels(damaged, snapshot));
  }
  ReleaseLeftovers(snapshot, writes);
  ReleaseStrays(snapshot, states, writes);
  if (goal.everything) {
    for (PodState& state : states) Release(state, "suspended", in_use, writes);
    return writes;
  }
  ReleaseBrokenGroups(snapshot, states, in_use, writes);
  for (const auto& [role, at_most] : goal.at_most) {
    ReleaseSurplus(role, at_most, goal, in_use, states, writes);
  }
  for (const PodState& state : states) {
    const bool stays = !state.released && !state.pod->meta.deleting() && !state.in_doubt();
    if (stays && !state.lost_labels.empty()) writes.push_back(RestoreLabels(state));
  }
  return writes;
}

std::vector<Write> ReleasePods(const Snapshot& snapshot,
                               const std::map<std::string, std::string>& why,
                               std::vector<PodState>& states) {
  std::vector<Write> writes;
  const Uids in_use = FollowersInUse(snapshot, states);
  for (PodState& state : states) {
    const auto released = why.find(state.pod->meta.uid);
    if (released != why.end()) Release(state, released->second, in_use, writes);
  }
  return writes;
}

}  // namespace disagg::planning
