#pragma once

// status.summary: what the columns of `kubectl get ddep` show, one line that answers whether
// requests can be served and, if not, why.

#include <nlohmann/json.hpp>

#include "controllers/planning/conditions.h"
#include "controllers/planning/status_facts.h"

namespace disagg::planning {

nlohmann::json SummaryOf(const StatusFacts& facts, const ConditionSet& conditions);

}  // namespace disagg::planning
