#include "controllers/api/pod_lists.h"

#include <algorithm>
#include <iterator>

#include "controllers/api/json_reader.h"

namespace disagg::api {
namespace {

constexpr std::string_view kName[] = {"name"};
constexpr std::string_view kMountPath[] = {"mountPath"};
constexpr std::string_view kPort[] = {"containerPort", "protocol"};
constexpr std::string_view kSpread[] = {"topologyKey", "whenUnsatisfiable"};

constexpr KeyedList kLists[] = {
    {"containers", kName},
    {"initContainers", kName},
    {"ports", kPort},
    {"topologySpreadConstraints", kSpread},
    {"env", kName, true},
    {"volumes", kName, true},
    {"imagePullSecrets", kName, true},
    {"volumeMounts", kMountPath, true},
};

std::string Part(std::string_view key, const nlohmann::json& element) {
  const auto found = element.find(std::string(key));
  if (found == element.end()) return key == "protocol" ? "TCP" : "";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? ToText(*found) : "";
}

}  // namespace

const KeyedList* FindKeyedList(std::string_view field) {
  const auto found = std::find_if(std::begin(kLists), std::end(kLists),
                                  [&](const KeyedList& list) { return list.field == field; });
  return found == std::end(kLists) ? nullptr : found;
}

std::string KeyOf(const KeyedList& list, const nlohmann::json& element) {
  std::string text;
  if (!element.is_object()) return text;
  for (const std::string_view key : list.keys) {
    const std::string part = Part(key, element);
    if (part.empty()) return "";
    text += (text.empty() ? "" : "/") + part;
  }
  return text;
}

}  // namespace disagg::api
