#pragma once

// Objects that carry a deployment's name and are of an earlier owner of that name.

#include <vector>

#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/snapshot_source.h"

namespace disagg::reconcile {

// Of an object with the deployment's label. One without an owner counts only under a name that the
// deployment would use.
bool IsLeftover(const kube::Resource& resource, const kube::ObjectMeta& child,
                const kube::ObjectMeta& owner);

std::vector<planning::Leftover> FindLeftovers(SnapshotSource& source,
                                              const kube::ObjectMeta& owner);

}  // namespace disagg::reconcile
