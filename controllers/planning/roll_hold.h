#pragma once

// A scale-down in mid-roll takes the new groups that are not ready, not the old ones that serve. To
// roll on at once would take these after all: the roll waits for as long as the new group would
// have had to start, and for a change of the spec where that group was in trouble.

#include <cstdint>
#include <optional>
#include <vector>

#include "controllers/planning/group_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

struct RollHold {
  const GroupState* released = nullptr;  // the new group that was given back
  std::optional<std::int64_t> until;     // nothing: until the spec changes
};

// Of one role and contract: the groups that are there, and those that are gone. Nothing: the roll
// goes on.
std::optional<RollHold> HoldsRoll(const Snapshot& snapshot,
                                  const std::vector<const GroupState*>& there,
                                  const std::vector<const GroupState*>& gone,
                                  const std::string& role_revision);

}  // namespace disagg::planning
