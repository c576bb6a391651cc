#include "operator/runtime/leader_election.h"

#include <utility>

#include "operator/base/seed.h"
#include "operator/observability/log.h"

namespace runtime {
namespace {

using observability::Level;

// Followers spread their attempts over retry_period to retry_period * (1 + kJitter), as client-go's
// JitterFactor.
constexpr double kJitter = 1.2;

}  // namespace

LeaderElector::LeaderElector(transport::Transport& transport, const base::Clock& clock,
                             LeaseOptions options, observability::Metrics& metrics,
                             std::function<void()> on_change)
    : clock_(clock),
      options_(std::move(options)),
      leading_(metrics.GetGauge("leader_election_master_status", "1 on the leader",
                                {{"name", options_.name}})),
      failed_attempts_(metrics.GetCounter("leader_election_failed_attempts_total",
                                          "Attempts to acquire or renew the Lease that failed",
                                          {{"name", options_.name}})),
      on_change_(std::move(on_change)),
      lock_(transport, clock, options_),
      random_(base::SeedOr(options_.seed)),
      valid_until_(clock.Steady()) {
  leading_.Set(0);
}

LeaderElector::~LeaderElector() { Stop(false); }

void LeaderElector::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void LeaderElector::Stop(bool release) {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  {
    base::MutexLock lock(mutex_);
    valid_until_ = clock_.Steady();
  }
  leading_.Set(0);
  if (!release) return;
  if (auto released = lock_.Release(); !released) {
    observability::Log(Level::kWarn, "the lease could not be released: " + released.error().message,
                       {{"lease", options_.name}});
  }
}

LeaderElector::State LeaderElector::state() const {
  base::MutexLock lock(mutex_);
  return state_;
}

bool LeaderElector::MayWrite() const {
  base::MutexLock lock(mutex_);
  return state_ == State::kLeader && clock_.Steady() + options_.timings.write_margin < valid_until_;
}

std::optional<std::chrono::milliseconds> LeaderElector::Step() {
  const auto taken = lock_.TryAcquireOrRenew();
  if (!taken) TellFailure(taken.error());
  if (taken && *taken) {
    Acquired();
    return options_.timings.retry_period;
  }
  if (state() == State::kLeader) return AfterFailure(taken.ok());
  if (taken) TellHolder();
  const double spread = 1 + kJitter * std::uniform_real_distribution<double>(0, 1)(random_);
  return std::chrono::milliseconds(static_cast<std::int64_t>(
      static_cast<double>(options_.timings.retry_period.count()) * spread));
}

// Of the leader. `answered`: the Lease was read or written over by others; else nothing is known of
// it.
std::optional<std::chrono::milliseconds> LeaderElector::AfterFailure(bool answered) {
  const base::SteadyTime deadline =
      lock_.valid_until() - options_.timings.duration + options_.timings.renew_deadline;
  if (answered && lock_.holder() != options_.identity) {
    Lose(lock_.holder().empty() ? "somebody took it away" : "it is held by " + lock_.holder());
  } else if (clock_.Steady() >= deadline) {
    Lose("it could not be renewed in time");
  } else {
    return options_.timings.retry_period;
  }
  return std::nullopt;
}

// Once per kind of failure and streak.
void LeaderElector::TellFailure(const base::Error& error) {
  failed_attempts_.Add();
  const Level level = told_failure_ == error.reason ? Level::kDebug : Level::kWarn;
  told_failure_ = error.reason;
  observability::Log(level, "the lease could not be taken or renewed: " + error.message,
                     {{"lease", options_.name}, {"reason", error.reason}});
}

void LeaderElector::TellHolder() {
  if (told_holder_ == lock_.holder()) return;
  told_holder_ = lock_.holder();
  observability::Log(Level::kInfo, "waiting for the lease, held by " + told_holder_,
                     {{"lease", options_.name}});
}

void LeaderElector::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto wait = Step();
    if (!wait) return;
    base::MutexLock lock(mutex_);
    wake_.WaitFor(mutex_, stop, *wait, [] { return false; });
  }
}

void LeaderElector::Acquired() {
  told_failure_.clear();
  bool first = false;
  {
    base::MutexLock lock(mutex_);
    valid_until_ = lock_.valid_until();
    first = state_ == State::kFollower;
  }
  if (!first) return;
  observability::Log(Level::kInfo, "leading",
                     {{"lease", options_.name}, {"identity", options_.identity}});
  leading_.Set(1);
  SetState(State::kLeader);
}

void LeaderElector::Lose(const std::string& why) {
  observability::Log(Level::kError, "the lease is lost: " + why, {{"lease", options_.name}});
  leading_.Set(0);
  SetState(State::kLost);
}

void LeaderElector::SetState(State state) {
  {
    base::MutexLock lock(mutex_);
    state_ = state;
  }
  on_change_();
}

}  // namespace runtime
