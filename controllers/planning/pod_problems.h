#pragma once

// Problems of pods: workers and routers that do not serve, each with what a person can do about it.

#include <vector>

#include "controllers/planning/problems.h"

namespace disagg::planning {

void AddPodProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                    const std::vector<PodState>& states, ProblemList& list);

}  // namespace disagg::planning
