#pragma once

// Finds and reads the configuration of the cluster to talk to. Errors name the file, the entry and
// what to do.

#include <string>

#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"

namespace transport {

// Where the kubelet mounts the credentials of a pod.
inline constexpr char kServiceAccountMount[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// `path` empty: $KUBECONFIG (a list, merged as kubectl does), else ~/.kube/config. `context` empty:
// current-context. Relative file names are relative to the kubeconfig that holds them. What would
// have to be ignored is refused with a reason instead: `insecure-skip-tls-verify`, `proxy-url`,
// basic auth, auth-provider, impersonation.
base::Result<kube::ClusterConfig> LoadKubeconfig(const std::string& path,
                                                 const std::string& context);

// KUBERNETES_SERVICE_HOST/PORT and ca.crt, token and namespace in `mount`.
base::Result<kube::ClusterConfig> LoadInCluster(const std::string& mount = kServiceAccountMount);

// The operator's rule: --kubeconfig when given, else in-cluster when the environment says so, else
// the default kubeconfig.
base::Result<kube::ClusterConfig> LoadClusterConfig(const std::string& kubeconfig_flag);

}  // namespace transport
