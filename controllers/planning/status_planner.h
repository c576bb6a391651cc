#pragma once

// What the status of a DisaggDeployment should say, and which events tell of a transition. A pure
// function of the snapshot, the plan and what became of its writes; a status that says the same as
// the one on the server is not written.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"
#include "controllers/planning/status_events.h"

namespace disagg::planning {

struct StatusPlan {
  nlohmann::json status;
  // Unix seconds, as the snapshot's `now`: when time alone changes what the status says.
  std::optional<std::int64_t> wake_at;
  bool changed = false;  // differs from what the server has, and no further pass follows at once
  bool news = false;     // with `changed`: more than how far pods have come (status_news.h)
  bool ready = false;
  std::vector<Note> actions;  // what this pass did; told whether or not the status is written
  std::vector<Note> events;   // transitions; told with the status that shows them
};

StatusPlan PlanStatus(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome);

}  // namespace disagg::planning
