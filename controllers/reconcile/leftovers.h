#pragma once

// Objects in the caches that carry a deployment's name and are of an earlier owner of that name.
// Pure on the caches' snapshots.

#include <vector>

#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/caches.h"

namespace disagg::reconcile {

// Of an object with the deployment's label. One without an owner counts only under a name that the
// deployment would use.
bool IsLeftover(const kube::Resource& resource, const kube::ObjectMeta& child,
                const kube::ObjectMeta& owner);

std::vector<planning::Leftover> FindLeftovers(const Caches& caches, const kube::ObjectMeta& owner);

}  // namespace disagg::reconcile
