#include "operator/runtime/pumped_loop.h"

namespace runtime {

void PumpedLoop::PostAfter(std::chrono::milliseconds delay, Task task) {
  base::MutexLock lock(mutex_);
  if (stopped_) return;
  tasks_.emplace(Turn{clock_.Steady() + delay, posted_++}, std::move(task));
}

void PumpedLoop::Stop() {
  std::map<Turn, Task> dropped;  // without the lock: what a task holds may post when it goes
  base::MutexLock lock(mutex_);
  stopped_ = true;
  dropped.swap(tasks_);
}

bool PumpedLoop::RunOne() {
  auto task = TakeDue();
  if (!task) return false;
  (*task)();
  return true;
}

std::optional<base::SteadyTime> PumpedLoop::next_due() const {
  base::MutexLock lock(mutex_);
  if (tasks_.empty()) return std::nullopt;
  return tasks_.begin()->first.first;
}

std::optional<EventLoop::Task> PumpedLoop::TakeDue() {
  base::MutexLock lock(mutex_);
  if (tasks_.empty() || tasks_.begin()->first.first > clock_.Steady()) return std::nullopt;
  Task task = std::move(tasks_.begin()->second);
  tasks_.erase(tasks_.begin());
  return task;
}

}  // namespace runtime
