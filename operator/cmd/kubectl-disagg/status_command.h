#pragma once

// `kubectl disagg status [NAME]`.

#include <string>

#include "operator/cmd/kubectl-disagg/cluster_reader.h"
#include "operator/cmd/kubectl-disagg/session.h"

namespace kubectl_disagg {

struct StatusOptions {
  std::string name;            // empty: a table of all
  std::string namespace_name;  // of the deployment; empty only for a table over all namespaces
};

// kOk when the deployment exists, whatever its state.
ExitCode RunStatus(ClusterReader& cluster, const StatusOptions& options, Session& session);

}  // namespace kubectl_disagg
