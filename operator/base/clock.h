#pragma once

// Time as a dependency. Two clocks because they answer two questions: `Now` is the calendar
// (compared with timestamps of API objects), `Steady` never jumps (leases, time-outs, back-off).

#include <chrono>
#include <cstdint>
#include <string>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace base {

using SystemTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SystemTime Now() const = 0;
  virtual SteadyTime Steady() const = 0;
};

// A clock that moves only when told, for tests. Both clocks move together.
class ManualClock : public Clock {
 public:
  explicit ManualClock(SystemTime start) : now_(start) {}

  SystemTime Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }
  SteadyTime Steady() const override {
    MutexLock lock(mutex_);
    return SteadyTime{} + std::chrono::hours(1) + elapsed_;
  }
  void Advance(std::chrono::milliseconds by) {
    MutexLock lock(mutex_);
    now_ += by;
    elapsed_ += by;
  }

 private:
  mutable Mutex mutex_;
  SystemTime now_ GUARDED_BY(mutex_);
  std::chrono::milliseconds elapsed_ GUARDED_BY(mutex_){0};
};

// RFC 3339 in UTC with seconds, as metav1.Time writes it: "2026-11-24T10:25:02Z".
std::string FormatTime(std::int64_t unix_seconds);

// RFC 3339 to Unix seconds; fractions are cut, offsets honoured. -1 for anything else.
std::int64_t ParseTime(const std::string& text);

}  // namespace base
