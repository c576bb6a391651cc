#include "controllers/render/subset.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "operator/base/quantity.h"

namespace disagg::render {
namespace {

using nlohmann::json;

// Fields that tell elements of a list apart, as in the API's own merge keys. `ports` means two
// things: the first field that an element has decides.
const std::vector<std::string_view>& MergeKeys(std::string_view field) {
  static const std::vector<std::string_view> kNone;
  static const std::map<std::string_view, std::vector<std::string_view>> kKeys{
      {"containers", {"name"}},
      {"initContainers", {"name"}},
      {"env", {"name"}},
      {"volumes", {"name"}},
      {"imagePullSecrets", {"name"}},
      {"volumeMounts", {"mountPath"}},
      {"ports", {"containerPort", "port", "protocol"}},
      {"ownerReferences", {"uid"}},
      {"hostAliases", {"ip"}},
      {"topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"}},
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

bool IsAmount(std::string_view field) {
  return field == "requests" || field == "limits" || field == "sizeLimit";
}

// Amounts may be written as numbers too.
std::string AmountText(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool EqualAmounts(const json& a, const json& b) {
  const auto left = base::Quantity::Parse(AmountText(a));
  const auto right = base::Quantity::Parse(AmountText(b));
  return left && right ? *left == *right : a == b;
}

// Where in an object the comparison is.
struct Place {
  std::string_view field;
  bool amount = false;
};

bool Holds(const json& desired, const json& observed, const Place& place);

bool SameElement(const json& a, const json& b, const std::vector<std::string_view>& keys) {
  const auto equal = [&](std::string_view key) {
    const std::string name(key);
    return a.contains(name) == b.contains(name) && (!a.contains(name) || a[name] == b[name]);
  };
  return a.is_object() && b.is_object() && std::all_of(keys.begin(), keys.end(), equal);
}

bool HoldsList(const json& desired, const json& observed, const Place& place) {
  const auto& keys = MergeKeys(place.field);
  if (keys.empty()) {
    return desired.size() == observed.size() &&
           std::equal(desired.begin(), desired.end(), observed.begin(),
                      [](const json& a, const json& b) { return Holds(a, b, {}); });
  }
  return std::all_of(desired.begin(), desired.end(), [&](const json& wanted) {
    return std::any_of(observed.begin(), observed.end(), [&](const json& stored) {
      return SameElement(wanted, stored, keys) && Holds(wanted, stored, {});
    });
  });
}

bool HoldsField(const std::string& key, const json& wanted, const json& observed, bool amount) {
  const auto stored = observed.find(key);
  return stored == observed.end() ? IsNothing(wanted)
                                  : Holds(wanted, *stored, {key, amount || IsAmount(key)});
}

bool HoldsObject(const json& desired, const json& observed, const Place& place) {
  for (const auto& [key, wanted] : desired.items()) {
    if (!HoldsField(key, wanted, observed, place.amount)) return false;
  }
  return true;
}

bool Holds(const json& desired, const json& observed, const Place& place) {
  if (desired.is_object() && observed.is_object()) return HoldsObject(desired, observed, place);
  if (desired.is_array() && observed.is_array()) return HoldsList(desired, observed, place);
  if (place.amount && desired.is_primitive()) return EqualAmounts(desired, observed);
  return desired == observed || (IsNothing(desired) && IsNothing(observed));
}

}  // namespace

bool IsSubset(const json& desired, const json& observed) {
  for (const auto& [key, wanted] : desired.items()) {
    if (key == "apiVersion" || key == "kind") continue;
    if (!HoldsField(key, wanted, observed, false)) return false;
  }
  return true;
}

}  // namespace disagg::render
