#pragma once

// The `server` of a kubeconfig in its parts.

#include <string>

#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"

namespace transport {

// Sets scheme, host, port and path_prefix. http is taken for this machine only: anywhere else
// credentials would travel in the clear. The error's message continues a sentence that names the
// URL.
base::Status ParseServerUrl(const std::string& url, kube::ClusterConfig& config);

}  // namespace transport
