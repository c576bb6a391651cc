#include "controllers/render/objects.h"

#include <cstdint>
#include <map>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/render/canonical.h"
#include "controllers/render/fragments.h"
#include "controllers/render/metadata.h"
#include "controllers/render/router_renderer.h"
#include "operator/base/quantity.h"
#include "operator/kube/extended_resources.h"

namespace disagg::render {
namespace {

using nlohmann::json;

json Object(const char* api_version, const char* kind, json metadata) {
  return {{"apiVersion", api_version}, {"kind", kind}, {"metadata", std::move(metadata)}};
}

// Stamps an object that is applied; see kAnnotationApplied.
json Applied(json object) {
  const std::string hash = ShortHashOf(object);
  object["metadata"]["annotations"][api::kAnnotationApplied] = hash;
  return object;
}

json ServicePort(const char* name, int port, json target) {
  return {{"name", name}, {"port", port}, {"protocol", "TCP"}, {"targetPort", std::move(target)}};
}

// What selects the pods of one role.
json RoleSelector(const std::string& deployment, const std::string& role) {
  return {{api::kLabelDeployment, deployment}, {api::kLabelRole, role}};
}

}  // namespace

kube::Amounts DevicesOf(const json& pod) {
  std::map<std::string, std::int64_t> sums;
  for (const json& container : pod.at("spec").at("containers")) {
    const json limits = container.value(json::json_pointer("/resources/limits"), json::object());
    for (const auto& [name, amount] : limits.items()) {
      if (!kube::IsExtendedResource(name)) continue;
      const auto quantity = base::Quantity::Parse(
          amount.is_string() ? amount.get_ref<const std::string&>() : amount.dump());
      if (quantity) sums[name] += quantity->Ceil();
    }
  }
  kube::Amounts devices;
  for (const auto& [name, sum] : sums) devices.emplace_back(kube::InternedString(name), sum);
  return devices;
}

json RenderRevision(const api::DisaggDeployment& deployment, const Revision& revision) {
  json object = ToControllerRevision(revision, deployment);
  object["metadata"]["ownerReferences"] = OwnerReferences(deployment);
  return object;
}

json RenderServiceAccount(const api::DisaggDeployment& deployment) {
  return Object("v1", "ServiceAccount",
                ChildMetadata(deployment, ServiceAccountName(deployment), "workers"));
}

json RenderRoleBinding(const api::DisaggDeployment& deployment) {
  const std::string account = ServiceAccountName(deployment);
  json object = Object("rbac.authorization.k8s.io/v1", "RoleBinding",
                       ChildMetadata(deployment, account, "workers"));
  object["roleRef"] = {{"apiGroup", "rbac.authorization.k8s.io"},
                       {"kind", "ClusterRole"},
                       {"name", kWorkerClusterRole}};
  object["subjects"] = json::array({{{"kind", "ServiceAccount"},
                                     {"name", account},
                                     {"namespace", deployment.meta.namespace_name}}});
  return Applied(std::move(object));
}

json RenderClientService(const api::DisaggDeployment& deployment) {
  const api::RouterSpec& router = deployment.spec.router;
  const std::string role(api::ToString(api::RoleName::kRouter));
  json object = Object("v1", "Service", ChildMetadata(deployment, deployment.meta.name, role));
  PutJson(&object["metadata"], "annotations", router.service_annotations);
  object["spec"] = {{"type", router.service_type},
                    // Routers of every contract: each is ready only while it can route.
                    {"selector", RoleSelector(deployment.meta.name, role)},
                    {"ports", json::array({ServicePort("http", router.service_port, "http")})}};
  return Applied(std::move(object));
}

json RenderWorkersService(const api::DisaggDeployment& deployment) {
  const std::string& name = deployment.meta.name;
  json object =
      Object("v1", "Service", ChildMetadata(deployment, WorkersServiceName(name), "workers"));
  const RouterRenderer& router = RouterOf(deployment.spec.router.type);
  for (const auto& [key, value] : router.DiscoveryLabels()) {
    object["metadata"]["labels"][key] = value;
  }
  const NamedPort port = router.DiscoveryPort();
  // The target is a number: routers have no port of that name, yet must be endpoints where they see
  // each other.
  object["spec"] = {
      {"type", "ClusterIP"},
      // Only its slices are read. An address for it would be the dearest part of a deployment for
      // the API server, which serializes all allocations.
      {"clusterIP", "None"},
      // Routers send to every endpoint that is ready.
      {"publishNotReadyAddresses", false},
      {"selector", {{api::kLabelDeployment, name}, {api::kLabelDiscovery, api::kDiscoveryEnabled}}},
      {"ports", json::array({ServicePort(port.name, port.number, port.number)})}};
  return Applied(std::move(object));
}

// Ranks have to find the leader before it is ready: it becomes ready when all have.
json RenderPeersService(const api::DisaggDeployment& deployment) {
  const std::string& name = deployment.meta.name;
  json object =
      Object("v1", "Service", ChildMetadata(deployment, PeersServiceName(name), "workers"));
  object["spec"] = {{"type", "ClusterIP"},
                    {"clusterIP", "None"},
                    {"publishNotReadyAddresses", true},
                    {"selector", {{api::kLabelDeployment, name}, {api::kLabelPeers, "true"}}}};
  return Applied(std::move(object));
}

json RenderBudget(const api::DisaggDeployment& deployment, api::RoleName role, int min_available) {
  const std::string& name = deployment.meta.name;
  const std::string role_name(api::ToString(role));
  json object = Object("policy/v1", "PodDisruptionBudget",
                       ChildMetadata(deployment, BudgetName(name, role), role_name));
  object["spec"] = {
      // An integer: the other forms need an owner with /scale and allow nothing without one.
      {"minAvailable", min_available},
      {"unhealthyPodEvictionPolicy", "AlwaysAllow"},
      {"selector", {{"matchLabels", RoleSelector(name, role_name)}}}};
  return Applied(std::move(object));
}

}  // namespace disagg::render
