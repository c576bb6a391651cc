#pragma once

// One thread that runs tasks in the order in which they were posted, and timed ones when they are
// due. What is only touched by tasks of one loop needs no lock. Delays are real time. Thread-safe.
//
// Held by shared_ptr by whoever posts: a callback of a transport may come when everything else is
// gone.

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace runtime {

class EventLoop {
 public:
  using Task = std::function<void()>;

  EventLoop();
  ~EventLoop();  // Stop
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // A task must not throw and must not wait for anything. Ignored after Stop.
  void Post(Task task);
  void PostAfter(std::chrono::milliseconds delay, Task task);

  // Waits for the task under way; those that wait are dropped. Not from a task.
  void Stop();

  // How long the task under way has been running; zero when there is none.
  std::chrono::steady_clock::duration busy_for() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Run();
  // The tasks that are to run now; empty after Stop. Waits.
  std::deque<Task> NextTasks() REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Task> tasks_ GUARDED_BY(mutex_);
  std::multimap<Time, Task> timed_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
  bool busy_ GUARDED_BY(mutex_) = false;
  Time busy_since_ GUARDED_BY(mutex_);
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace runtime
