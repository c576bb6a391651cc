#pragma once

// status.summary: what the columns of `kubectl get ddep` show, one line that answers whether
// requests can be served and, if not, why.

#include <map>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"
#include "controllers/planning/conditions.h"
#include "controllers/planning/problems.h"
#include "controllers/planning/role_counts.h"

namespace disagg::planning {

// `starting`: it has not served yet, and nothing is known to be wrong.
nlohmann::json SummaryOf(const api::DisaggDeployment& deployment,
                         const std::map<api::RoleName, RoleCounts>& counts,
                         const ConditionSet& conditions, const std::vector<Problem>& problems,
                         bool starting);

}  // namespace disagg::planning
