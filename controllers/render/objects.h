#pragma once

// The children of a DisaggDeployment as API objects. Pure; every object carries the controller
// owner reference and the labels of api/labels.h. Names are API (crds/README.md): one child, one
// name.

#include <string>

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"
#include "controllers/render/revision.h"
#include "operator/kube/object.h"

namespace disagg::render {

inline constexpr char kWorkerClusterRole[] = "disagg-operator-worker-discovery";

// <ddep>-<role>-<role revision>-<replica>-<incarnation>
struct PodIdentity {
  api::RoleName role = api::RoleName::kPrefill;
  int replica = 0;
  int incarnation = 1;
};

std::string RevisionName(const std::string& deployment, const std::string& revision);
std::string PodName(const std::string& deployment, const PodIdentity& identity,
                    const std::string& role_revision);
std::string WorkersServiceName(const std::string& deployment);
std::string ServiceAccountName(
    const api::DisaggDeployment& deployment);  // the user's, or <ddep>-workers
std::string RouterName(const std::string& deployment, const std::string& contract);
std::string BudgetName(const std::string& deployment, api::RoleName role);
// "http://<ddep>.<namespace>.svc:8000/v1"
std::string Endpoint(const api::DisaggDeployment& deployment);

// What a replacement carries on from its predecessors.
struct PodHistory {
  int retries = 0;                      // annotation kAnnotationRetries
  std::map<std::string, int> failures;  // annotation kAnnotationFailures
  std::set<std::string> avoid_nodes;    // required node anti-affinity by kubernetes.io/hostname
};

// The pod of a slot from the stored template of its role.
nlohmann::json RenderPod(const api::DisaggDeployment& deployment, const RevisionIdentity& revision,
                         const nlohmann::json& role_template, const PodIdentity& identity,
                         const PodHistory& history);

// The devices that a rendered pod asks for (its containers' limits of extended resources).
kube::Amounts DevicesOf(const nlohmann::json& pod);

// The router's pod as a Pod, for the server-side dry run (Pod Security only warns on Deployments).
nlohmann::json RenderRouterProbePod(const api::DisaggDeployment& deployment,
                                    const RevisionIdentity& revision,
                                    const nlohmann::json& router_template);

nlohmann::json RenderRevision(const api::DisaggDeployment& deployment, const Revision& revision);
nlohmann::json RenderServiceAccount(const api::DisaggDeployment& deployment);
nlohmann::json RenderRoleBinding(const api::DisaggDeployment& deployment);
nlohmann::json RenderClientService(const api::DisaggDeployment& deployment);
nlohmann::json RenderWorkersService(const api::DisaggDeployment& deployment);
nlohmann::json RenderRouterDeployment(const api::DisaggDeployment& deployment,
                                      const RevisionIdentity& revision,
                                      const nlohmann::json& router_template, int replicas);
nlohmann::json RenderBudget(const api::DisaggDeployment& deployment, api::RoleName role,
                            int min_available);

}  // namespace disagg::render
