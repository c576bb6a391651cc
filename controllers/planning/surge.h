#pragma once

// What a role with surge may hold beyond its wanted groups, and what it gives back: a router more
// is worth less than a worker, and a new one that was never ready less than an old one that served.

#include <string>
#include <vector>

#include "controllers/planning/group_state.h"
#include "controllers/planning/removal.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

// What a role may do in this pass, as far as other roles decide it.
struct Turn {
  bool may_create = true;
  bool may_surge = true;  // beyond the wanted ones
  bool yields = false;    // a quota keeps a worker out
};

// `workers_missing`: of the target's contract, created in this pass or later. `workers_wait`: for
// those of another contract.
Turn TurnOf(const Snapshot& snapshot, api::RoleName role, bool workers_wait, int workers_missing);

// Of the groups that hold room, those beyond the wanted ones that have not served yet; none where
// the others have not either.
std::vector<const GroupState*> ThoseThatYield(const std::vector<const GroupState*>& holding,
                                              int desired, const std::string& role_revision);

// A roll-out that is stuck: the new group was never ready, and one of an older revision that has
// served is lost. To create it from the new revision would refuse requests for as long as that is
// wrong; so it is created again from its own, until a new one has been ready. Of `there`, the
// groups of one role and contract, those to create again. `gone`: those of the new revision that
// have left nothing but their history.
std::vector<const GroupState*> LostToStandIn(const std::vector<const GroupState*>& there,
                                             const std::vector<const GroupState*>& gone,
                                             const Limits& limits,
                                             const std::string& role_revision);

}  // namespace disagg::planning
