#pragma once

// What is done and said while a cache does not show the last write of this operator: nothing is
// decided on it, but what is to be given back is. Pure.

#include <set>
#include <string>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"

namespace disagg::reconcile {

// `behind` is the cache's resource, as Resource::ToString.
planning::Trouble LagTrouble(const std::string& behind);

// Deletions by UID are as safe as on fresh caches. Which pods are surplus is not known while theirs
// lags; that all are not wanted, because the deployment is suspended, is. `deleted`: UIDs of pods
// whose deletion was answered while the cache lags, which goes on showing them.
void KeepSafeWrites(const std::string& behind, const planning::Snapshot& snapshot,
                    const std::set<std::string>& deleted, planning::Plan& plan);

}  // namespace disagg::reconcile
