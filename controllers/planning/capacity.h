#pragma once

// Placement without a gang scheduler: what holds devices of no use, because others that it needs
// find no node, gives them back and is tried again later. So two deployments in a cluster with room
// for one and a half do not hold it against one another for ever. Pure.
//
//   unit     what is of use only as a whole: the smallest set that can serve ("first": one group of
//            each role that holds devices, with all ranks), and each further group ("decode-1").
//            Routers hold none and belong to no unit. While the first one is not placed, further
//            groups serve nobody: they give back and wait with it. It is not looked at once requests
//            were served by workers of which any is left: what has served is not torn down because
//            another of it is lost.
//   placed   every pod of it has a node. Of a role the most placed group counts
//   partly   some have, others have not, or a ResourceQuota keeps them out
//
//   placed                           forgotten
//   no pod has a node                stays Pending: node autoscalers look at Pending pods
//   partly, for less than the time   stays. The time (spec.placement.scheduleTimeoutSeconds) runs
//                                    from the last pod of it that was bound or created
//   partly, for longer               noted in the status (capacity_waits.h), nothing else
//   noted, before its retry          its pods are deleted, and none is created
//   noted, after its retry           created again, of the first unit one group of each role only;
//                                    further ones follow when it is placed
//
// The deletions stand on the noted wait, not on the decision: whichever process reads it goes on
// with it, and what is not noted yet is decided again.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/planning/capacity_waits.h"
#include "controllers/planning/explanation.h"
#include "controllers/planning/group_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

inline constexpr char kFirstUnit[] = "first";

// What is not created for now, of roles that hold devices.
struct CapacityHold {
  std::optional<int> most;  // groups of each role; nothing: as many as are wanted
  std::set<std::pair<api::RoleName, int>> slots;
};

struct CapacityPlan {
  CapacityWaits waits;                      // what the status is to tell
  std::map<std::string, std::string> ends;  // why pods are deleted now, by their UIDs
  CapacityHold hold;
  std::optional<std::int64_t> wake_at;
  std::vector<Explanation> explanations;
};

// `desired`: replicas of each role; nothing is decided about roles that are not in it.
CapacityPlan PlanCapacity(const Snapshot& snapshot, const api::Resolution& resolution,
                          const std::map<api::RoleName, int>& desired,
                          const std::vector<PodState>& states);

// Whether requests are served, or were while one of these workers was there.
bool HaveServed(const Snapshot& snapshot, const std::vector<GroupState>& groups);

}  // namespace disagg::planning
