#include "operator/runtime/event_loop.h"

#include <utility>

namespace runtime {

EventLoop::EventLoop() : thread_([this] { Run(); }) {}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Post(Task task) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  changed_.notify_one();
}

void EventLoop::PostAfter(std::chrono::milliseconds delay, Task task) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  timed_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  changed_.notify_one();
}

void EventLoop::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  // Dropped without the lock: what a task holds may post when it goes.
  std::deque<Task> tasks;
  std::multimap<Time, Task> timed;
  std::lock_guard lock(mutex_);
  tasks.swap(tasks_);
  timed.swap(timed_);
}

std::chrono::steady_clock::duration EventLoop::busy_for() const {
  std::lock_guard lock(mutex_);
  return busy_ ? std::chrono::steady_clock::now() - busy_since_
               : std::chrono::steady_clock::duration::zero();
}

void EventLoop::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::deque<Task> tasks = NextTasks(lock);
    if (tasks.empty()) return;
    while (!tasks.empty() && !stopped_) {
      busy_ = true;
      busy_since_ = std::chrono::steady_clock::now();
      lock.unlock();
      tasks.front()();
      tasks.pop_front();  // its captures go before the next one runs
      lock.lock();
      busy_ = false;
    }
    lock.unlock();
    tasks.clear();
    lock.lock();
  }
}

std::deque<EventLoop::Task> EventLoop::NextTasks(std::unique_lock<std::mutex>& lock) {
  while (!stopped_) {
    const Time now = std::chrono::steady_clock::now();
    while (!timed_.empty() && timed_.begin()->first <= now) {
      tasks_.push_back(std::move(timed_.begin()->second));
      timed_.erase(timed_.begin());
    }
    if (!tasks_.empty()) return std::exchange(tasks_, {});
    if (timed_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, timed_.begin()->first);
    }
  }
  return {};
}

}  // namespace runtime
