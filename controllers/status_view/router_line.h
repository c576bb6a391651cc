#pragma once

// The line of the routers: how many are ready, where requests go, how and to whom they are passed
// on. Pure.

#include <optional>
#include <vector>

#include "controllers/status_view/facts.h"
#include "controllers/status_view/pod_lines.h"
#include "controllers/status_view/status_fields.h"

namespace disagg::status_view {

// `pods` are the routers'; nothing when they may not be read.
Row RouterLine(const Facts& facts, const StatusFields& status, const std::optional<RolePods>& pods,
               const std::vector<planning::PodState>& all);

}  // namespace disagg::status_view
