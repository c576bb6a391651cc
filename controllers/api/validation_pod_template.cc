// Pod templates: what the operator has to set itself, and what can be known to be wrong without a
// cluster. The API server judges the rest, by a dry run of each kind of pod.

#include <algorithm>
#include <set>

#include "controllers/api/json_reader.h"
#include "controllers/api/messages.h"
#include "controllers/api/near_names.h"
#include "controllers/api/node_selectors.h"
#include "controllers/api/pod_lists.h"
#include "controllers/api/validation_pod_parts.h"

namespace disagg::api {
namespace {

using nlohmann::json;

constexpr int kFarthest = 2;
constexpr std::size_t kShortestField = 4;

bool IsPlain(std::string_view key) {
  return !key.empty() && key.find_first_of("./\"[] ") == key.npos;
}

// Directives of a strategic merge patch would end up in the pod; nulls in lists as well.
void CheckDirectives(const json& value, const std::string& path, Errors* errors) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string item = path + "[" + std::to_string(i) + "]";
      if (value[i].is_null()) errors->push_back(ErrorAt(item, "is null; remove it"));
      CheckDirectives(value[i], item, errors);
    }
  }
  if (!value.is_object()) return;
  for (const auto& [key, field] : value.items()) {
    const std::string field_path = FieldPath(path, key);
    if (key.starts_with('$')) {
      errors->push_back(ErrorOf(field_path, ValueText(field),
                                "is a directive of a patch; a template adds and overrides, it "
                                "removes nothing; remove it"));
    } else {
      CheckDirectives(field, field_path, errors);
    }
  }
}

void CheckReservedFields(const TemplatePlace& place, const json& pod, const std::string& path,
                         Errors* errors) {
  for (const auto& [key, value] : pod.items()) {
    const ReservedField* reserved = FindReservedPodField(key);
    if (reserved != nullptr) Refuse(place, *reserved, FieldPath(path, key), value, errors);
  }
}

void CheckVolumes(const TemplatePlace& place, const json& pod, const std::string& path,
                  Errors* errors) {
  const auto volumes = pod.find("volumes");
  if (volumes == pod.end() || !volumes->is_array()) return;
  for (std::size_t i = 0; i < volumes->size(); ++i) {
    const std::string name = KeyOf(*FindKeyedList("volumes"), (*volumes)[i]);
    const ReservedField* reserved = FindReservedVolume(place.role, name);
    if (reserved == nullptr) continue;
    Refuse(place, *reserved, path + ".volumes[" + std::to_string(i) + "].name", name, errors);
  }
}

// Selectors are merged by key; what class, model and placement ask for stands.
void CheckNodeSelector(const TemplatePlace& place, const json& pod, const std::string& path,
                       Errors* errors) {
  const json* selector = ObjectIn(pod, "nodeSelector", path, errors);
  if (selector == nullptr) return;
  std::map<std::string, std::string> wanted;
  const std::string selector_path = path + ".nodeSelector";
  for (const auto& [key, value] : selector->items()) {
    if (value.is_string()) {
      wanted[key] = value;
    } else {
      errors->push_back(ErrorOf(FieldPath(selector_path, key), ValueText(value),
                                "is no string, as all labels are; put it in quotes"));
    }
  }
  if (place.resolved == nullptr) return;
  const AcceleratorClass& type = *place.resolved->accelerator;
  const std::string model = place.model == nullptr ? "" : place.model->meta.name;
  for (const auto& [labels, whose] :
       {std::pair(NodesOf(type), "AcceleratorClass " + type.meta.name),
        std::pair(place.resolved->artifact.node_selector, "the weights of ServingModel " + model),
        std::pair(place.spec->placement.node_selector, std::string("spec.placement"))}) {
    const std::string text = Contradiction(wanted, "it", labels, whose);
    if (text.empty()) continue;
    errors->push_back(
        ErrorAt(selector_path, text + "; remove the key here", "NodeSelectorConflict"));
  }
}

void CheckSpec(const TemplatePlace& place, const json& pod, const std::string& path,
               Errors* errors) {
  CheckDirectives(pod, path, errors);
  CheckReservedFields(place, pod, path, errors);
  CheckSpelling(pod, KnownPodFields(), "a pod's spec", path, errors);
  CheckKeyedLists(pod, path, errors);
  CheckVolumes(place, pod, path, errors);
  CheckNodeSelector(place, pod, path, errors);
  CheckContainers(place, pod, path, errors);
}

