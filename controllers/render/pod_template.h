#pragma once

// Lays what a user wants of a role's pods over what the operator renders. Pure.

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"

namespace disagg::render {

// `rendered` is {"metadata": {"labels", "annotations"}, "spec"} with the operator's own container
// first. Objects are merged field by field, lists as api/pod_lists.h says; the user's values win.
// Validation has refused what the operator has to set itself.
nlohmann::json LayOver(const api::PodTemplate& wanted, nlohmann::json rendered);

}  // namespace disagg::render
