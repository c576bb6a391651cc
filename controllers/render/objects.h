#pragma once

// The children of a DisaggDeployment as API objects. Pure; every object carries the controller
// owner reference and the labels of api/labels.h. Names are API (crds/README.md): one child, one
// name.

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"
#include "controllers/render/revision.h"
#include "operator/kube/object.h"

namespace disagg::render {

inline constexpr char kWorkerClusterRole[] = "disagg-operator-worker-discovery";

// <ddep>-<role>-<role revision>-<replica>-<incarnation>, and -<rank> where a replica is more than
// one pod.
struct PodIdentity {
  api::RoleName role = api::RoleName::kPrefill;
  int replica = 0;
  int incarnation = 1;
  int rank = 0;
  int ranks = 1;  // pods of the replica
};

std::string RevisionName(const std::string& deployment, const std::string& revision);
std::string PodName(const std::string& deployment, const PodIdentity& identity,
                    const std::string& role_revision);
std::string WorkersServiceName(const std::string& deployment);
// Under which the ranks of a replica find each other before they are ready.
std::string PeersServiceName(const std::string& deployment);
std::string ServiceAccountName(
    const api::DisaggDeployment& deployment);  // the user's, or <ddep>-workers
std::string BudgetName(const std::string& deployment, api::RoleName role);
// "http://<ddep>.<namespace>.svc:8000/v1"
std::string Endpoint(const api::DisaggDeployment& deployment);

// The labels that tell one pod of a role from another.
std::map<std::string, std::string> SlotLabels(const PodIdentity& identity,
                                              const std::string& role_revision,
                                              const std::string& revision);

// How often the pods of a slot failed on one node by the node's own fault, and when they did last,
// in Unix seconds.
struct NodeFaults {
  int count = 0;
  std::int64_t last = 0;

  friend bool operator==(const NodeFaults&, const NodeFaults&) = default;
};

// What a replacement carries on from its predecessors.
struct PodHistory {
  int retries = 0;                           // annotation kAnnotationRetries
  std::map<std::string, int> failures;       // annotation kAnnotationFailures
  std::map<std::string, NodeFaults> faults;  // annotation kAnnotationNodeFaults
  // Nodes to keep away from, by name (metadata.name: kubernetes.io/hostname is another name on some
  // clouds).
  std::set<std::string> avoid_nodes;
  // Rather nowhere than there, annotation kAnnotationAvoids; false: rather elsewhere.
  bool avoid_strictly = false;
};

// The pod of a slot from the stored template of its role and rank (Revision::Template). What the
// deployment's metadata hands on is read now, when the pod is created: it is part of no revision.
nlohmann::json RenderPod(const api::DisaggDeployment& deployment, const RevisionIdentity& revision,
                         const nlohmann::json& role_template, const PodIdentity& identity,
                         const PodHistory& history);

// The devices that a rendered pod asks for (its containers' limits of extended resources).
kube::Amounts DevicesOf(const nlohmann::json& pod);

nlohmann::json RenderRevision(const api::DisaggDeployment& deployment, const Revision& revision);
nlohmann::json RenderServiceAccount(const api::DisaggDeployment& deployment);
nlohmann::json RenderRoleBinding(const api::DisaggDeployment& deployment);
nlohmann::json RenderClientService(const api::DisaggDeployment& deployment);
nlohmann::json RenderWorkersService(const api::DisaggDeployment& deployment);
nlohmann::json RenderPeersService(const api::DisaggDeployment& deployment);
nlohmann::json RenderBudget(const api::DisaggDeployment& deployment, api::RoleName role,
                            int min_available);

}  // namespace disagg::render
