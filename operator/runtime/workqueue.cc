#include "operator/runtime/workqueue.h"

#include <algorithm>
#include <cmath>

namespace runtime {
namespace {

constexpr int kLowLaneEvery = 10;

double Seconds(base::SteadyTime::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

WorkQueue::WorkQueue(const base::Clock& clock, QueueBackoff backoff, QueueMetrics metrics)
    : clock_(clock),
      backoff_(backoff),
      metrics_(metrics),
      random_(backoff.seed != 0 ? backoff.seed : std::random_device()()) {}

void WorkQueue::Add(const kube::ObjectKey& key, Priority priority) {
  std::lock_guard lock(mutex_);
  AddNow(key, priority);
}

void WorkQueue::AddAfter(const kube::ObjectKey& key, std::chrono::milliseconds delay) {
  std::lock_guard lock(mutex_);
  AddDelayed(key, delay);
}

void WorkQueue::AddRateLimited(const kube::ObjectKey& key, std::chrono::milliseconds at_least) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  ++retries_;
  metrics_.retries.Add();
  AddDelayed(key, std::max(NextBackoff(key), at_least));
}

void WorkQueue::Forget(const kube::ObjectKey& key) {
  std::lock_guard lock(mutex_);
  failures_.erase(key);
}

std::optional<kube::ObjectKey> WorkQueue::Take(const std::stop_token& stop) {
  std::stop_callback wake(stop, [this] {
    std::lock_guard lock(mutex_);
    ready_.notify_all();
    timer_.notify_all();
  });
  std::unique_lock lock(mutex_);
  while (!stopped_ && !stop.stop_requested()) {
    PromoteDue();
    if (auto key = PopReady()) {
      // A wake-up may have been spent on this taker alone; and somebody has to keep the time from
      // now on.
      if (!queued_.empty() || !due_.empty()) WakeOne();
      return key;
    }
    WaitForWork(lock);
  }
  if (!due_.empty()) WakeOne();  // the next time-keeper
  return std::nullopt;
}

std::optional<kube::ObjectKey> WorkQueue::TryTake() {
  std::lock_guard lock(mutex_);
  if (stopped_) return std::nullopt;
  PromoteDue();
  return PopReady();
}

void WorkQueue::Done(const kube::ObjectKey& key) {
  std::lock_guard lock(mutex_);
  const auto taken = processing_.find(key);
  if (taken == processing_.end()) return;
  metrics_.work_seconds.Observe(Seconds(clock_.Steady() - taken->second));
  processing_.erase(taken);
  const auto again = again_.find(key);
  if (again == again_.end()) return;
  const Queued wanted = again->second;
  again_.erase(again);
  PushReady(key, wanted.priority, wanted.since);
}

void WorkQueue::Shutdown() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  ready_.notify_all();
  timer_.notify_all();
}

QueueStats WorkQueue::stats() const {
  std::lock_guard lock(mutex_);
  QueueStats stats;
  stats.depth = queued_.size();
  stats.delayed = delayed_.size();
  stats.processing = processing_.size();
  stats.adds_total = adds_;
  stats.retries_total = retries_;
  const base::SteadyTime now = clock_.Steady();
  for (const auto& [key, since] : processing_) {
    const double running = Seconds(now - since);
    stats.unfinished_seconds += running;
    stats.longest_running_seconds = std::max(stats.longest_running_seconds, running);
  }
  return stats;
}

void WorkQueue::AddNow(const kube::ObjectKey& key, Priority priority) {
  if (stopped_) return;
  if (const auto queued = queued_.find(key); queued != queued_.end()) {
    if (priority == Priority::kNormal && queued->second.priority == Priority::kLow) {
      const base::SteadyTime since = queued->second.since;
      low_.erase(queued->second.ticket);
      PushReady(key, priority, since);
    }
    return;
  }
  if (const auto again = again_.find(key); again != again_.end()) {
    again->second.priority = std::min(again->second.priority, priority);
    return;
  }
  ++adds_;
  metrics_.adds.Add();
  if (processing_.contains(key)) {
    again_[key] = {priority, 0, clock_.Steady()};
  } else {
    PushReady(key, priority, clock_.Steady());
  }
}

void WorkQueue::AddDelayed(const kube::ObjectKey& key, std::chrono::milliseconds delay) {
  if (stopped_) return;
  if (delay.count() <= 0) {
    AddNow(key, Priority::kNormal);
    return;
  }
  const base::SteadyTime due = clock_.Steady() + delay;
  const auto [entry, added] = delayed_.try_emplace(key, due);
  if (!added) {
    if (entry->second <= due) return;
    due_.erase({entry->second, key});
    entry->second = due;
  }
  due_.insert({due, key});
  const bool earliest = due_.begin()->second == key;
  if (!earliest) return;
  if (timed_) {
    timer_.notify_one();
  } else if (idle_ > 0) {
    ready_.notify_one();
  }
}

void WorkQueue::PushReady(const kube::ObjectKey& key, Priority priority, base::SteadyTime since) {
  const std::uint64_t ticket = next_ticket_++;
  queued_[key] = {priority, ticket, since};
  lane(priority).emplace(ticket, key);
  WakeOne();
}

void WorkQueue::PromoteDue() {
  const base::SteadyTime now = clock_.Steady();
  while (!due_.empty() && due_.begin()->first <= now) {
    const kube::ObjectKey key = due_.begin()->second;
    due_.erase(due_.begin());
    delayed_.erase(key);
    AddNow(key, Priority::kNormal);
  }
}

std::optional<kube::ObjectKey> WorkQueue::PopReady() {
  if (queued_.empty()) return std::nullopt;
  turn_ = (turn_ + 1) % kLowLaneEvery;
  const bool low = normal_.empty() || (turn_ == 0 && !low_.empty());
  Lane& from = low ? low_ : normal_;
  const kube::ObjectKey key = from.begin()->second;
  from.erase(from.begin());
  const auto queued = queued_.find(key);
  const base::SteadyTime now = clock_.Steady();
  metrics_.queue_seconds.Observe(Seconds(now - queued->second.since));
  queued_.erase(queued);
  processing_[key] = now;
  return key;
}

// One taker at a time waits for the next delay to end, so that the end of a delay wakes one thread
// and not all of them.
void WorkQueue::WaitForWork(std::unique_lock<std::mutex>& lock) {
  if (due_.empty() || timed_) {
    ++idle_;
    ready_.wait(lock);
    --idle_;
    return;
  }
  timed_ = true;
  timer_.wait_for(lock, due_.begin()->first - clock_.Steady());
  timed_ = false;
}

void WorkQueue::WakeOne() {
  if (idle_ > 0) {
    ready_.notify_one();
  } else if (timed_) {
    timer_.notify_one();
  }
}

std::chrono::milliseconds WorkQueue::NextBackoff(const kube::ObjectKey& key) {
  const int failures = failures_[key]++;
  const double whole =
      std::min(std::ldexp(static_cast<double>(backoff_.base.count()), std::min(failures, 60)),
               static_cast<double>(backoff_.max.count()));
  const double part = backoff_.jitter * std::uniform_real_distribution<double>(0, 1)(random_);
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole * (1 - part)));
}

}  // namespace runtime
