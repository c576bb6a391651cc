#include <utility>

#include "controllers/api/labels.h"
#include "controllers/render/metadata.h"
#include "controllers/render/objects.h"

namespace disagg::render {
namespace {

using nlohmann::json;

// "b200-1=2,b200-3=1"
std::string FailuresText(const std::map<std::string, int>& failures) {
  std::string text;
  for (const auto& [node, count] : failures) {
    text += (text.empty() ? "" : ",") + node + "=" + std::to_string(count);
  }
  return text;
}

void AddHistory(const PodHistory& history, json* annotations) {
  if (history.retries > 0) {
    (*annotations)[api::kAnnotationRetries] = std::to_string(history.retries);
  }
  if (!history.failures.empty()) {
    (*annotations)[api::kAnnotationFailures] = FailuresText(history.failures);
  }
}

// Terms of a required node affinity are alternatives: the pod has to keep away in each of them.
void AvoidNodes(const std::set<std::string>& nodes, json* spec) {
  if (nodes.empty()) return;
  json& terms = (*spec)["affinity"]["nodeAffinity"]
                       ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  if (terms.empty()) terms = json::array({json::object()});
  for (json& term : terms) {
    term["matchExpressions"].push_back(
        {{"key", "kubernetes.io/hostname"}, {"operator", "NotIn"}, {"values", nodes}});
  }
}

json PodFrom(const json& pod_template, const api::DisaggDeployment& deployment,
             const std::string& name) {
  json pod{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", pod_template["metadata"]},
           {"spec", pod_template["spec"]}};
  pod["metadata"]["name"] = name;
  pod["metadata"]["namespace"] = deployment.meta.namespace_name;
  pod["metadata"]["ownerReferences"] = OwnerReferences(deployment);
  return pod;
}

}  // namespace

json RenderPod(const api::DisaggDeployment& deployment, const RevisionIdentity& revision,
               const json& role_template, const PodIdentity& identity, const PodHistory& history) {
  const std::string& role_revision = revision.roles.at(identity.role).revision;
  const std::string name = PodName(deployment.meta.name, identity, role_revision);
  json pod = PodFrom(role_template, deployment, name);
  json& labels = pod["metadata"]["labels"];
  labels[api::kLabelReplica] = std::to_string(identity.replica);
  // A replica is one pod so far, and its rank is the one that registers with the router.
  labels[api::kLabelRank] = "0";
  labels[api::kLabelIncarnation] = std::to_string(identity.incarnation);
  labels[api::kLabelRoleRevision] = role_revision;
  labels[api::kLabelRevision] = revision.name;
  AddHistory(history, &pod["metadata"]["annotations"]);
  pod["spec"]["hostname"] = name;
  AvoidNodes(history.avoid_nodes, &pod["spec"]);
  return pod;
}

json RenderRouterProbePod(const api::DisaggDeployment& deployment, const RevisionIdentity& revision,
                          const json& router_template) {
  return PodFrom(router_template, deployment,
                 RouterName(deployment.meta.name, revision.contract) + "-probe");
}

}  // namespace disagg::render
