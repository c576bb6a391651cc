#pragma once

// What a spec may say and hardly means: told, never refused. Pure.

#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"

namespace disagg::api {

// In the order of the fields. Reason: UnknownFlag.
std::vector<FieldError> FindWarnings(const DeploymentSpec& spec);

}  // namespace disagg::api
