#pragma once

// An EventLoop without a thread: whoever drives it runs its tasks, one by one, by a clock of his
// choice. With one driver and a ManualClock, everything on it happens in the same order every time.

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/runtime/event_loop.h"

namespace runtime {

class PumpedLoop : public EventLoop {
 public:
  // The clock outlives the loop.
  explicit PumpedLoop(const base::Clock& clock) : clock_(clock) {}

  void Post(Task task) override { PostAfter(std::chrono::milliseconds(0), std::move(task)); }
  void PostAfter(std::chrono::milliseconds delay, Task task) override;
  void Stop() override;
  std::chrono::steady_clock::duration busy_for() const override { return {}; }

  // Runs the task that was due first; false: none is due. One driver at a time.
  bool RunOne();
  // When the next task is due, which may be past; nothing: there is none.
  std::optional<base::SteadyTime> next_due() const;

 private:
  using Turn = std::pair<base::SteadyTime, std::uint64_t>;  // of equal times the first posted first

  std::optional<Task> TakeDue();

  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<Turn, Task> tasks_ GUARDED_BY(mutex_);
  std::uint64_t posted_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace runtime
