#include "operator/runtime/thread_loop.h"

#include <utility>

#include "operator/base/mutex.h"

namespace runtime {

ThreadLoop::ThreadLoop() : thread_([this] { Run(); }) {}

ThreadLoop::~ThreadLoop() { End(); }

void ThreadLoop::Stop() { End(); }

void ThreadLoop::Post(Task task) {
  base::MutexLock lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
}

void ThreadLoop::PostAfter(std::chrono::milliseconds delay, Task task) {
  base::MutexLock lock(mutex_);
  if (stopped_) return;
  timed_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  changed_.NotifyOne();
}

void ThreadLoop::End() {
  {
    base::MutexLock lock(mutex_);
    stopped_ = true;
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
  // Dropped without the lock: what a task holds may post when it goes.
  std::deque<Task> tasks;
  std::multimap<Time, Task> timed;
  base::MutexLock lock(mutex_);
  tasks.swap(tasks_);
  timed.swap(timed_);
}

std::chrono::steady_clock::duration ThreadLoop::busy_for() const {
  base::MutexLock lock(mutex_);
  return busy_ ? std::chrono::steady_clock::now() - busy_since_
               : std::chrono::steady_clock::duration::zero();
}

void ThreadLoop::Run() {
  base::MutexLock lock(mutex_);
  while (true) {
    std::deque<Task> tasks = NextTasks();
    if (tasks.empty()) return;
    while (!tasks.empty() && !stopped_) {
      busy_ = true;
      busy_since_ = std::chrono::steady_clock::now();
      lock.Unlock();
      tasks.front()();
      tasks.pop_front();  // its captures go before the next one runs
      lock.Lock();
      busy_ = false;
    }
    lock.Unlock();
    tasks.clear();
    lock.Lock();
  }
}

std::deque<EventLoop::Task> ThreadLoop::NextTasks() {
  while (!stopped_) {
    const Time now = std::chrono::steady_clock::now();
    while (!timed_.empty() && timed_.begin()->first <= now) {
      tasks_.push_back(std::move(timed_.begin()->second));
      timed_.erase(timed_.begin());
    }
    if (!tasks_.empty()) return std::exchange(tasks_, {});
    if (timed_.empty()) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitUntil(mutex_, timed_.begin()->first);
    }
  }
  return {};
}

}  // namespace runtime
