#include "controllers/render/subset.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace disagg::render {
namespace {

using nlohmann::json;

// Fields that tell elements of a list apart, as in the API's own merge keys.
const std::vector<std::string_view>& MergeKeys(std::string_view field) {
  static const std::vector<std::string_view> kNone;
  static const std::map<std::string_view, std::vector<std::string_view>> kKeys{
      {"ports", {"port", "protocol"}},
      {"ownerReferences", {"uid"}},
  };
  const auto found = kKeys.find(field);
  return found == kKeys.end() ? kNone : found->second;
}

bool IsNothing(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return true;
    case json::value_t::boolean:
      return !value.get<bool>();
    case json::value_t::string:
      return value.get_ref<const std::string&>().empty();
    case json::value_t::object:
    case json::value_t::array:
      return value.empty();
    default:
      return value == 0;
  }
}

// `field`: where in an object the comparison is; "" within a list.
bool Holds(const json& desired, const json& observed, std::string_view field);

bool SameElement(const json& a, const json& b, const std::vector<std::string_view>& keys) {
  const auto equal = [&](std::string_view key) {
    const std::string name(key);
    return a.contains(name) == b.contains(name) && (!a.contains(name) || a[name] == b[name]);
  };
  return a.is_object() && b.is_object() && std::all_of(keys.begin(), keys.end(), equal);
}

bool HoldsList(const json& desired, const json& observed, std::string_view field) {
  const auto& keys = MergeKeys(field);
  if (keys.empty()) {
    return desired.size() == observed.size() &&
           std::equal(desired.begin(), desired.end(), observed.begin(),
                      [](const json& a, const json& b) { return Holds(a, b, ""); });
  }
  return std::all_of(desired.begin(), desired.end(), [&](const json& wanted) {
    return std::any_of(observed.begin(), observed.end(), [&](const json& stored) {
      return SameElement(wanted, stored, keys) && Holds(wanted, stored, "");
    });
  });
}

bool HoldsField(const std::string& key, const json& wanted, const json& observed) {
  const auto stored = observed.find(key);
  return stored == observed.end() ? IsNothing(wanted) : Holds(wanted, *stored, key);
}

bool HoldsObject(const json& desired, const json& observed) {
  for (const auto& [key, wanted] : desired.items()) {
    if (!HoldsField(key, wanted, observed)) return false;
  }
  return true;
}

bool Holds(const json& desired, const json& observed, std::string_view field) {
  if (desired.is_object() && observed.is_object()) return HoldsObject(desired, observed);
  if (desired.is_array() && observed.is_array()) return HoldsList(desired, observed, field);
  return desired == observed || (IsNothing(desired) && IsNothing(observed));
}

}  // namespace

bool IsSubset(const json& desired, const json& observed) {
  for (const auto& [key, wanted] : desired.items()) {
    if (key == "apiVersion" || key == "kind") continue;
    if (!HoldsField(key, wanted, observed)) return false;
  }
  return true;
}

}  // namespace disagg::render
