#pragma once

// What differs between workers and routers in planning: all of it, in one table. Pure.
//
//            surge  unavailable  stage      devices  requests find it by          budget from
//   workers      0            1  kPods      yes      disagg.dev/discovery=enabled 1 replica
//   router       1            0  kServing   no       disagg.dev/role=router       2 replicas

#include <string>

#include "controllers/api/types.h"
#include "controllers/planning/plan.h"

namespace disagg::planning {

struct RolePolicy {
  // Groups beyond the wanted ones while something replaces others, and how many of the wanted ones
  // may be missing meanwhile; see removal.h. 0 and 1: a group goes, then its successor is created.
  // 1 and 0: the successor is ready before a group goes.
  int surge = 0, unavailable = 1;
  // In which its pods are created and replaced. A router is of no use before the workers are.
  Stage stage = Stage::kPods;
  // Those of another contract go at once, and are waited for. What holds none stays for as long as
  // workers of its contract may still answer.
  bool holds_devices = true;
  // The label that it needs, beside kLabelDeployment, to get requests.
  std::string found_by, found_value;
  // A budget for a single router would only hold up drains.
  int budget_from = 1;
};

const RolePolicy& PolicyOf(api::RoleName role);

}  // namespace disagg::planning
