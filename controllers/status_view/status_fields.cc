#include "controllers/status_view/status_fields.h"

#include <nlohmann/json.hpp>

namespace disagg::status_view {
namespace {

using nlohmann::json;

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int Integer(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int>() : 0;
}

// The objects in the list under `key`.
std::vector<json> Objects(const json& object, const char* key) {
  std::vector<json> objects;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return objects;
  for (const json& item : *found) {
    if (item.is_object()) objects.push_back(item);
  }
  return objects;
}

}  // namespace

StatusFields ReadStatus(const api::StatusView& status) {
  StatusFields fields;
  const json object = json::parse(status.json.Unpack(), nullptr, false);
  if (!object.is_object()) return fields;
  fields.endpoint = Text(object, "endpoint");
  for (const json& item : Objects(object, "roles")) {
    const auto role = api::ParseRoleName(Text(item, "role"));
    if (role) {
      fields.roles[*role] = {Integer(item, "desired"), Integer(item, "ready"),
                             Text(item, "revision")};
    }
  }
  for (const json& item : Objects(object, "problems")) {
    fields.problems.push_back({.role = Text(item, "role"),
                               .pod = Text(item, "pod"),
                               .node = Text(item, "node"),
                               .reason = Text(item, "reason"),
                               .message = Text(item, "message")});
  }
  if (const auto summary = object.find("summary");
      summary != object.end() && summary->is_object()) {
    for (const auto& [key, value] : summary->items()) {
      fields.summary[key] = Text(*summary, key.c_str());
    }
  }
  return fields;
}

}  // namespace disagg::status_view
