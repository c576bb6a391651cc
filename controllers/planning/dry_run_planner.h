#pragma once

// What to ask the cluster before a revision is accepted: whether it would admit its pods.

#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

// One dry run per kind of pod that the cluster has not admitted yet: roles that keep their revision
// have run before. `planned` are the writes that will be carried out if the answer is yes: what
// their deletions free is not counted against a quota. Where pods run already the answer has to be
// about this very deployment: a wrong one would cost them.
std::vector<Write> PlanDryRuns(const Snapshot& snapshot, const std::vector<PodState>& states,
                               const render::Revision& revision, const std::vector<Write>& planned);

}  // namespace disagg::planning
