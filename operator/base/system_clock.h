#pragma once

// The real clock. A header of its own so that pure code, which must not read a clock, never sees
// it.

#include "operator/base/clock.h"

namespace base {

class SystemClock : public Clock {
 public:
  SystemTime Now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  SteadyTime Steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace base
