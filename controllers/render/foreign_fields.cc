#include "controllers/render/foreign_fields.h"

#include <string>

namespace disagg::render {
namespace {

using nlohmann::json;

json Spec(const json& object) { return object.value("spec", json::object()); }

json ExtraKeys(const json& desired, const json& observed) {
  json extra = json::object();
  for (const auto& [key, value] : observed.items()) {
    if (!desired.contains(key)) extra[key] = nullptr;
  }
  return extra;
}

void RemoveIf(const char* field, const json& value, const json& desired, const json& observed,
              json* patch) {
  if (!desired.contains(field) && observed.value(field, json()) == value) (*patch)[field] = nullptr;
}

}  // namespace

json ForeignFields(const kube::Resource& resource, const json& desired, const json& observed) {
  if (!observed.is_object() || !(resource == kube::kServices)) return json::object();
  const json wanted = Spec(desired), stored = Spec(observed);
  json spec = json::object();
  json extra =
      ExtraKeys(wanted.value("selector", json::object()), stored.value("selector", json::object()));
  if (!extra.empty()) spec["selector"] = std::move(extra);
  RemoveIf("internalTrafficPolicy", "Local", wanted, stored, &spec);
  RemoveIf("publishNotReadyAddresses", true, wanted, stored, &spec);
  if (spec.empty()) return json::object();
  return {{"spec", std::move(spec)}};
}

}  // namespace disagg::render
