#pragma once

// Condition variables for base::Mutex. A wait may end without a cause, so it stands in a loop that
// looks at what is waited for; the loop is written out, because clang's thread-safety analysis does
// not see into a predicate. Where a stop_token ends the wait, the standard library wants a
// predicate: one that reads guarded members says so, `[this]() REQUIRES(mutex_) { ... }`.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace base {

class CondVar {
 public:
  void NotifyOne() { native_.notify_one(); }
  void NotifyAll() { native_.notify_all(); }

  // The mutex is free while they wait, and held again when they return. False: the time is over.
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock lock(mutex.native_, std::adopt_lock);
    native_.wait(lock);
    lock.release();
  }
  template <typename Clock, typename Duration>
  bool WaitUntil(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& deadline)
      REQUIRES(mutex) {
    std::unique_lock lock(mutex.native_, std::adopt_lock);
    const std::cv_status status = native_.wait_until(lock, deadline);
    lock.release();
    return status == std::cv_status::no_timeout;
  }
  template <typename Rep, typename Period>
  bool WaitFor(Mutex& mutex, const std::chrono::duration<Rep, Period>& delay) REQUIRES(mutex) {
    return WaitUntil(mutex, std::chrono::steady_clock::now() + delay);
  }

 private:
  std::condition_variable native_;
};

// Waits that a stop ends, too. They return what `done` says in the end.
class StopCondVar {
 public:
  void NotifyOne() { native_.notify_one(); }
  void NotifyAll() { native_.notify_all(); }

  template <typename Done>
  bool Wait(Mutex& mutex, const std::stop_token& stop, Done done) REQUIRES(mutex) {
    return native_.wait(mutex.native_, stop, std::move(done));
  }
  template <typename Rep, typename Period, typename Done>
  bool WaitFor(Mutex& mutex, const std::stop_token& stop,
               const std::chrono::duration<Rep, Period>& delay, Done done) REQUIRES(mutex) {
    return native_.wait_for(mutex.native_, stop, delay, std::move(done));
  }

 private:
  std::condition_variable_any native_;
};

}  // namespace base