void CheckTemplate(const TemplatePlace& place, Errors* errors) {
  const PodTemplate& wanted = place.spec->pod_template(place.role);
  CheckTemplateMetadata(place, place.owner + ".podTemplate.metadata", errors);
  if (wanted.spec.empty()) return;
  const json pod = json::parse(wanted.spec, nullptr, /*allow_exceptions=*/false);
  if (pod.is_object()) CheckSpec(place, pod, place.owner + ".podTemplate.spec", errors);
}

}  // namespace

std::string FieldPath(const std::string& path, std::string_view key) {
  return IsPlain(key) ? path + "." + std::string(key) : path + "[\"" + std::string(key) + "\"]";
}

std::string ValueText(const json& value) {
  return value.is_string() ? value.get<std::string>() : ToText(value);
}

const json* ObjectIn(const json& object, const char* key, const std::string& path, Errors* errors) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_object()) return found == object.end() ? nullptr : &*found;
  errors->push_back(ErrorOf(FieldPath(path, key), ValueText(*found), "must be an object"));
  return nullptr;
}

const json* ListIn(const json& object, const char* key, const std::string& path, Errors* errors) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_array()) return found == object.end() ? nullptr : &*found;
  errors->push_back(ErrorOf(FieldPath(path, key), ValueText(*found), "must be a list"));
  return nullptr;
}

void Refuse(const TemplatePlace& place, const ReservedField& reserved, const std::string& path,
            const json& value, Errors* errors) {
  std::string fix(reserved.fix);
  constexpr std::string_view kOwner = "<role>";
  if (const auto at = fix.find(kOwner); at != fix.npos) fix.replace(at, kOwner.size(), place.owner);
  errors->push_back(ErrorOf(path, ValueText(value),
                            "is the operator's to set: " + std::string(reserved.why) + "; " + fix));
}

void CheckSpelling(const json& object, std::span<const std::string_view> known,
                   const std::string& what, const std::string& path, Errors* errors) {
  for (const auto& [key, value] : object.items()) {
    if (key.size() < kShortestField || std::find(known.begin(), known.end(), key) != known.end()) {
      continue;
    }
    const auto near = std::find_if(known.begin(), known.end(), [&key = key](std::string_view name) {
      return EditDistance(key, name) <= kFarthest;
    });
    if (near == known.end()) continue;
    errors->push_back(ErrorAt(FieldPath(path, key), "is no field of " + what + "; did you mean " +
                                                        Quoted(std::string(*near)) + "?"));
  }
}

void CheckKeyedLists(const json& object, const std::string& path, Errors* errors) {
  for (const auto& [field, value] : object.items()) {
    const KeyedList* list = FindKeyedList(field);
    if (list == nullptr || ListIn(object, field.c_str(), path, errors) == nullptr) continue;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string item = path + "." + field + "[" + std::to_string(i) + "]";
      const std::string key = KeyOf(*list, value[i]);
      const std::string name(list->keys.front());
      if (value[i].is_null()) continue;  // told as such
      if (key.empty()) {
        errors->push_back(
            ErrorOf(item, ValueText(value[i]),
                    "has no " + name + ", which tells it from others; write its " + name));
      } else if (!seen.insert(key).second) {
        errors->push_back(ErrorOf(item + "." + name, key, "is listed twice; remove one"));
      }
    }
  }
}

void CheckPodTemplates(const DeploymentSpec& spec, const Resolution& resolution, Errors* errors) {
  TemplatePlace place{.role = RoleName::kRouter,
                      .owner = RolePath(RoleName::kRouter),
                      .spec = &spec,
                      .resolved = nullptr,
                      .model = resolution.model.get()};
  for (const auto& [name, role] : spec.roles) {
    place.role = name;
    place.owner = RolePath(name);
    const auto resolved = resolution.roles.find(name);
    place.resolved = resolved == resolution.roles.end() ? nullptr : &resolved->second;
    CheckTemplate(place, errors);
  }
  place.role = RoleName::kRouter;
  place.owner = RolePath(RoleName::kRouter);
  place.resolved = nullptr;
  CheckTemplate(place, errors);
}

}  // namespace disagg::api
