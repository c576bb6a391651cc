#pragma once

// The transport of kubectl-disagg: cpprestsdk, unary requests only (decision record 0001).

#include <memory>

#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"
#include "operator/transport/transport.h"

namespace transport {

// Stream() ends at once with kInternal. Fails when the configuration holds an unusable certificate
// or key.
base::Result<std::unique_ptr<Transport>> MakeCpprestTransport(const kube::ClusterConfig& config);

}  // namespace transport
