#pragma once

// Every rule that must hold before a pod exists and that the API server cannot check (and, again,
// those it can: an object may be older than a rule). The same code serves the reconciler and
// `kubectl disagg`. Pure.

#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"

namespace disagg::api {

// All errors, in the order of the fields; empty: valid. Includes `resolution.errors`.
std::vector<FieldError> Validate(const DisaggDeployment& deployment, const Resolution& resolution);

}  // namespace disagg::api
