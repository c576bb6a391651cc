#include "controllers/planning/succession.h"

#include <algorithm>

#include "controllers/planning/node_bans.h"
#include "controllers/planning/times.h"

namespace disagg::planning {
namespace {

// Nothing shows when whoever deletes or loses pods has stopped: that is found out once a minute.
constexpr int kLongestLossSeconds = 60;

// Failed, lost, deleted or vanished before it had come through what may be wrong.
bool DiedYoung(const PodState& before, std::int64_t now) {
  if (before.alive()) return false;
  if (before.life == Life::kFailed) return !LivedLong(before);
  return !before.released && AgeOf(*before.pod, now) < kLongLifeSeconds;
}

// How many short lives in a row came before this pod.
int Retries(const PodState& before, std::int64_t now) {
  return before.alive() || DiedYoung(before, now) ? before.retries : 0;
}

}  // namespace

std::int64_t SuccessorAt(const PodState& before, std::int64_t now) {
  if (before.crash_looping) return now;
  const int wait = BackoffSeconds(Retries(before, now));
  if (before.life == Life::kFailed) return FailureTime(*before.pod, now) + wait;
  const bool repeats = DiedYoung(before, now) && before.retries > 0;
  return repeats ? before.pod->meta.creation_time + std::min(wait, kLongestLossSeconds) : now;
}

Explanation ExplainBackoff(const std::string& slot, const PodState& before) {
  if (before.life == Life::kFailed) return {slot, "waits after a failure", before.why};
  const std::string times = std::to_string(before.retries + 1);
  const std::string last = before.why.empty() ? "" : "; the last one: " + before.why;
  return {slot, "waits",
          times + " of its pods in a row were lost or deleted soon after their creation" + last};
}

render::PodHistory HistoryAfter(const PodState& before, std::int64_t now) {
  render::PodHistory history;
  const bool failed = before.life == Life::kFailed;
  history.failures = failed ? FailuresWith(before) : before.failures;
  history.faults = before.faults;
  if (failed) {
    history.faults = FaultsWith(before.faults, *before.pod, FailureTime(*before.pod, now));
  }
  history.retries = Retries(before, now) + (failed || DiedYoung(before, now) ? 1 : 0);
  history.avoid_nodes = BannedNodes(history.faults, now);
  return history;
}

render::PodHistory HistoryLike(const PodState& sibling, std::int64_t now) {
  return {.retries = sibling.retries,
          .failures = sibling.failures,
          .faults = sibling.faults,
          .avoid_nodes = BannedNodes(sibling.faults, now)};
}

}  // namespace disagg::planning
