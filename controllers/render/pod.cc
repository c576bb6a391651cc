#include <map>
#include <set>
#include <string>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/api/reserved_pod.h"
#include "controllers/render/engine_renderer.h"
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

// "b200-1=2@1795514400"
std::string FaultsText(const std::map<std::string, NodeFaults>& faults) {
  std::string text;
  for (const auto& [node, failed] : faults) {
    text += (text.empty() ? "" : ",") + node + "=" + std::to_string(failed.count) + "@" +
            std::to_string(failed.last);
  }
  return text;
}

std::string Joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

void AddHistory(const PodHistory& history, json* annotations) {
  if (history.retries > 0) {
    (*annotations)[api::kAnnotationRetries] = std::to_string(history.retries);
  }
  if (!history.failures.empty()) {
    (*annotations)[api::kAnnotationFailures] = FailuresText(history.failures);
  }
  if (!history.faults.empty()) {
    (*annotations)[api::kAnnotationNodeFaults] = FaultsText(history.faults);
  }
  if (history.avoid_strictly && !history.avoid_nodes.empty()) {
    (*annotations)[api::kAnnotationAvoids] = Joined(history.avoid_nodes);
  }
}

// Nothing is taken from the template by what a pod inherits.
void Inherit(const api::InheritedMetadata& inherited, json* metadata) {
  for (const auto& [key, value] : inherited.labels) (*metadata)["labels"].emplace(key, value);
  for (const auto& [key, value] : inherited.annotations) {
    (*metadata)["annotations"].emplace(key, value);
  }
}

// A field requirement takes one value only, so there is one for each node.
void AddRequirements(const std::set<std::string>& nodes, json* term) {
  for (const std::string& node : nodes) {
    (*term)["matchFields"].push_back(
        {{"key", "metadata.name"}, {"operator", "NotIn"}, {"values", json::array({node})}});
  }
}

// Terms of a required node affinity are alternatives: the pod has to keep away in each of them.
void AvoidNodes(const PodHistory& history, json* spec) {
  if (history.avoid_nodes.empty()) return;
  json& affinity = (*spec)["affinity"]["nodeAffinity"];
  if (!history.avoid_strictly) {
    json preference = json::object();
    AddRequirements(history.avoid_nodes, &preference);
    affinity["preferredDuringSchedulingIgnoredDuringExecution"].push_back(
        {{"weight", 100}, {"preference", std::move(preference)}});
    return;
  }
  json& terms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  if (terms.empty()) terms = json::array({json::object()});
  for (json& term : terms) AddRequirements(history.avoid_nodes, &term);
}

json Variable(const char* name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

// Where the ranks of a group find each other. Arguments refer to these variables, so they come
// first.
void AddPeers(const std::string& deployment, const json& role_template, const PodIdentity& identity,
              const std::string& role_revision, json* spec) {
  const std::string peers = PeersServiceName(deployment);
  (*spec)["subdomain"] = peers;
  PodIdentity leader = identity;
  leader.rank = 0;
  // The leader binds to its address, which its name may not lead to yet.
  const json own_address{{"name", kLeaderAddress},
                         {"valueFrom", {{"fieldRef", {{"fieldPath", "status.podIP"}}}}}};
  json env = json::array(
      {identity.rank == 0
           ? own_address
           : Variable(kLeaderAddress, PodName(deployment, leader, role_revision) + "." + peers),
       Variable(kRank, std::to_string(identity.rank))});
  const json steps = role_template.value("steps", json::object());
  for (const auto& [name, step] : steps.items()) {
    env.push_back(Variable(name.c_str(), std::to_string(step.get<int>() * identity.rank)));
  }
  const std::string own(api::OwnContainer(identity.role));
  for (json& container : spec->at("containers")) {
    if (container.at("name") != own) continue;
    for (json& variable : container["env"]) env.push_back(std::move(variable));
    container["env"] = std::move(env);
    return;
  }
}

}  // namespace

std::map<std::string, std::string> SlotLabels(const PodIdentity& identity,
                                              const std::string& role_revision,
                                              const std::string& revision) {
  std::map<std::string, std::string> labels{
      {api::kLabelReplica, std::to_string(identity.replica)},
      {api::kLabelRank, std::to_string(identity.rank)},
      {api::kLabelIncarnation, std::to_string(identity.incarnation)},
      {api::kLabelRoleRevision, role_revision},
      {api::kLabelRevision, revision}};
  if (identity.ranks > 1) labels[api::kLabelPeers] = "true";
  return labels;
}

json RenderPod(const api::DisaggDeployment& deployment, const RevisionIdentity& revision,
               const json& role_template, const PodIdentity& identity, const PodHistory& history) {
  const std::string& role_revision = revision.roles.at(identity.role).revision;
  const std::string name = PodName(deployment.meta.name, identity, role_revision);
  json pod{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", role_template["metadata"]},
           {"spec", role_template["spec"]}};
  pod["metadata"]["name"] = name;
  pod["metadata"]["namespace"] = deployment.meta.namespace_name;
  pod["metadata"]["ownerReferences"] = OwnerReferences(deployment);
  for (const auto& [key, value] : SlotLabels(identity, role_revision, revision.name)) {
    pod["metadata"]["labels"][key] = value;
  }
  Inherit(deployment.inherited, &pod["metadata"]);
  AddHistory(history, &pod["metadata"]["annotations"]);
  pod["spec"]["hostname"] = name;
  if (identity.ranks > 1) {
    AddPeers(deployment.meta.name, role_template, identity, role_revision, &pod["spec"]);
  }
  if (identity.ranks > 1) {
    pod["metadata"]["annotations"][api::kAnnotationRanks] = std::to_string(identity.ranks);
  }
  AvoidNodes(history, &pod["spec"]);
  return pod;
}

}  // namespace disagg::render
