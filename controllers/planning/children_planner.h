#pragma once

// The children that are not worker pods: accounts, Services, routers, budgets, and the removal of every owned object that
// nothing wants any more.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

// A revision whose router has to run: the target's, and that of an older contract while workers of it are still there.
struct RouterGoal {
  render::RevisionIdentity revision;
  std::string router_template;  // JSON text
  int replicas = 1;
};

struct ChildrenGoal {
  render::RevisionIdentity target;
  std::vector<RouterGoal> routers;
  std::map<api::RoleName, int> desired;
  bool keep_accounts = false;  // workers that still use ours exist, whatever the target names
  Gate gate = Gate::kAlways;
};

std::vector<Write> PlanChildren(const Snapshot& snapshot, const ChildrenGoal& goal);

// Revisions beyond the history limit that no pod, no router and no status speaks of. `keep` are names.
std::vector<Write> PlanHistory(const Snapshot& snapshot, const std::set<std::string>& keep);

}  // namespace disagg::planning
