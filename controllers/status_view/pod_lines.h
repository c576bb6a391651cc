#pragma once

// The lines of a role's pods: name, state, node, restarts, age, what is waited for. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "controllers/planning/group_state.h"
#include "controllers/planning/pod_state.h"
#include "controllers/status_view/grid.h"
#include "controllers/status_view/pod_situation.h"

namespace disagg::status_view {

struct Problem {
  std::string role, pod, node, reason, message;  // as in status.problems
};

// The pods of one role.
struct RolePods {
  std::string role;
  std::vector<planning::PodState> states;  // in the order of ClassifyPods
  std::vector<Situation> situations;       // of each of them
};

// A replica over several nodes is ready when all of its pods are.
int ReadyReplicas(const std::vector<planning::PodState>& states);

// A cause that `problems` tells about the role is not told again in the lines. `now`: Unix seconds.
std::vector<Branch> PodLines(const RolePods& pods, const std::vector<Problem>& problems,
                             std::int64_t now);

// "2 new starting: loading weights 4m of at most 60m": the first pod that is not ready stands for
// the replicas that are not, which are `groups` of `pods`. Empty when there is none.
std::string WhatIsWaitedFor(const RolePods& pods, const std::vector<planning::GroupState>& groups);

}  // namespace disagg::status_view
