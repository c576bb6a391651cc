#pragma once

// Which slots are filled next, and under which names.

#include <set>
#include <string>
#include <vector>

#include "controllers/planning/snapshot.h"
#include "controllers/render/objects.h"

namespace disagg::planning {

// `count` slots. Those of `older` come first, where a successor may stand beside an older group:
// one more number than replicas would be surplus. Then the lowest that are not in `taken`.
std::vector<int> VacantSlots(int count, std::set<int> taken, const std::set<int>& older);

// `identity` with its incarnation, or the first one above it whose name nobody holds: pods of no
// slot and pods of an earlier deployment of the same name do, too.
render::PodIdentity FirstFree(const Snapshot& snapshot, render::PodIdentity identity,
                              const std::string& role_revision);

}  // namespace disagg::planning
