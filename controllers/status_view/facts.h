#pragma once

// Everything that one picture of a DisaggDeployment is drawn from. What the user may not read is
// absent and shows as "?".

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "operator/kube/object.h"

namespace disagg::status_view {

struct Facts {
  std::shared_ptr<const api::DisaggDeployment> deployment;
  std::optional<std::vector<std::shared_ptr<const kube::Pod>>> pods;            // with its label
  std::map<std::string, std::shared_ptr<const api::AcceleratorClass>> classes;  // by name
  std::int64_t now = 0;                                                         // Unix seconds
};

}  // namespace disagg::status_view
