#pragma once

// `kubectl disagg status NAME`: one deployment with its router, roles and pods, and what is wrong
// with it. Pure.

#include <string>

#include "controllers/status_view/facts.h"
#include "controllers/status_view/grid.h"

namespace disagg::status_view {

std::string RenderDeployment(const Facts& facts, const Style& style);

}  // namespace disagg::status_view
