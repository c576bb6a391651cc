#include "controllers/planning/role_policy.h"

#include "controllers/api/labels.h"

namespace disagg::planning {

const RolePolicy& PolicyOf(api::RoleName role) {
  static const RolePolicy& workers = *new RolePolicy{.surge = 0,
                                                     .unavailable = 1,
                                                     .stage = Stage::kPods,
                                                     .holds_devices = true,
                                                     .found_by = api::kLabelDiscovery,
                                                     .found_value = api::kDiscoveryEnabled,
                                                     .budget_from = 1};
  static const RolePolicy& router =
      *new RolePolicy{.surge = 1,
                      .unavailable = 0,
                      .stage = Stage::kServing,
                      .holds_devices = false,
                      .found_by = api::kLabelRole,
                      .found_value = std::string(api::ToString(api::RoleName::kRouter)),
                      .budget_from = 2};
  return api::IsWorker(role) ? workers : router;
}

}  // namespace disagg::planning
