#include "operator/cmd/kubectl-disagg/find_deployment.h"

#include "controllers/api/decode.h"

namespace kubectl_disagg {

namespace api = disagg::api;

base::Error ExplainNotFound(const kube::ObjectKey& key, const base::Error& error) {
  if (error.code != base::ErrorCode::kNotFound) return error;
  const bool known_kind = error.message.find("\"" + key.name + "\"") != std::string::npos;
  if (key.name.empty() || !known_kind) {
    return base::MakeError(
        error.code, error.reason,
        error.message + "; are the CRDs of disagg-operator installed in this cluster?");
  }
  return base::MakeError(error.code, error.reason,
                         "no DisaggDeployment \"" + key.name + "\" in namespace " +
                             key.namespace_name +
                             "; `kubectl disagg status -A` lists those of all namespaces");
}

base::Result<std::shared_ptr<const api::DisaggDeployment>> FindDeployment(
    ClusterReader& cluster, const kube::ObjectKey& key) {
  auto found = cluster.Get(api::kDisaggDeployments, key, api::DisaggDeploymentDecoder());
  if (!found) return ExplainNotFound(key, found.error());
  return std::static_pointer_cast<const api::DisaggDeployment>(*found);
}

}  // namespace kubectl_disagg
