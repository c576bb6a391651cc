#pragma once

// Fields that a CRD does not have. The API server refuses them (kubectl asks it to), the decoders
// of controllers/api, which must read objects of other versions, skip them. Pure.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "controllers/api/resolution.h"

namespace kubectl_disagg {

// Of an object of one of our kinds; empty for another kind.
std::vector<disagg::api::FieldError> FindUnknownFields(const nlohmann::json& object);

}  // namespace kubectl_disagg
