#pragma once

// The line of one role: how many are ready, what one replica is, which revision it runs. Pure.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/status_view/facts.h"
#include "controllers/status_view/pod_lines.h"
#include "controllers/status_view/status_fields.h"

namespace disagg::status_view {

// `pods` are the role's; nothing when they may not be read.
Row RoleLine(const Facts& facts, api::RoleName role, const RoleStatus& status,
             const std::optional<RolePods>& pods);

// How many of a role are ready: as the pods say, or where they may not be read, the status. "1/2"
Cell Readiness(const RoleStatus& status, const std::optional<RolePods>& pods);

}  // namespace disagg::status_view
