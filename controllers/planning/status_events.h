#pragma once

// What is told as an event: what a pass did, and what has changed since the status was written
// last.

#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/planning/conditions.h"
#include "controllers/planning/plan.h"
#include "controllers/planning/problems.h"

namespace disagg::planning {

struct Note {
  bool warning = false;
  std::string reason, action, message;
  friend bool operator==(const Note&, const Note&) = default;
};

// Pods that were created, in one note for all roles.
std::vector<Note> ActionsOf(const Plan& plan, const Outcome& outcome);

// `deployment` has the status written last; `waits`, `conditions` and `problems` are what is true
// now.
std::vector<Note> Transitions(const api::DisaggDeployment& deployment, const CapacityWaits& waits,
                              const ConditionSet& conditions, const std::vector<Problem>& problems);

}  // namespace disagg::planning
