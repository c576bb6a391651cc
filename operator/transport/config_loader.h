#pragma once

// Finds and reads the configuration of the cluster to talk to. Errors name the file, the entry and what to do.

#include <string>

#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"

namespace transport {

// `path` empty: $KUBECONFIG (a list, merged as kubectl does), else ~/.kube/config. `context` empty: current-context.
// Relative file names are relative to the kubeconfig that holds them. `insecure-skip-tls-verify`, `proxy-url` and
// basic auth are refused with a reason instead of being ignored.
base::Result<kube::ClusterConfig> LoadKubeconfig(const std::string& path, const std::string& context);

// KUBERNETES_SERVICE_HOST/PORT and /var/run/secrets/kubernetes.io/serviceaccount.
base::Result<kube::ClusterConfig> LoadInCluster();

// The operator's rule: --kubeconfig when given, else in-cluster when the environment says so, else the default
// kubeconfig.
base::Result<kube::ClusterConfig> LoadClusterConfig(const std::string& kubeconfig_flag);

}  // namespace transport
