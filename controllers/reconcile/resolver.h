#pragma once

// Reads a Snapshot from the caches, and from what stands beside them: children that no cache shows,
// and since when nodes are NotReady.

#include <cstdint>
#include <memory>

#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/node_readiness.h"

namespace disagg::reconcile {

struct Sources {
  const Caches& caches;
  const NodeReadiness& readiness;
  const std::vector<LostChildren::Child>& lost;
};

// `now`: Unix seconds by the API server's clock. Troubles are not filled in.
planning::Snapshot ResolveSnapshot(const Sources& sources,
                                   std::shared_ptr<const api::DisaggDeployment> deployment,
                                   std::int64_t now, const planning::Settings& settings);

}  // namespace disagg::reconcile
