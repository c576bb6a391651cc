#include <utility>

#include "controllers/api/labels.h"
#include "controllers/render/canonical.h"
#include "controllers/render/json_patch.h"
#include "controllers/render/metadata.h"
#include "controllers/render/objects.h"
#include "controllers/render/revision.h"
#include "operator/base/parse_number.h"

namespace disagg::render {
namespace {

using nlohmann::json;

json ToJson(const std::map<api::RoleName, RoleIdentity>& roles) {
  json object = json::object();
  for (const auto& [name, role] : roles) {
    json& entry = object[std::string(api::ToString(name))];
    entry = {{"revision", role.revision}, {"specHash", role.spec_hash}, {"epoch", role.epoch}};
    if (role.ranks == 1) continue;
    entry["ranks"] = role.ranks;
    entry["registering"] = role.registering;
  }
  return object;
}

// Absent: one.
std::optional<int> CountFrom(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return 1;
  if (!found->is_number_integer() || *found < 1 || *found > api::kMostNodes) return std::nullopt;
  return found->get<int>();
}

bool HoldsText(const json& object, const char* key) {
  return object.contains(key) && object[key].is_string();
}

std::optional<std::map<api::RoleName, RoleIdentity>> RolesFrom(const std::string& text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  std::map<api::RoleName, RoleIdentity> roles;
  for (const auto& [key, value] : object.items()) {
    const auto name = api::ParseRoleName(key);
    const bool complete = value.is_object() && HoldsText(value, "revision") &&
                          HoldsText(value, "specHash") && value.contains("epoch") &&
                          value["epoch"].is_number_integer();
    if (!name || !complete) return std::nullopt;
    const auto ranks = CountFrom(value, "ranks"), registering = CountFrom(value, "registering");
    if (!ranks || !registering) return std::nullopt;
    roles[*name] = {value["revision"], value["specHash"], value["epoch"], *ranks, *registering};
  }
  // Workers and the router.
  const bool whole = roles.size() > 1 && roles.contains(api::RoleName::kRouter);
  return whole ? std::optional(std::move(roles)) : std::nullopt;
}

// As it is stored: what the pods of a replica have in common, which is nearly all, stands there
// once. Those after the first are patches of it (RFC 6902).
json WithPatches(json rendered) {
  for (json& role : rendered["roles"]) {
    json& pods = role["pods"];
    for (std::size_t i = 1; i < pods.size(); ++i) {
      pods[i]["patch"] = DiffJson(pods[0]["template"], pods[i]["template"]);
      pods[i].erase("template");
    }
  }
  return rendered;
}

// Throws what a damaged text makes the library throw.
json WithoutPatches(json rendered) {
  for (json& role : rendered.at("roles")) {
    json& pods = role.at("pods");
    for (std::size_t i = 1; i < pods.size(); ++i) {
      pods[i]["template"] = pods[0].at("template").patch(pods[i].at("patch"));
      pods[i].erase("patch");
    }
  }
  return rendered;
}

// A template for each of the ranks.
bool HoldsPods(const json& role, int ranks) {
  const auto pods = role.find("pods");
  if (pods == role.end() || !pods->is_array()) return false;
  for (const json& pod : *pods) {
    if (!pod.is_object() || !pod.value("template", json()).is_object()) return false;
    const auto count = CountFrom(pod, "count");
    if (!count) return false;
    ranks -= *count;
  }
  return ranks == 0;
}

// True when `inputs` and `rendered` have every part that the identity speaks of.
bool IsWhole(const Revision& revision) {
  const auto holds = [](const json& object, const std::string& path) {
    const json::json_pointer pointer(path);
    return object.contains(pointer) && object.at(pointer).is_object();
  };
  bool whole = holds(revision.inputs, "/contract") && holds(revision.inputs, "/model");
  for (const auto& [name, role] : revision.identity.roles) {
    const std::string path = "/roles/" + std::string(api::ToString(name));
    whole = whole && holds(revision.inputs, InputsPath(name)) && holds(revision.rendered, path) &&
            HoldsPods(revision.rendered.at(json::json_pointer(path)), role.ranks);
  }
  return whole;
}

std::map<std::string, std::string> TextMap(const json& object, const char* path) {
  std::map<std::string, std::string> map;
  const json::json_pointer pointer(path);
  if (!object.contains(pointer) || !object.at(pointer).is_object()) return map;
  for (const auto& [key, value] : object.at(pointer).items()) {
    if (value.is_string()) map[key] = value;
  }
  return map;
}

}  // namespace

json ToControllerRevision(const Revision& revision, const api::DisaggDeployment& deployment) {
  const RevisionIdentity& identity = revision.identity;
  json labels = CommonLabels(deployment.meta.name, kAppName, "revision");
  labels[api::kLabelRevision] = identity.name;
  labels[api::kLabelContract] = identity.contract;
  const json annotations{{api::kAnnotationSpecHash, identity.spec_hash},
                         {api::kAnnotationContractSpecHash, identity.contract_spec_hash},
                         {api::kAnnotationResolvedHash, identity.resolved_hash},
                         {api::kAnnotationInputsHash, identity.inputs_hash},
                         {api::kAnnotationRevisionNumber, std::to_string(identity.number)},
                         {api::kAnnotationRoles, Canonical(ToJson(identity.roles))}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "ControllerRevision"},
          {"metadata",
           {{"name", RevisionName(deployment.meta.name, identity.name)},
            {"namespace", deployment.meta.namespace_name},
            {"labels", labels},
            {"annotations", annotations}}},
          {"revision", identity.number},
          {"data", {{"inputs", revision.inputs}, {"rendered", WithPatches(revision.rendered)}}}};
}

