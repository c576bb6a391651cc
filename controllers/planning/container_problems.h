#pragma once

// Problems of a pod that has a node: what its containers say, or that its kubelet has not started
// them.

#include <cstdint>
#include <string>

#include "controllers/planning/problems.h"
#include "operator/kube/object.h"

namespace disagg::planning {

// A pod that does not serve, as messages name it. Owned by the caller.
struct Subject {
  const kube::Pod* pod = nullptr;
  std::string role;  // "decode", "router"
  std::string slot;  // "decode-0", "router-0"
  Severity severity = Severity::kReplica;
};

// Of a pod that is scheduled and not ready. `now`: Unix seconds by the API server's clock. True
// when a problem was added.
bool AddContainerProblems(const Subject& subject, std::int64_t now, ProblemList& list);

}  // namespace disagg::planning
