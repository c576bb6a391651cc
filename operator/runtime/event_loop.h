#pragma once

// Runs tasks one after another, in the order in which they were posted, and timed ones when they
// are due. What is only touched by tasks of one loop needs no lock. Thread-safe.
//
// Held by shared_ptr by whoever posts: a callback of a transport may come when everything else is
// gone.

#include <chrono>
#include <functional>

namespace runtime {

class EventLoop {
 public:
  using Task = std::function<void()>;

  virtual ~EventLoop() = default;

  // A task must not throw and must not wait for anything. Ignored after Stop.
  virtual void Post(Task task) = 0;
  virtual void PostAfter(std::chrono::milliseconds delay, Task task) = 0;

  // Waits for the task under way; those that wait are dropped. Not from a task.
  virtual void Stop() = 0;

  // How long the task under way has been running; zero when there is none.
  virtual std::chrono::steady_clock::duration busy_for() const = 0;
};

}  // namespace runtime
