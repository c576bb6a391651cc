#pragma once

// Objects in the caches that carry a deployment's name and are of an earlier owner of that name.
// Pure on the caches' snapshots.

#include <vector>

#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/caches.h"

namespace disagg::reconcile {

std::vector<planning::Leftover> FindLeftovers(const Caches& caches, const kube::ObjectMeta& owner);

}  // namespace disagg::reconcile
