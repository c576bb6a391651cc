#pragma once

// The parts of a status that only people read, from its JSON. What is absent or of another type is
// empty. Pure.

#include <map>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/status_view/pod_lines.h"

namespace disagg::status_view {

struct RoleStatus {
  int desired = 0;
  int ready = 0;
  std::string revision;
};

struct StatusFields {
  std::string endpoint;
  std::map<api::RoleName, RoleStatus> roles;
  std::vector<Problem> problems;
  std::map<std::string, std::string> summary;
};

StatusFields ReadStatus(const api::StatusView& status);

}  // namespace disagg::status_view
