#pragma once

// How many replicas of each role are wanted.

#include <map>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/target_revision.h"

namespace disagg::planning {

// By the spec; none while suspended, and routers only where workers are. Empty for a spec that
// could not be read: it says nothing of replicas.
std::map<api::RoleName, int> SpecDesired(const api::DisaggDeployment& deployment);

// The replicas that were accepted with the last revision. Where status does not tell (before
// anything was accepted it says 0), what is there: a lost status must not end a pod that serves.
std::map<api::RoleName, int> AcceptedDesired(const api::DisaggDeployment& deployment,
                                             const Candidate& accepted,
                                             const std::vector<PodState>& states);

}  // namespace disagg::planning
