#include <algorithm>
#include <limits>

#include "controllers/api/decode_parts.h"
#include "operator/base/clock.h"

namespace disagg::api {
namespace {

// Status is read as it comes: what has a wrong type counts as absent.
std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::int64_t IntegerOf(const nlohmann::json& object, const char* key, std::int64_t otherwise) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<std::int64_t>() : otherwise;
}

std::map<RoleName, int> DecodeDesired(const nlohmann::json& status) {
  std::map<RoleName, int> desired;
  const auto roles = status.find("roles");
  if (roles == status.end() || !roles->is_array()) return desired;
  for (const nlohmann::json& item : *roles) {
    if (!item.is_object()) continue;
    const auto role = ParseRoleName(TextOf(item, "role"));
    const std::int64_t count = IntegerOf(item, "desired", -1);
    if (role && count >= 0 && count <= std::numeric_limits<int>::max()) {
      desired[*role] = static_cast<int>(count);
    }
  }
  return desired;
}

std::int64_t TimeOf(const nlohmann::json& object, const char* key) {
  return std::max<std::int64_t>(0, base::ParseTime(TextOf(object, key)));
}

std::vector<CapacityWait> DecodeCapacity(const nlohmann::json& status) {
  std::vector<CapacityWait> waits;
  const auto list = status.find("capacity");
  if (list == status.end() || !list->is_array()) return waits;
  for (const nlohmann::json& item : *list) {
    if (!item.is_object()) continue;
    const std::int64_t attempt = IntegerOf(item, "attempt", 0);
    waits.push_back({.unit = TextOf(item, "unit"),
                     .attempt = static_cast<int>(
                         std::clamp<std::int64_t>(attempt, 0, std::numeric_limits<int>::max())),
                     .retry_at = TimeOf(item, "retryAt"),
                     .observed_generation = IntegerOf(item, "observedGeneration", 0),
                     .message = TextOf(item, "message")});
  }
  return waits;
}

// The statuses of all deployments are one kind of text.
kube::TextPacker& Packer() {
  static kube::TextPacker& packer = *new kube::TextPacker;
  return packer;
}

}  // namespace

std::vector<Condition> DecodeConditions(const nlohmann::json& status) {
  std::vector<Condition> conditions;
  if (!status.is_object()) return conditions;
  const auto list = status.find("conditions");
  if (list == status.end() || !list->is_array()) return conditions;
  for (const nlohmann::json& item : *list) {
    if (!item.is_object()) continue;
    conditions.push_back({.type = TextOf(item, "type"),
                          .status = TextOf(item, "status"),
                          .reason = TextOf(item, "reason"),
                          .message = TextOf(item, "message"),
                          .last_transition_time = TimeOf(item, "lastTransitionTime"),
                          .observed_generation = IntegerOf(item, "observedGeneration", 0)});
  }
  return conditions;
}

StatusView DecodeStatus(const nlohmann::json& status) {
  StatusView view;
  if (!status.is_object()) return view;
  view.observed_generation = IntegerOf(status, "observedGeneration", -1);
  view.current_revision = TextOf(status, "currentRevision");
  view.target_revision = TextOf(status, "targetRevision");
  view.desired = DecodeDesired(status);
  view.conditions = DecodeConditions(status);
  view.capacity = DecodeCapacity(status);
  view.last_served = TimeOf(status, "lastServedTime");
  view.json = Packer().Pack(ToText(status));
  return view;
}

}  // namespace disagg::api
