#pragma once

// The time that Snapshot::now holds.

#include <cstdint>

#include "operator/base/clock.h"

namespace disagg::reconcile {

// Unix seconds.
inline std::int64_t NowOf(const base::Clock& clock) {
  return std::chrono::floor<std::chrono::seconds>(clock.Now()).time_since_epoch().count();
}

}  // namespace disagg::reconcile
