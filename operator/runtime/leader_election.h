#pragma once

// Makes this process the one leader, on a thread and a connection of its own, and tells whether it
// may still write. Thread-safe.

#include <functional>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>

#include "operator/base/clock.h"
#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/lease_lock.h"
#include "operator/transport/transport.h"

namespace runtime {

class LeaderElector : public WriteGate {
 public:
  enum class State {
    kFollower,
    kLeader,
    kLost,  // was the leader; for good
  };

  // `on_change` is called from the elector's thread after each change of state; it must not block.
  LeaderElector(transport::Transport& transport, const base::Clock& clock, LeaseOptions options,
                observability::Metrics& metrics, std::function<void()> on_change);
  ~LeaderElector() override;  // Stop without release

  void Start();
  // Ends the thread. With `release` a Lease that is ours is given up: only when no write can still
  // be under way.
  void Stop(bool release);

  State state() const;
  // More than `write_margin` of validity remain (rule 7). False long before another can become the
  // leader, also when the thread hangs in a request.
  bool MayWrite() const override;

  // One attempt to acquire or renew. Returns when the next one is due; nothing when leadership was
  // lost. What the thread does; for tests without it.
  std::optional<std::chrono::milliseconds> Step();

 private:
  void Run(const std::stop_token& stop);
  std::optional<std::chrono::milliseconds> AfterFailure(bool answered);
  void TellFailure(const base::Error& error);
  void TellHolder();
  void Acquired();
  void Lose(const std::string& why);
  void SetState(State state);

  const base::Clock& clock_;
  const LeaseOptions options_;
  const observability::Gauge leading_;
  const observability::Counter failed_attempts_;
  const std::function<void()> on_change_;
  LeaseLock lock_;  // of the thread; of Stop when it has ended
  std::minstd_rand random_;
  std::string told_holder_;   // in the log
  std::string told_failure_;  // in the log; "" after a success

  mutable base::Mutex mutex_;
  base::StopCondVar wake_;
  State state_ GUARDED_BY(mutex_) = State::kFollower;
  base::SteadyTime valid_until_ GUARDED_BY(mutex_);
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace runtime
