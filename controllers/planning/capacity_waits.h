#pragma once

// How often a unit (capacity.h) has given its devices back, and when it is tried again. Kept in
// status.capacity, because another process has to know. Pure.
//
//   n-th time   waits 1, 2, 4, 8, 10, 10 ... minutes, or up to a quarter less: how much less depends
//               on the deployment's UID, so that two that made room for one another at one time do
//               not meet again
//
// A changed spec is somebody's answer: waits of another generation are forgotten. What somebody
// else has written there is believed as far as it could be ours: a retry later than the longest
// wait from now, or an attempt below 1, is no wait.

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "controllers/api/types.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

inline constexpr std::size_t kMostWaits = 16;  // the schema's bound

// By unit.
using CapacityWaits = std::map<std::string, api::CapacityWait>;

// What the status tells.
CapacityWaits WaitsOf(const Snapshot& snapshot);

// Seconds: 60 x 2^(attempt - 1), at most 600. 1 -> 60, 2 -> 120, 5 -> 600.
int LongestWaitSeconds(int attempt);

// Of the `attempt`-th time, without a message.
api::CapacityWait WaitFrom(const Snapshot& snapshot, const std::string& unit, int attempt);

// As in status.capacity.
nlohmann::json ToJson(const CapacityWaits& waits);

}  // namespace disagg::planning
