#pragma once

// A DisaggDeployment by its name, or why there is none.

#include <memory>

#include "controllers/api/types.h"
#include "operator/cmd/kubectl-disagg/cluster_reader.h"

namespace kubectl_disagg {

base::Result<std::shared_ptr<const disagg::api::DisaggDeployment>> FindDeployment(
    ClusterReader& cluster, const kube::ObjectKey& key);

// The API server says "not found" of a name and of a kind that it does not know. Other errors stay
// as they are. `key` without a name: all of a namespace were asked for.
base::Error ExplainNotFound(const kube::ObjectKey& key, const base::Error& error);

}  // namespace kubectl_disagg
