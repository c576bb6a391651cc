#pragma once

// What the operator would decide on, read from the API server: the Snapshot that its planner takes,
// as far as a decision about pods needs it.
//
// Services, accounts and budgets are not in it, nor what only the memory of the operator holds:
// pods that left no trace, requests that failed before. Since when a node is NotReady is taken from
// the Node.

#include <cstdint>
#include <memory>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"
#include "operator/cmd/kubectl-disagg/cluster_reader.h"

namespace kubectl_disagg {

class SnapshotReader {
 public:
  explicit SnapshotReader(ClusterReader& cluster) : cluster_(cluster) {}

  // `now`: Unix seconds. Nodes that may not be read are a cache that is not live; without anything
  // else there is no snapshot.
  base::Result<disagg::planning::Snapshot> Read(
      std::shared_ptr<const disagg::api::DisaggDeployment> deployment, std::int64_t now);

  // The templates that a plan asks for.
  base::Status ReadPayloads(const disagg::planning::Plan& plan,
                            disagg::planning::Snapshot& snapshot);

 private:
  base::Status ReadCatalogue(disagg::planning::Snapshot& snapshot);
  base::Status ReadPods(disagg::planning::Snapshot& snapshot);
  base::Status ReadRevisions(disagg::planning::Snapshot& snapshot);
  base::Status ReadNodes(disagg::planning::Snapshot& snapshot);

  ClusterReader& cluster_;
};

}  // namespace kubectl_disagg
