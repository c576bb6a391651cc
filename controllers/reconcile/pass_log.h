#pragma once

// Tells of a pass: one log line per write with the planner's reason, one per failure when it begins
// or changes its words, and the events of the plan.

#include <optional>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"
#include "controllers/planning/status_planner.h"
#include "operator/runtime/event_recorder.h"

namespace disagg::reconcile {

// `snapshot.troubles` are those from before the pass: what they tell already is not told again.
void LogWrites(const planning::Snapshot& snapshot, const planning::Plan& plan,
               const planning::Outcome& outcome);
// The first that was not told; nothing: all were.
std::optional<base::Error> LogTroubles(const planning::Snapshot& snapshot,
                                       const std::vector<planning::Trouble>& failures);

void Emit(runtime::EventRecorder& events, const planning::Snapshot& snapshot,
          const std::vector<planning::Note>& notes);

}  // namespace disagg::reconcile