std::string MissingKeys(const kube::ObjectMeta& meta) {
  std::string missing;
  const auto need = [&](const char* key, const std::string& value) {
    if (value.empty()) missing += (missing.empty() ? "" : ", ") + std::string(key);
  };
  for (const char* key : {api::kLabelRevision, api::kLabelContract}) need(key, meta.label(key));
  for (const char* key :
       {api::kAnnotationSpecHash, api::kAnnotationContractSpecHash, api::kAnnotationResolvedHash,
        api::kAnnotationInputsHash, api::kAnnotationRevisionNumber, api::kAnnotationRoles}) {
    need(key, meta.annotation(key));
  }
  return missing;
}

std::optional<RevisionIdentity> IdentityOf(const kube::ObjectMeta& meta) {
  RevisionIdentity identity;
  identity.name = meta.label(api::kLabelRevision);
  identity.contract = meta.label(api::kLabelContract);
  identity.spec_hash = meta.annotation(api::kAnnotationSpecHash);
  identity.contract_spec_hash = meta.annotation(api::kAnnotationContractSpecHash);
  identity.resolved_hash = meta.annotation(api::kAnnotationResolvedHash);
  identity.inputs_hash = meta.annotation(api::kAnnotationInputsHash);
  for (const std::string* text :
       {&identity.name, &identity.contract, &identity.spec_hash, &identity.contract_spec_hash,
        &identity.resolved_hash, &identity.inputs_hash}) {
    if (text->empty()) return std::nullopt;
  }
  auto roles = RolesFrom(meta.annotation(api::kAnnotationRoles));
  const auto number =
      base::ParseNumber<std::int64_t>(meta.annotation(api::kAnnotationRevisionNumber));
  if (!roles || !number) return std::nullopt;
  identity.roles = std::move(*roles);
  identity.number = *number;
  return identity;
}

std::optional<Revision> RevisionOf(const std::string& text) {
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  kube::ObjectMeta meta;
  meta.labels = kube::StringMap(TextMap(object, "/metadata/labels"));
  meta.annotations = kube::StringMap(TextMap(object, "/metadata/annotations"));
  auto identity = IdentityOf(meta);
  if (!identity) return std::nullopt;
  Revision revision{.identity = std::move(*identity), .inputs = {}, .rendered = {}};
  const json::json_pointer inputs("/data/inputs"), rendered("/data/rendered");
  if (object.contains(inputs)) revision.inputs = std::move(object.at(inputs));
  try {
    revision.rendered = WithoutPatches(std::move(object.at(rendered)));
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return IsWhole(revision) ? std::optional(std::move(revision)) : std::nullopt;
}

}  // namespace disagg::render
