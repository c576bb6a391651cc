#include "controllers/planning/release_planner.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controllers/planning/pod_writes.h"

namespace disagg::planning {
namespace {

void Release(PodState& state, const std::string& why, std::vector<Write>& writes) {
  if (!CanBeDeleted(state)) return;
  // An order to end needs no proof that the node is gone; only grace 0 does, once this one stands.
  if (state.in_doubt()) state.node_gone = state.node_absent = false;
  writes.push_back(DeleteOf(state, Stage::kRelease, Gate::kAlways, why));
  state.released = true;
  state.life = Life::kEnding;
  state.crash_looping = false;
}

void ReleaseSurplus(api::RoleName role, int at_most, const ReleaseGoal& goal,
                    std::vector<PodState>& states, std::vector<Write>& writes) {
  const auto revision = goal.role_revisions.find(role);
  const std::string accepted = revision == goal.role_revisions.end() ? "" : revision->second;
  const auto holds = [&](const PodState& state) {
    return state.role == role && (state.alive() || state.crash_looping);
  };
  std::vector<const PodState*> holding;
  for (const PodState& state : states) {
    if (holds(state)) holding.push_back(&state);
  }
  std::set<int> slots;
  for (const PodState* state : Surplus(BestOfSlots(holding), at_most, accepted)) {
    slots.insert(state->replica);
  }
  for (PodState& state : states) {
    if (!holds(state) || !slots.contains(state.replica)) continue;
    Release(state, "surplus: " + std::to_string(at_most) + " wanted", writes);
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
    writes.push_back(DeleteOf(stray, Stage::kRelease, Gate::kAlways, "its name is of no replica"));
  }
}

}  // namespace

std::vector<const PodState*> BestOfSlots(const std::vector<const PodState*>& holding) {
  const auto worth = [](const PodState* state) {
    return std::tuple(state->alive(), state->use(), state->incarnation);
  };
  std::map<int, const PodState*> best;
  for (const PodState* state : holding) {
    const PodState*& kept = best[state->replica];
    if (kept == nullptr || worth(kept) < worth(state)) kept = state;
  }
  std::vector<const PodState*> slots;
  slots.reserve(best.size());
  for (const auto& [replica, state] : best) slots.push_back(state);
  return slots;
}

std::vector<const PodState*> Surplus(std::vector<const PodState*> holding, int desired,
                                     const std::string& role_revision) {
  const auto count = static_cast<std::size_t>(std::max(0, desired));
  if (holding.size() <= count) return {};
  const auto worth = [&](const PodState* state) {
    return std::tuple(state->alive(), state->use(), state->pod->scheduled,
                      state->role_revision == role_revision, -state->replica);
  };
  std::sort(holding.begin(), holding.end(),
            [&](const PodState* a, const PodState* b) { return worth(a) < worth(b); });
  holding.resize(holding.size() - count);
  return holding;
}

std::vector<Write> PlanRelease(const Snapshot& snapshot, const ReleaseGoal& goal,
                               std::vector<PodState>& states) {
  std::vector<Write> writes;
  for (const DamagedRevision& damaged : snapshot.damaged) {
    if (!damaged.lost_labels.empty()) writes.push_back(RestoreLabels(damaged, snapshot));
  }
  ReleaseStrays(snapshot, states, writes);
  if (goal.everything) {
    for (PodState& state : states) Release(state, "suspended", writes);
    return writes;
  }
  for (const auto& [role, at_most] : goal.at_most) {
    ReleaseSurplus(role, at_most, goal, states, writes);
  }
  for (const PodState& state : states) {
    const bool stays = !state.released && !state.pod->meta.deleting() && !state.in_doubt();
    if (stays && !state.lost_labels.empty()) writes.push_back(RestoreLabels(state));
  }
  return writes;
}

}  // namespace disagg::planning
