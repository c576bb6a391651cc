#pragma once

// What needs nothing else to be right: no model, no class, no valid rest of the spec, no template,
// no dry run and no admission of new pods. It is planned first and carried out first, in every
// state of a deployment.
//
//   suspended        -> every pod is deleted, of whatever revision
//   a rank is gone   -> the others of its group are deleted (rank_fate.h)
//   fewer replicas   -> the surplus of each role is deleted, and what serves is kept (removal.h)
//   a name of no slot -> deleted: nothing would ever use its devices
//   left by an earlier deployment of this name, and by the garbage collector for 10 s -> deleted
//   labels taken off -> given back, those of a revision too
//   noted to wait for capacity -> deleted (capacity.h)

#include <map>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

struct ReleaseGoal {
  bool everything = false;               // suspended
  std::map<api::RoleName, int> at_most;  // replicas; roles that are not in it are left alone
  std::map<api::RoleName, std::string> role_revisions;  // accepted last
};

// Marks what it deletes in `states` as ending and released: for the rest of the plan it is gone.
std::vector<Write> PlanRelease(const Snapshot& snapshot, const ReleaseGoal& goal,
                               std::vector<PodState>& states);

// Deletes the pods of these UIDs, for the reasons that stand with them; marks them likewise.
std::vector<Write> ReleasePods(const Snapshot& snapshot,
                               const std::map<std::string, std::string>& why,
                               std::vector<PodState>& states);

}  // namespace disagg::planning
