#pragma once

// When a pass has to run again.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "operator/runtime/controller.h"

namespace disagg::reconcile {

// Both in Unix seconds; never less than a second.
inline std::chrono::milliseconds Until(std::int64_t time, std::int64_t now) {
  return std::chrono::seconds(std::max<std::int64_t>(1, time - now));
}

inline void Sooner(runtime::ReconcileResult& next, std::optional<std::chrono::milliseconds> wait) {
  if (wait) next.requeue_after = std::min(next.requeue_after.value_or(*wait), *wait);
}

}  // namespace disagg::reconcile
