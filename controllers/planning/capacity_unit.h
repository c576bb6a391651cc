#pragma once

// How far a unit of pods (capacity.h) is placed, and what it lacks in words. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/planning/group_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

// One place of a unit.
struct UnitMember {
  api::RoleName role = api::RoleName::kPrefill;
  int replica = 0;
  const GroupState* group = nullptr;  // null: none is alive
};

enum class Placement {
  kPlaced,
  kPartly,
  kUnbound,
  kUnknown,  // a pod cannot be read, or is missing for another reason than a quota
};

struct PlacementOf {
  Placement placement = Placement::kUnknown;
  std::int64_t since = 0;  // Unix seconds: the last pod that was bound, created or refused
  std::string lacking;     // the first slot that is not placed: "decode-0"
  std::string why;         // why it is not, with what to do: "decode-0 finds no node: ..."
};

// How far `members` are placed.
PlacementOf LookAt(const Snapshot& snapshot, const api::Resolution& resolution,
                   const std::vector<UnitMember>& members);

// Pods of it that have a node.
int BoundPods(const GroupState& group);

// "2 GPUs of 1 pod": what the pods of these groups that have a node hold.
std::string HeldBy(const std::vector<const GroupState*>& groups, const api::Resolution& resolution);

// The request for a pod of this role that a ResourceQuota refuses; null: none.
const Trouble* QuotaRefusal(const Snapshot& snapshot, api::RoleName role);

}  // namespace disagg::planning
