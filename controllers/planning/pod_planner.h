#pragma once

// Which pods to create and which to delete.
//
//   slot: one replica of one role, e.g. decode-0 or router-0
//
//   alive = 0        -> next incarnation, after the back-off of a failed predecessor
//   alive > desired  -> surplus goes; what serves is kept (release_planner.h)
//   older role revision, same contract
//                    -> pods that are not ready at once (a minute after they were last, if their
//                       engines run on), ready ones one at a time while nothing is missing; none
//                       while a scale-down took the new pods because they were not ready
//                    -> of a router a new pod is created beside an older one first, and is ready
//                       before that one goes; one that has served stays until then, ready or not
//   other contract   -> every worker of it goes; new ones start when none is left (P and D of two
//                       contracts cannot exchange KV blocks, so this is slow and always right)
//                    -> its routers go when no worker of it is left that may answer; new ones start
//                       at once
//
// Example: desired 2 workers, slots {0: alive old ready, 1: alive new not ready} -> nothing to do
// until slot 1 is ready, then slot 0 is deleted and made anew in the same pass. Desired 1 router,
// slot {0: alive old ready} -> router-0 of the new revision is created, and the old one is deleted
// in the pass that sees both ready.

#include <optional>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

struct PodGoal {
  render::RevisionIdentity revision;
  std::map<api::RoleName, int> desired;
  const render::Revision* payload = nullptr;  // null: not read yet
  Gate gate = Gate::kAlways;
};

struct PodPlan {
  std::vector<Write> writes;
  bool needs_payload = false;  // a pod has to be made and `payload` was null
  std::optional<std::int64_t> wake_at;
  std::vector<std::string> explanations;
};

PodPlan PlanPods(const Snapshot& snapshot, const std::vector<PodState>& states,
                 const PodGoal& goal);

}  // namespace disagg::planning
