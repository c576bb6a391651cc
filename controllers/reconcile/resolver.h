#pragma once

// Reads a Snapshot from its source: the one place that says what a decision looks at.

#include <cstdint>
#include <memory>

#include "controllers/planning/snapshot.h"
#include "controllers/reconcile/snapshot_source.h"

namespace disagg::reconcile {

// `now`: Unix seconds by the API server's clock. Troubles, gone pods and payloads are not filled
// in.
planning::Snapshot ResolveSnapshot(SnapshotSource& source,
                                   std::shared_ptr<const api::DisaggDeployment> deployment,
                                   std::int64_t now, const planning::Settings& settings);

}  // namespace disagg::reconcile
