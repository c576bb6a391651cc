#pragma once

// Everything that one picture of a DisaggDeployment is drawn from. What the user may not read is
// absent and shows as "?".

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/planning/snapshot.h"
#include "operator/kube/object.h"

namespace disagg::status_view {

struct Facts {
  std::shared_ptr<const api::DisaggDeployment> deployment;
  std::optional<std::vector<std::shared_ptr<const kube::Pod>>> pods;  // with its label
  // Those of the nodes that pods are bound to that exist, by name.
  std::optional<std::map<std::string, std::shared_ptr<const kube::Node>>> nodes;
  std::map<std::string, std::shared_ptr<const api::AcceleratorClass>> classes;  // by name
  std::int64_t now = 0;                                                         // Unix seconds
};

// The facts as the operator's planner takes them, as far as it judges pods: so both say the same of
// a pod. Since when a node is NotReady is taken from the Node.
planning::Snapshot SnapshotOf(const Facts& facts);

}  // namespace disagg::status_view
