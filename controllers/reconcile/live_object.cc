#include "controllers/reconcile/live_object.h"

#include <nlohmann/json.hpp>

#include "controllers/api/labels.h"
#include "controllers/api/types.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;

std::string Text(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::map<std::string, std::string> Texts(const json& object, const char* field) {
  std::map<std::string, std::string> texts;
  const auto found = object.find(field);
  if (found == object.end() || !found->is_object()) return texts;
  for (const auto& [key, value] : found->items()) {
    if (value.is_string()) texts[key] = value.get<std::string>();
  }
  return texts;
}

json ControllerOf(const json& metadata) {
  const auto owners = metadata.find("ownerReferences");
  if (owners == metadata.end() || !owners->is_array()) return nullptr;
  for (const json& owner : *owners) {
    if (!owner.is_object()) continue;
    const auto controller = owner.find("controller");
    if (controller != owner.end() && *controller == true) return owner;
  }
  return nullptr;
}

Standing StandingOf(const json& metadata, const LiveObject& live, const kube::ObjectMeta& owner) {
  const json controller = ControllerOf(metadata);
  if (controller.is_null()) {
    const auto label = live.labels.find(api::kLabelDeployment);
    const bool ours_once = label != live.labels.end() && label->second == owner.name;
    return ours_once ? Standing::kOrphan : Standing::kForeign;
  }
  if (Text(controller, "uid") == owner.uid) {
    return metadata.contains("deletionTimestamp") ? Standing::kEnding : Standing::kOurs;
  }
  const bool same_name =
      Text(controller, "apiVersion").starts_with(api::kDisaggDeployments.group + "/") &&
      Text(controller, "kind") == api::kDisaggDeployments.kind &&
      Text(controller, "name") == owner.name;
  return same_name ? Standing::kPredecessor : Standing::kForeign;
}

}  // namespace

LiveObject ReadLive(const std::string& text, const kube::ObjectMeta& owner) {
  LiveObject live;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return live;
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return live;
  live.uid = Text(*metadata, "uid");
  live.resource_version = Text(*metadata, "resourceVersion");
  live.labels = Texts(*metadata, "labels");
  live.annotations = Texts(*metadata, "annotations");
  live.standing = StandingOf(*metadata, live, owner);
  return live;
}

bool IsOfDeployment(const kube::ObjectMeta& child) {
  return child.controller_group == api::kDisaggDeployments.group &&
         child.controller_kind == api::kDisaggDeployments.kind;
}

bool SaysAbsent(const base::Error& error) {
  return error.code == base::ErrorCode::kNotFound && error.reason == "NotFound";
}

}  // namespace disagg::reconcile
