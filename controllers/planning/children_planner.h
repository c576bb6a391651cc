#pragma once

// The children that are not pods: accounts, Services, budgets, and the removal of every owned
// object that nothing wants any more.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

struct ChildrenGoal {
  std::map<api::RoleName, int> desired;
  std::map<api::RoleName, int> ranks;  // most pods of a replica, wanted or there; absent: one
  // Pods that are ready beside a leader that drains: their replica is none that may be counted on.
  std::map<api::RoleName, int> draining;
  bool keep_accounts = false;  // pods that still use ours exist, whatever the target names
  // The spec at hand was not accepted, and says nothing about what was: what is missing is made,
  // what is there stays as it is.
  bool heal_only = false;
};

std::vector<Write> PlanChildren(const Snapshot& snapshot, const ChildrenGoal& goal);

// Revisions beyond the history limit that are not in `keep`, by name.
std::vector<Write> PlanHistory(const Snapshot& snapshot, const std::set<std::string>& keep);

}  // namespace disagg::planning
