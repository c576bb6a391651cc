#pragma once

// What the kernel tells of this process, under the customary names: process_resident_memory_bytes,
// process_cpu_seconds_total, process_open_fds, process_max_fds, process_start_time_seconds,
// process_threads.

#include "operator/observability/metrics.h"

namespace observability {

// Reads /proc/self; called before each exposition. What cannot be read keeps its last value.
void UpdateProcessMetrics(Metrics& metrics);

}  // namespace observability
