#include "controllers/render/names.h"

#include "controllers/render/objects.h"

namespace disagg::render {

std::string WorkerAccount(const std::string& deployment, const std::string& of_user) {
  return of_user.empty() ? deployment + "-workers" : of_user;
}

std::string RevisionName(const std::string& deployment, const std::string& revision) {
  return deployment + "-" + revision;
}

std::string PodName(const std::string& deployment, const PodIdentity& identity,
                    const std::string& role_revision) {
  return deployment + "-" + std::string(api::ToString(identity.role)) + "-" + role_revision + "-" +
         std::to_string(identity.replica) + "-" + std::to_string(identity.incarnation) +
         (identity.ranks > 1 ? "-" + std::to_string(identity.rank) : "");
}

std::string WorkersServiceName(const std::string& deployment) { return deployment + "-workers"; }

std::string PeersServiceName(const std::string& deployment) { return deployment + "-peers"; }

std::string ServiceAccountName(const api::DisaggDeployment& deployment) {
  return WorkerAccount(deployment.meta.name, deployment.spec.service_account_name);
}

std::string BudgetName(const std::string& deployment, api::RoleName role) {
  return deployment + "-" + std::string(api::ToString(role));
}

std::string Endpoint(const api::DisaggDeployment& deployment) {
  return "http://" + deployment.meta.name + "." + deployment.meta.namespace_name +
         ".svc:" + std::to_string(deployment.spec.router.service_port) + "/v1";
}

}  // namespace disagg::render
