#pragma once

// Whether a ServingModel's names are its own.

#include <nlohmann/json.hpp>

#include "controllers/api/resolution.h"

namespace disagg::planning {

struct ModelStatus {
  nlohmann::json status;  // {conditions: [Accepted]}
  bool changed = false;
};

// Accepted=False when an alias belongs to an older entry (that entry keeps working).
ModelStatus PlanModelStatus(const api::Catalogue& catalogue, const api::ServingModel& model,
                            std::int64_t now);

}  // namespace disagg::planning
