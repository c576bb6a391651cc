#include "controllers/render/metadata.h"

#include <algorithm>

#include "controllers/api/labels.h"
#include "operator/base/hash.h"

namespace disagg::render {
namespace {

constexpr std::size_t kLongestLabelValue = 63;

// Not isalnum: its answer depends on the locale.
bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string TrimEnds(const std::string& text) {
  const auto begin = std::find_if(text.begin(), text.end(), IsAlphanumeric);
  const auto end = std::find_if(text.rbegin(), text.rend(), IsAlphanumeric).base();
  return begin < end ? std::string(begin, end) : "";
}

}  // namespace

std::string LabelValue(const std::string& text) {
  std::string value = text;
  for (char& c : value) {
    if (!IsAlphanumeric(c) && c != '-' && c != '_' && c != '.') c = '-';
  }
  value = TrimEnds(value);
  if (value.size() <= kLongestLabelValue) return value;
  const std::string hash = base::ShortHash(text);
  return TrimEnds(value.substr(0, kLongestLabelValue - hash.size() - 1)) + "-" + hash;
}

nlohmann::json CommonLabels(const std::string& deployment, const std::string& name,
                            const std::string& component) {
  return {{api::kLabelName, name},           {api::kLabelInstance, deployment},
          {api::kLabelComponent, component}, {api::kLabelManagedBy, api::kManagedByValue},
          {api::kLabelPartOf, kAppName},     {api::kLabelDeployment, deployment}};
}

nlohmann::json OwnerReferences(const api::DisaggDeployment& deployment) {
  return nlohmann::json::array({{{"apiVersion", api::kApiVersion},
                                 {"kind", api::kDisaggDeployments.kind},
                                 {"name", deployment.meta.name},
                                 {"uid", deployment.meta.uid},
                                 {"controller", true},
                                 {"blockOwnerDeletion", true}}});
}

nlohmann::json ChildMetadata(const api::DisaggDeployment& deployment, const std::string& name,
                             const std::string& component) {
  return {{"name", name},
          {"namespace", deployment.meta.namespace_name},
          {"labels", CommonLabels(deployment.meta.name, kAppName, component)},
          {"ownerReferences", OwnerReferences(deployment)}};
}

}  // namespace disagg::render
