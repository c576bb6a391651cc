#pragma once

// What is wrong, for a person on call: which pod, which node, which resource, what to do. Root
// causes, each told once.

#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

inline constexpr std::size_t kLongestProblem = 1024;  // bytes of a message, the schema's bound

struct Problem {
  std::string role, pod, node;  // empty where it is about none
  std::string reason;           // API: Unschedulable, ImagePullFailed, CrashLoop, NodeLost, ...
  std::string message;
};

// The worst first, at most `limit`.
std::vector<Problem> FindProblems(const Snapshot& snapshot, const Plan& plan,
                                  const Outcome& outcome, const std::vector<PodState>& states,
                                  std::size_t limit);

}  // namespace disagg::planning
