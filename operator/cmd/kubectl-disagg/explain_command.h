#pragma once

// `kubectl disagg explain NAME`: what the operator holds back, and why. The operator's own planner
// decides on what is read from the cluster now; nothing is written.

#include "operator/cmd/kubectl-disagg/cluster_reader.h"
#include "operator/cmd/kubectl-disagg/session.h"

namespace kubectl_disagg {

// kOk when the deployment exists, whatever its state.
ExitCode RunExplain(ClusterReader& cluster, const kube::ObjectKey& deployment, Session& session);

}  // namespace kubectl_disagg
