#pragma once

// A deduplicating, delaying work queue of object keys, as client-go's (util/workqueue): a key is
// never handed to two workers at once; one that is added while it is being worked on comes once
// more afterwards. Fair: first in, first out, with a second, lower lane for resyncs. Per-key
// exponential back-off. Keys with a pass that took long (everything about them is slow, say a
// webhook that looks at their writes) share a part of the workers, so that the others are never all
// busy with them. Holds each key at most once per state, so that it is bounded by the number of
// objects. Thread-safe.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <utility>

#include "operator/base/clock.h"
#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/object.h"
#include "operator/observability/metrics.h"

namespace runtime {

// A key that is waiting in the lower lane moves up when it is added with kNormal. The lower lane is
// served when the other is empty, and at every tenth turn.
enum class Priority { kNormal, kLow };

// Why a key is to come again, which decides the delays. Each kind counts its own row.
enum class Again {
  kFailed,      // base, then doubled
  kUnfinished,  // at once, then as kFailed: a pass that asks for the next one
  kStale,       // stale_base, then doubled: the caches lag behind our own writes
};

// The n-th delay in a row is base * 2^(n-1), at most `max`, less a random part of up to `jitter` of
// it.
struct QueueBackoff {
  std::chrono::milliseconds base{50};
  std::chrono::milliseconds max{
      15'000};  // so long an object stays as it is after its trouble ended
  std::chrono::milliseconds stale_base{50};
  std::chrono::milliseconds stale_max{400};
  double jitter = 0.2;
  std::uint64_t seed = 0;  // 0: a random one
};

// A key is slow for the time `remembered` after a pass that took longer than `pass`, whatever quick
// passes (to look, without a write) come in between; so many of them may be worked on at a time.
struct SlowKeys {
  std::chrono::milliseconds pass{2'000};
  std::chrono::milliseconds remembered{60'000};
  std::size_t at_once = std::numeric_limits<std::size_t>::max();
};

// Counted when they happen; all may be left out.
struct QueueMetrics {
  observability::Counter adds;
  observability::Counter retries;
  observability::Histogram queue_seconds;  // from being added to being taken
  observability::Histogram work_seconds;   // from being taken to Done
};

struct QueueStats {
  std::size_t depth = 0;  // ready to be taken
  std::size_t delayed = 0;
  std::size_t processing = 0;
  std::uint64_t adds_total = 0;
  std::uint64_t retries_total = 0;
  double longest_running_seconds = 0;
  double unfinished_seconds = 0;
};

class WorkQueue {
 public:
  WorkQueue(const base::Clock& clock, QueueBackoff backoff, QueueMetrics metrics = {},
            SlowKeys slow = {});

  void Add(const kube::ObjectKey& key, Priority priority = Priority::kNormal);
  // Not before `delay` has passed; the earliest of several wins.
  void AddAfter(const kube::ObjectKey& key, std::chrono::milliseconds delay);
  // After the key's back-off, which doubles at each call until Forget. Never before `at_least`.
  void AddRateLimited(const kube::ObjectKey& key, std::chrono::milliseconds at_least = {},
                      Again why = Again::kFailed);
  void Forget(const kube::ObjectKey& key);

  // Waits for a key; nothing once stopped. Delays are waited for in real time: under a ManualClock,
  // TryTake.
  std::optional<kube::ObjectKey> Take(const std::stop_token& stop);
  // A key that is ready now; does not wait.
  std::optional<kube::ObjectKey> TryTake();
  // Every taken key is given back by Done.
  void Done(const kube::ObjectKey& key);

  void Shutdown();
  QueueStats stats() const;

 private:
  using Lane = std::map<std::uint64_t, kube::ObjectKey>;  // by ticket
  struct Queued {
    Priority priority = Priority::kNormal;
    std::uint64_t ticket = 0;
    base::SteadyTime since;
    Lane* lane = nullptr;
  };
  struct Taken {
    base::SteadyTime since;
    bool slow = false;
  };

  void AddNow(const kube::ObjectKey& key, Priority priority) REQUIRES(mutex_);
  void AddDelayed(const kube::ObjectKey& key, std::chrono::milliseconds delay) REQUIRES(mutex_);
  void PushReady(const kube::ObjectKey& key, Priority priority, base::SteadyTime since)
      REQUIRES(mutex_);
  bool IsSlow(const kube::ObjectKey& key) const REQUIRES(mutex_);
  void PromoteDue() REQUIRES(mutex_);
  std::optional<kube::ObjectKey> PopReady() REQUIRES(mutex_);
  Lane* NextLane() REQUIRES(mutex_);
  void WaitForWork() REQUIRES(mutex_);
  void WakeOne() REQUIRES(mutex_);
  std::chrono::milliseconds NextBackoff(const kube::ObjectKey& key, Again why) REQUIRES(mutex_);

  const base::Clock& clock_;
  const QueueBackoff backoff_;
  const QueueMetrics metrics_;
  const SlowKeys slow_;
  mutable base::Mutex mutex_;
  base::CondVar ready_;  // idle takers
  base::CondVar timer_;  // the one idle taker that also waits for the next delay to end
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool timed_ GUARDED_BY(mutex_) = false;
  Lane normal_ GUARDED_BY(mutex_), low_ GUARDED_BY(mutex_), slow_lane_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, Queued> queued_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, Taken> processing_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, base::SteadyTime> slow_until_ GUARDED_BY(mutex_);
  std::size_t slow_running_ GUARDED_BY(mutex_) = 0;
  std::map<kube::ObjectKey, Queued> again_ GUARDED_BY(mutex_);
  std::map<kube::ObjectKey, base::SteadyTime> delayed_ GUARDED_BY(mutex_);
  std::set<std::pair<base::SteadyTime, kube::ObjectKey>> due_
      GUARDED_BY(mutex_);  // delayed_ by time
  std::map<kube::ObjectKey, std::map<Again, int>> rows_ GUARDED_BY(mutex_);
  std::mt19937_64 random_ GUARDED_BY(mutex_);
  std::uint64_t next_ticket_ GUARDED_BY(mutex_) = 0;
  int turn_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::uint64_t adds_ GUARDED_BY(mutex_) = 0, retries_ GUARDED_BY(mutex_) = 0;
};

}  // namespace runtime
