#include "controllers/reconcile/replacement.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;

// What makes `wanted` of `live`: members that are not wanted are null. Lists are replaced whole.
json Exactly(const json& wanted, const json& live) {
  if (!wanted.is_object() || !live.is_object()) return wanted;
  json patch = json::object();
  for (const auto& [key, value] : live.items()) {
    if (!wanted.contains(key)) patch[key] = nullptr;
  }
  for (const auto& [key, value] : wanted.items()) {
    patch[key] = live.contains(key) ? Exactly(value, live.at(key)) : value;
  }
  return patch;
}

}  // namespace

json ReplacementPatch(const json& wanted, const json& live) {
  json patch = wanted;
  for (const auto& [key, value] : wanted.items()) {
    if (key != "metadata" && live.contains(key)) patch[key] = Exactly(value, live.at(key));
  }
  const json& metadata = live.at("metadata");
  patch["metadata"]["uid"] = metadata.at("uid");
  patch["metadata"]["resourceVersion"] = metadata.at("resourceVersion");
  return patch;
}

}  // namespace disagg::reconcile
