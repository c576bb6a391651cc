#pragma once

// The writes about one pod, or one revision, that exists.

#include <string>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"

namespace disagg::planning {

// Ends it with its own grace, or at once where no kubelet is left that could still run it.
Write DeleteOf(const PodState& state, Stage stage, const std::string& why);

// Nothing more can be done about a pod that is ending by itself.
bool CanBeDeleted(const PodState& state);

// Gives back the labels that somebody took.
Write RestoreLabels(const PodState& state);
Write RestoreLabels(const DamagedRevision& revision, const Snapshot& snapshot);

}  // namespace disagg::planning
