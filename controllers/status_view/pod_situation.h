#pragma once

// Where one pod is on its way to Ready, or what keeps it. Pure.

#include <cstdint>
#include <string>

#include "controllers/status_view/grid.h"
#include "operator/kube/object.h"

namespace disagg::status_view {

// What a pod does between its start and its first Ready, and how long it may take.
struct Startup {
  std::string doing;                 // "loading weights"
  std::int64_t timeout_seconds = 0;  // 0: no limit is known
};

struct Situation {
  // Ready, Starting, Pending, Unschedulable, ImagePullFailed, CrashLoop, NotReady, Terminating, or
  // the reason of a failure. The same words as status.problems[].reason where both know the cause.
  std::string state;
  Tone tone = Tone::kWaiting;
  std::string note;  // what is waited for, or the cause; may be empty
};

Situation Judge(const kube::Pod& pod, const Startup& startup, std::int64_t now);

// Of all containers.
int Restarts(const kube::Pod& pod);

}  // namespace disagg::status_view
