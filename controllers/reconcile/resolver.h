#pragma once

// Reads a Snapshot from the caches.

#include <memory>

#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/caches.h"
#include "operator/base/clock.h"

namespace disagg::reconcile {

planning::Snapshot ResolveSnapshot(const Caches& caches,
                                   std::shared_ptr<const api::DisaggDeployment> deployment,
                                   const base::Clock& clock, const planning::Settings& settings);

}  // namespace disagg::reconcile
