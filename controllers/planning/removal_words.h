#pragma once

// What removal.h has decided about a group, in words: for the log why it goes, for status and
// `kubectl disagg explain` why it stays.

#include <optional>
#include <string>

#include "controllers/planning/explanation.h"
#include "controllers/planning/group_state.h"
#include "controllers/planning/removal.h"
#include "controllers/planning/roll_hold.h"

namespace disagg::planning {

// One clause. `role_revision`: the one that the role works towards.
std::string WhyDropped(const GroupState& group, Reason reason, const Limits& limits,
                       const std::string& role_revision);

// `hold` is there for Hold::kHeld.
Explanation ExplainBlocked(const GroupState& group, const Blocked& blocked, const Limits& limits,
                           const std::optional<RollHold>& hold, const std::string& role_revision);

}  // namespace disagg::planning
