#include "controllers/api/pod_metadata.h"

#include <algorithm>

#include "controllers/api/labels.h"

namespace disagg::api {
namespace {

constexpr std::string_view kOurs = "disagg.dev/";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

constexpr std::string_view kOwn = "the operator knows its pods by these keys";

bool Matches(std::string_view entry, std::string_view key) {
  if (!entry.ends_with('*')) return entry == key;
  return key.starts_with(entry.substr(0, entry.size() - 1));
}

}  // namespace

bool IsInherited(const std::vector<std::string>& entries, std::string_view key) {
  return WhyNotInherited(key).empty() &&
         std::any_of(entries.begin(), entries.end(),
                     [&](const std::string& entry) { return Matches(entry, key); });
}

std::string_view WhyNotInherited(std::string_view key) {
  if (key == kLastApplied) return "kubectl keeps a copy of the whole object there";
  return WhyReservedLabel(key);
}

std::string_view WhyReservedLabel(std::string_view key) {
  if (key == kLabelLlmdRole || key == kLabelLlmdModel) {
    return "endpoint pickers know pods by it";
  }
  return WhyReservedAnnotation(key);
}

std::string_view WhyReservedAnnotation(std::string_view key) {
  return key.starts_with(kOurs) ? kOwn : std::string_view();
}

std::string_view ForbiddenKeyOf(std::string_view entry) {
  if (entry.starts_with(kOurs)) return entry;
  for (const std::string_view key :
       {kOurs, kLastApplied, std::string_view(kLabelLlmdRole), std::string_view(kLabelLlmdModel)}) {
    if (Matches(entry, key)) return key;
  }
  return "";
}

}  // namespace disagg::api
