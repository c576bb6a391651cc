#pragma once

// The conditions of a DisaggDeployment, one function each; none depends on another.

#include "controllers/planning/conditions.h"
#include "controllers/planning/status_facts.h"

namespace disagg::planning {

void SetConditions(const StatusFacts& facts, ConditionSet& conditions);

}  // namespace disagg::planning
