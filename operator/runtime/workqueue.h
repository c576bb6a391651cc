#pragma once

// A deduplicating, delaying work queue of object keys, as client-go's (util/workqueue): a key is never handed to two
// workers at once; one that is added while it is being worked on comes once more afterwards. Fair: first in, first out,
// with a second, lower lane for resyncs. Per-key exponential back-off. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "operator/base/clock.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/object.h"

namespace runtime {

enum class Priority { kNormal, kLow };

struct QueueBackoff {
  std::chrono::milliseconds base{50};
  std::chrono::milliseconds max{60'000};
};

struct QueueStats {
  std::size_t depth = 0;          // ready to be taken
  std::size_t delayed = 0;
  std::size_t processing = 0;
  std::uint64_t adds_total = 0;
  std::uint64_t retries_total = 0;
  double longest_running_seconds = 0;
  double unfinished_seconds = 0;
};

class WorkQueue {
 public:
  WorkQueue(const base::Clock& clock, QueueBackoff backoff);

  void Add(const kube::ObjectKey& key, Priority priority = Priority::kNormal);
  // Not before `delay` has passed; the earliest of several wins.
  void AddAfter(const kube::ObjectKey& key, std::chrono::milliseconds delay);
  // After the key's back-off, which doubles at each call until Forget. Never before `at_least`.
  void AddRateLimited(const kube::ObjectKey& key, std::chrono::milliseconds at_least = {});
  void Forget(const kube::ObjectKey& key);

  // Waits for a key; nothing once stopped.
  std::optional<kube::ObjectKey> Take(std::stop_token stop);
  // Every taken key is given back by Done.
  void Done(const kube::ObjectKey& key);

  void Shutdown();
  QueueStats stats() const;

 private:
  void PushReady(const kube::ObjectKey& key, Priority priority);
  void PromoteDue();

  const base::Clock& clock_;
  const QueueBackoff backoff_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<kube::ObjectKey> normal_ GUARDED_BY(mutex_), low_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, Priority> queued_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, base::SteadyTime> processing_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, Priority> again_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, base::SteadyTime> delayed_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, int> failures_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::uint64_t adds_ GUARDED_BY(mutex_) = 0, retries_ GUARDED_BY(mutex_) = 0;
};

}  // namespace runtime
