// What a user hands to pods as it is: templates and metadata.

#include <utility>

#include "controllers/api/decode_parts.h"
#include "controllers/api/pod_metadata.h"

namespace disagg::api {
namespace {

using nlohmann::json;

// A null in an object is an absent field, as for the API server. One in a list is an error, which
// validation reports.
json WithoutNulls(const json& value) {
  json kept = value.is_array() ? json::array() : json::object();
  if (value.is_array()) {
    for (const json& item : value) kept.push_back(WithoutNulls(item));
  } else if (value.is_object()) {
    for (const auto& [key, field] : value.items()) {
      if (!field.is_null()) kept[key] = WithoutNulls(field);
    }
  } else {
    kept = value;
  }
  return kept;
}

std::map<std::string, std::string> Matching(const std::map<std::string, std::string>& all,
                                            const std::vector<std::string>& entries,
                                            std::size_t* bytes) {
  std::map<std::string, std::string> matching;
  for (const auto& [key, value] : all) {
    if (!IsInherited(entries, key)) continue;
    *bytes += key.size() + value.size();
    matching.emplace(key, value);
  }
  return matching;
}

}  // namespace

PodTemplate DecodePodTemplate(const JsonReader& owner) {
  const JsonReader pod_template = owner.Child("podTemplate");
  const JsonReader metadata = pod_template.Child("metadata");
  PodTemplate decoded{.labels = metadata.TextMap("labels"),
                      .annotations = metadata.TextMap("annotations"),
                      .spec = ""};
  json spec = json::object();
  for (const auto& [key, value] : pod_template.Fields("spec")) {
    if (!value->is_null()) spec[key] = WithoutNulls(*value);
  }
  if (!spec.empty()) decoded.spec = ToText(spec);
  return decoded;
}

InheritedMetadata DecodeInherited(const JsonReader& root, const std::vector<std::string>& entries) {
  InheritedMetadata inherited;
  if (entries.empty()) return inherited;
  const JsonReader metadata = root.Child("metadata");
  inherited.labels = Matching(metadata.TextMap("labels"), entries, &inherited.bytes);
  inherited.annotations = Matching(metadata.TextMap("annotations"), entries, &inherited.bytes);
  if (inherited.bytes > kMostInheritedBytes) {
    inherited.labels.clear();
    inherited.annotations.clear();
  }
  return inherited;
}

}  // namespace disagg::api
