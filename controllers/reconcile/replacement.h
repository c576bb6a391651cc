#pragma once

// The patch that brings an object of ours to what we want where an apply cannot: fields of another
// manager beside ours can make the whole invalid (a PodDisruptionBudget with minAvailable and
// maxUnavailable). Pure.

#include <nlohmann/json.hpp>

namespace disagg::reconcile {

// A JSON merge patch: every top-level member of `wanted` but metadata replaces that of `live`, with
// nothing of others left in it; metadata is added to. It holds only while the object has the UID
// and the resourceVersion of `live`.
nlohmann::json ReplacementPatch(const nlohmann::json& wanted, const nlohmann::json& live);

}  // namespace disagg::reconcile
