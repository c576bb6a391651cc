// Labels and annotations of pods: a template's, and those that a deployment hands on.

#include <algorithm>
#include <cctype>
#include <functional>

#include "controllers/api/messages.h"
#include "controllers/api/pod_metadata.h"
#include "controllers/api/validation_pod_parts.h"

namespace disagg::api {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestPrefix = 253;
constexpr char kInherit[] = "spec.podMetadata.inherit";

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && IsAlnum(text.front()) &&
         IsAlnum(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlnum(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsDomain(std::string_view text) {
  return !text.empty() && text.size() <= kLongestPrefix && IsAlnum(text.front()) &&
         IsAlnum(text.back()) && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (std::isalnum(c) != 0 && std::isupper(c) == 0) || c == '-' || c == '.';
         });
}

// "queue-name" or "kueue.x-k8s.io/queue-name"
bool IsKey(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash == key.npos ? IsName(key)
                           : IsDomain(key.substr(0, slash)) && IsName(key.substr(slash + 1));
}

using Metadata = std::map<std::string, std::string>;

void CheckKeys(const Metadata& metadata, const std::string& path,
               const std::function<std::string_view(std::string_view)>& why_reserved,
               Errors* errors) {
  for (const auto& [key, value] : metadata) {
    const std::string_view why = why_reserved(key);
    const std::string field = path + "[\"" + key + "\"]";
    if (!why.empty()) {
      errors->push_back(
          ErrorOf(field, value, "is the operator's to set: " + std::string(why) + "; remove it"));
    } else if (!IsKey(key)) {
      errors->push_back(ErrorOf(field, value,
                                "its key is none for Kubernetes; write name or domain/name, with "
                                "at most 63 letters, digits and - _ . in the name"));
    }
  }
}

void CheckEntry(const std::string& path, const std::string& entry, Errors* errors) {
  const std::size_t star = entry.find('*');
  const std::string_view forbidden = ForbiddenKeyOf(entry);
  if (entry.empty() || (star != entry.npos && star + 1 != entry.size())) {
    errors->push_back(ErrorOf(path, entry,
                              "is neither a key nor the beginning of keys; write a key, or a "
                              "beginning with a * behind it, like billing.example.com/*"));
  } else if (!forbidden.empty()) {
    const std::string matched =
        star == entry.npos ? "" : "matches " + std::string(forbidden) + ", which ";
    errors->push_back(
        ErrorOf(path, entry,
                matched + "no pod inherits: " + std::string(WhyNotInherited(forbidden)) +
                    (star == entry.npos ? "; remove it" : "; write a longer beginning")));
  } else if (star == entry.npos && !IsKey(entry)) {
    errors->push_back(ErrorOf(path, entry,
                              "is no key for Kubernetes; write name or domain/name, with at most "
                              "63 letters, digits and - _ . in the name"));
  }
}

}  // namespace

void CheckTemplateMetadata(const TemplatePlace& place, const std::string& path, Errors* errors) {
  const PodTemplate& wanted = place.spec->pod_template(place.role);
  CheckKeys(wanted.labels, path + ".labels", WhyReservedLabel, errors);
  CheckKeys(wanted.annotations, path + ".annotations", WhyReservedAnnotation, errors);
  for (const auto& [key, value] : wanted.labels) {
    if (value.empty() || IsName(value)) continue;
    errors->push_back(ErrorOf(path + ".labels[\"" + key + "\"]", value,
                              "is no value of a label; write at most 63 letters, digits and "
                              "- _ . between a letter or digit at each end, or an annotation"));
  }
}

void CheckInherited(const DisaggDeployment& deployment, Errors* errors) {
  const std::vector<std::string>& entries = deployment.spec.inherit;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CheckEntry(std::string(kInherit) + "[" + std::to_string(i) + "]", entries[i], errors);
  }
  if (deployment.inherited.bytes <= kMostInheritedBytes) return;
  errors->push_back(ErrorAt(
      kInherit, "matches " + std::to_string(deployment.inherited.bytes) +
                    " bytes of labels and annotations, which every pod would hold; at most " +
                    std::to_string(kMostInheritedBytes) + "; name fewer keys"));
}

}  // namespace disagg::api
