#include "controllers/planning/roll_hold.h"

#include <algorithm>

namespace disagg::planning {
namespace {

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

bool WasReady(const GroupState& group) {
  return std::all_of(group.ranks.begin(), group.ranks.end(),
                     [](const PodState& rank) { return rank.pod->ready; });
}

bool WasInTrouble(const GroupState& group) {
  return std::any_of(group.ranks.begin(), group.ranks.end(),
                     [](const PodState& rank) { return ShowsTrouble(*rank.pod); });
}

}  // namespace

std::optional<RollHold> HoldsRoll(const Snapshot& snapshot,
                                  const std::vector<const GroupState*>& there,
                                  const std::vector<const GroupState*>& gone,
                                  const std::string& role_revision) {
  const auto is_new = [&](const GroupState* group) {
    return group->role_revision() == role_revision;
  };
  if (std::any_of(there.begin(), there.end(),
                  [&](const GroupState* group) { return is_new(group) && group->ready; })) {
    return std::nullopt;
  }
  for (const auto& groups : {there, gone}) {
    for (const GroupState* group : groups) {
      if (!group->released() || !is_new(group) || WasReady(*group)) continue;
      const std::int64_t until = group->ranks.front().pod->meta.creation_time +
                                 snapshot.deployment->spec.startup_timeout_seconds;
      if (WasInTrouble(*group)) return RollHold{group, std::nullopt};
      if (snapshot.now < until) return RollHold{group, until};
    }
  }
  return std::nullopt;
}

}  // namespace disagg::planning
