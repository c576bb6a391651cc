#pragma once

// How many replicas of each role are wanted. Planner, counts, budgets, problems and status ask
// here, and nowhere else.

#include <map>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/planning/group_state.h"
#include "controllers/planning/snapshot.h"
#include "controllers/planning/target_revision.h"

namespace disagg::planning {

// None while suspended, and routers only where workers are.
int DesiredReplicas(const Snapshot& snapshot, api::RoleName role);

// Of all roles. Empty for a spec that could not be read: it says nothing of replicas.
std::map<api::RoleName, int> DesiredReplicas(const Snapshot& snapshot);

// What DesiredReplicas was when the last revision was accepted. Where status does not tell (before
// anything was accepted it says 0), what is there: a lost status must not end a pod that serves.
std::map<api::RoleName, int> AcceptedReplicas(const Snapshot& snapshot, const Candidate& accepted,
                                              const std::vector<GroupState>& groups);

}  // namespace disagg::planning
