#pragma once

// `kubectl disagg status`: one line for each deployment. Pure.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/status_view/grid.h"

namespace disagg::status_view {

struct TableOptions {
  bool show_namespace = false;
  std::int64_t now = 0;  // Unix seconds
};

// By namespace and name.
std::string RenderDeployments(std::vector<std::shared_ptr<const api::DisaggDeployment>> deployments,
                              const TableOptions& options, const Style& style);

}  // namespace disagg::status_view
