#pragma once

// The lines of a role's pods: name, state, node, restarts, age, what is waited for. Pure.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controllers/status_view/grid.h"
#include "controllers/status_view/pod_situation.h"
#include "operator/kube/object.h"

namespace disagg::status_view {

struct Problem {
  std::string role, pod, node, reason, message;  // as in status.problems
};

// The pods of one role.
struct PodGroup {
  std::string role;
  std::vector<std::shared_ptr<const kube::Pod>> pods;
  Startup startup;
};

// By replica and incarnation; pods that have lost these labels by name.
void SortPods(std::vector<std::shared_ptr<const kube::Pod>>* pods);

// Neither deleted nor ended.
bool Counts(const kube::Pod& pod);

// A replica over several nodes is ready when all of its pods are.
int ReadyReplicas(const std::vector<std::shared_ptr<const kube::Pod>>& pods);

// A cause that `problems` tells about the role is not told again in the lines.
std::vector<Branch> PodLines(const PodGroup& group, const std::vector<Problem>& problems,
                             std::int64_t now);

// "2 new starting: loading weights 4m of at most 60m": the first of `pods` that is not Ready stands
// for them. Empty when all are.
std::string WhatIsWaitedFor(const std::vector<std::shared_ptr<const kube::Pod>>& pods,
                            const Startup& startup, std::int64_t now);

}  // namespace disagg::status_view
