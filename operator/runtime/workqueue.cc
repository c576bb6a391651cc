#include "operator/runtime/workqueue.h"

#include <algorithm>
#include <cmath>

#include "operator/base/mutex.h"
#include "operator/base/seed.h"

namespace runtime {
namespace {

constexpr int kLowLaneEvery = 10;

double Seconds(base::SteadyTime::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

WorkQueue::WorkQueue(const base::Clock& clock, QueueBackoff backoff, QueueMetrics metrics,
                     SlowKeys slow)
    : clock_(clock),
      backoff_(backoff),
      metrics_(metrics),
      slow_(slow),
      random_(base::SeedOr(backoff.seed)) {}

void WorkQueue::Add(const kube::ObjectKey& key, Priority priority) {
  base::MutexLock lock(mutex_);
  AddNow(key, priority);
}

void WorkQueue::AddAfter(const kube::ObjectKey& key, std::chrono::milliseconds delay) {
  base::MutexLock lock(mutex_);
  AddDelayed(key, delay);
}

void WorkQueue::AddRateLimited(const kube::ObjectKey& key, std::chrono::milliseconds at_least,
                               Again why) {
  base::MutexLock lock(mutex_);
  if (stopped_) return;
  if (why == Again::kFailed) {
    ++retries_;
    metrics_.retries.Add();
  }
  AddDelayed(key, std::max(NextBackoff(key, why), at_least));
}

void WorkQueue::Forget(const kube::ObjectKey& key) {
  base::MutexLock lock(mutex_);
  rows_.erase(key);
}

std::optional<kube::ObjectKey> WorkQueue::Take(const std::stop_token& stop) {
  std::stop_callback wake(stop, [this] {
    base::MutexLock lock(mutex_);
    ready_.NotifyAll();
    timer_.NotifyAll();
  });
  base::MutexLock lock(mutex_);
  while (!stopped_ && !stop.stop_requested()) {
    PromoteDue();
    if (auto key = PopReady()) {
      // A wake-up may have been spent on this taker alone; and somebody has to keep the time from
      // now on.
      if (!queued_.empty() || !due_.empty()) WakeOne();
      return key;
    }
    WaitForWork();
  }
  if (!due_.empty()) WakeOne();  // the next time-keeper
  return std::nullopt;
}

std::optional<kube::ObjectKey> WorkQueue::TryTake() {
  base::MutexLock lock(mutex_);
  if (stopped_) return std::nullopt;
  PromoteDue();
  return PopReady();
}

void WorkQueue::Done(const kube::ObjectKey& key) {
  base::MutexLock lock(mutex_);
  const auto taken = processing_.find(key);
  if (taken == processing_.end()) return;
  const base::SteadyTime now = clock_.Steady();
  const auto ran = now - taken->second.since;
  metrics_.work_seconds.Observe(Seconds(ran));
  if (taken->second.slow) --slow_running_;
  if (ran > slow_.pass) {
    std::erase_if(slow_until_, [&](const auto& slow) { return slow.second <= now; });
    slow_until_[key] = now + slow_.remembered;
  }
  processing_.erase(taken);
  if (!slow_lane_.empty()) WakeOne();  // there may be room for one of them now
  const auto again = again_.find(key);
  if (again == again_.end()) return;
  const Queued wanted = again->second;
  again_.erase(again);
  PushReady(key, wanted.priority, wanted.since);
}

void WorkQueue::Shutdown() {
  base::MutexLock lock(mutex_);
  stopped_ = true;
  ready_.NotifyAll();
  timer_.NotifyAll();
}

QueueStats WorkQueue::stats() const {
  base::MutexLock lock(mutex_);
  QueueStats stats;
  stats.depth = queued_.size();
  stats.delayed = delayed_.size();
  stats.processing = processing_.size();
  stats.adds_total = adds_;
  stats.retries_total = retries_;
  const base::SteadyTime now = clock_.Steady();
  for (const auto& [key, taken] : processing_) {
    const double running = Seconds(now - taken.since);
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
      queued->second.lane->erase(queued->second.ticket);
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
    again_[key] = {priority, 0, clock_.Steady(), nullptr};
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
    timer_.NotifyOne();
  } else if (idle_ > 0) {
    ready_.NotifyOne();
  }
}

void WorkQueue::PushReady(const kube::ObjectKey& key, Priority priority, base::SteadyTime since) {
  const std::uint64_t ticket = next_ticket_++;
  Lane& lane = IsSlow(key) ? slow_lane_ : priority == Priority::kLow ? low_ : normal_;
  queued_[key] = {priority, ticket, since, &lane};
  lane.emplace(ticket, key);
  WakeOne();
}

bool WorkQueue::IsSlow(const kube::ObjectKey& key) const {
  const auto slow = slow_until_.find(key);
  return slow != slow_until_.end() && clock_.Steady() < slow->second;
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
  Lane* const from = NextLane();
  if (from == nullptr) return std::nullopt;
  const kube::ObjectKey key = from->begin()->second;
  from->erase(from->begin());
  const auto queued = queued_.find(key);
  const base::SteadyTime now = clock_.Steady();
  metrics_.queue_seconds.Observe(Seconds(now - queued->second.since));
  queued_.erase(queued);
  const bool slow = from == &slow_lane_;
  if (slow) ++slow_running_;
  processing_[key] = {now, slow};
  return key;
}

// Null: nothing may be taken now.
WorkQueue::Lane* WorkQueue::NextLane() {
  const bool slow = !slow_lane_.empty() && slow_running_ < slow_.at_once;
  if (normal_.empty() && low_.empty() && !slow) return nullptr;
  turn_ = (turn_ + 1) % kLowLaneEvery;
  if (turn_ == 0 && !low_.empty()) return &low_;
  if (slow && (normal_.empty() || slow_lane_.begin()->first < normal_.begin()->first)) {
    return &slow_lane_;
  }
  return normal_.empty() ? &low_ : &normal_;
}

// One taker at a time waits for the next delay to end, so that the end of a delay wakes one thread
// and not all of them.
void WorkQueue::WaitForWork() {
  if (due_.empty() || timed_) {
    ++idle_;
    ready_.Wait(mutex_);
    --idle_;
    return;
  }
  timed_ = true;
  timer_.WaitFor(mutex_, due_.begin()->first - clock_.Steady());
  timed_ = false;
}

void WorkQueue::WakeOne() {
  if (idle_ > 0) {
    ready_.NotifyOne();
  } else if (timed_) {
    timer_.NotifyOne();
  }
}

std::chrono::milliseconds WorkQueue::NextBackoff(const kube::ObjectKey& key, Again why) {
  int row = rows_[key][why]++;
  if (why == Again::kUnfinished && row-- == 0) return std::chrono::milliseconds(0);
  const auto base = why == Again::kStale ? backoff_.stale_base : backoff_.base;
  const auto max = why == Again::kStale ? backoff_.stale_max : backoff_.max;
  const double whole = std::min(std::ldexp(static_cast<double>(base.count()), std::min(row, 60)),
                                static_cast<double>(max.count()));
  const double part = backoff_.jitter * std::uniform_real_distribution<double>(0, 1)(random_);
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole * (1 - part)));
}

}  // namespace runtime
