#include "operator/cmd/kubectl-disagg/schema.h"

#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"
#include "operator/cmd/kubectl-disagg/crds.h"
#include "operator/cmd/kubectl-disagg/manifest.h"

namespace kubectl_disagg {
namespace {

namespace api = disagg::api;
using nlohmann::json;

json SchemaOf(const char* crd) {
  const auto manifests = ReadManifests("crd", crd);
  return manifests->at(0).object.at("/spec/versions/0/schema/openAPIV3Schema"_json_pointer);
}

const std::map<kube::Resource, json>& Schemas() {
  static const std::map<kube::Resource, json> kSchemas{
      {api::kDisaggDeployments, SchemaOf(kDisaggDeploymentCrd)},
      {api::kServingModels, SchemaOf(kServingModelCrd)},
      {api::kAcceleratorClasses, SchemaOf(kAcceleratorClassCrd)}};
  return kSchemas;
}

// "spec.engine.env[0]" -> "spec.engine.env", as kubectl explain has it.
std::string WithoutIndexes(const std::string& path) {
  std::string text;
  bool inside = false;
  for (const char c : path) {
    inside = inside || c == '[';
    if (!inside) text += c;
    inside = inside && c != ']';
  }
  return text;
}

class Walk {
 public:
  explicit Walk(const kube::Resource& resource) : resource_(resource) {}

  std::vector<api::FieldError> Run(const json& object, const json& schema) {
    Visit(object, schema, "");
    return std::move(errors_);
  }

 private:
  void Visit(const json& value, const json& schema, const std::string& path) {
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        Visit(value[i], schema["items"], path + "[" + std::to_string(i) + "]");
      }
    }
    if (!value.is_object() || !schema.contains("properties")) return;
    const json& properties = schema["properties"];
    for (const auto& [key, field] : value.items()) {
      const std::string field_path = path.empty() ? key : path + "." + key;
      // Metadata is the API server's; a CRD only adds to it.
      if (field_path == "metadata") continue;
      if (properties.contains(key)) {
        Visit(field, properties[key], field_path);
      } else {
        errors_.push_back(
            {field_path, field_path + ": unknown field; " + Advice(key, properties, path)});
      }
    }
  }

  std::string Advice(const std::string& key, const json& properties,
                     const std::string& path) const {
    std::vector<std::string> known;
    for (const auto& [name, property] : properties.items()) known.push_back(name);
    const auto near = api::NearNames(key, known);
    if (!near.empty()) return "did you mean \"" + near[0] + "\"?";
    const std::string explained =
        resource_.plural + (path.empty() ? "" : "." + WithoutIndexes(path));
    return "`kubectl explain " + explained + "` lists the fields";
  }

  const kube::Resource& resource_;
  std::vector<api::FieldError> errors_;
};

}  // namespace

std::vector<api::FieldError> FindUnknownFields(const json& object) {
  for (const auto& [resource, schema] : Schemas()) {
    if (object.value("kind", "") == resource.kind) return Walk(resource).Run(object, schema);
  }
  return {};
}

}  // namespace kubectl_disagg
