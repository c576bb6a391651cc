#pragma once

// Names of API resources and the paths they have on the server. Pure.

#include <string>
#include <string_view>

namespace kube {

// One resource type. Values are compared by group and plural.
struct Resource {
  std::string group;  // empty for the core group
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;

  // "v1" or "apps/v1".
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  // For logs and metrics: "pods", "controllerrevisions.apps".
  std::string ToString() const { return group.empty() ? plural : plural + "." + group; }
  friend bool operator==(const Resource& a, const Resource& b) {
    return a.group == b.group && a.plural == b.plural;
  }
  friend auto operator<=>(const Resource& a, const Resource& b) {
    return a.ToString() <=> b.ToString();
  }
};

inline const Resource kPods{"", "v1", "pods", "Pod", true};
inline const Resource kNodes{"", "v1", "nodes", "Node", false};
inline const Resource kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline const Resource kServices{"", "v1", "services", "Service", true};
inline const Resource kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount", true};
inline const Resource kControllerRevisions{"apps", "v1", "controllerrevisions",
                                           "ControllerRevision", true};
inline const Resource kRoleBindings{"rbac.authorization.k8s.io", "v1", "rolebindings",
                                    "RoleBinding", true};
inline const Resource kPodDisruptionBudgets{"policy", "v1", "poddisruptionbudgets",
                                            "PodDisruptionBudget", true};
inline const Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline const Resource kEvents{"events.k8s.io", "v1", "events", "Event", true};

// "/api/v1/namespaces/serving/pods/x/status". An empty namespace lists across all namespaces, an
// empty name is the collection, an empty subresource the object itself. Names are percent-encoded.
std::string Path(const Resource& resource, std::string_view namespace_name,
                 std::string_view name = "", std::string_view subresource = "");

// Percent-encodes everything but unreserved characters (RFC 3986).
std::string EncodeQuery(std::string_view text);

}  // namespace kube
