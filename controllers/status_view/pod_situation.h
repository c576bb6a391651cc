#pragma once

// Where one pod is on its way to Ready, or what keeps it. What is wrong with a pod says the
// planner, as in status.problems; here is added what is done while nothing is wrong. Pure.

#include <cstdint>
#include <string>

#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"
#include "controllers/status_view/grid.h"
#include "operator/kube/object.h"

namespace disagg::status_view {

// What a pod does between its start and its first Ready, and how long it may take.
struct Startup {
  std::string doing;                 // "loading weights"
  std::int64_t timeout_seconds = 0;  // 0: no limit is known
};

struct Situation {
  // Ready, Starting, Pending, NotReady, Terminating, or the reason of the planner's problem:
  // Unschedulable, ImagePullFailed, CrashLoop, NodeLost, ...
  std::string state;
  Tone tone = Tone::kWaiting;
  std::string note;  // what is waited for, or the cause; may be empty
};

// `state` is of `snapshot`.
Situation Judge(const planning::PodState& state, const planning::Snapshot& snapshot,
                const Startup& startup);

// Of all containers.
int Restarts(const kube::Pod& pod);

}  // namespace disagg::status_view
