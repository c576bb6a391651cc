#pragma once

// An EventLoop with a thread of its own. Delays are real time.

#include <chrono>
#include <deque>
#include <map>
#include <thread>

#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/runtime/event_loop.h"

namespace runtime {

class ThreadLoop : public EventLoop {
 public:
  ThreadLoop();
  ~ThreadLoop() override;  // Stop
  ThreadLoop(const ThreadLoop&) = delete;
  ThreadLoop& operator=(const ThreadLoop&) = delete;

  void Post(Task task) override;
  void PostAfter(std::chrono::milliseconds delay, Task task) override;
  void Stop() override;
  std::chrono::steady_clock::duration busy_for() const override;

 private:
  using Time = std::chrono::steady_clock::time_point;

  // What the destructor calls, too.
  void End();
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
