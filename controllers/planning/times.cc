#include "controllers/planning/times.h"

#include <algorithm>

namespace disagg::planning {
namespace {

constexpr int kBlinkSeconds = 60;
constexpr int kGarbageCollectionSeconds = 10;

}  // namespace

std::int64_t AgeOf(const kube::Pod& pod, std::int64_t now) { return now - pod.meta.creation_time; }

std::int64_t BoundAt(const kube::Pod& pod, std::int64_t now) {
  const bool is_sane = pod.meta.creation_time <= pod.scheduled_at && pod.scheduled_at <= now;
  return is_sane ? pod.scheduled_at : pod.meta.creation_time;
}

bool WasThere(const kube::Pod& pod, std::int64_t last_served, std::int64_t now) {
  return pod.meta.creation_time <= std::min(last_served, now);
}

std::int64_t LeftoversDueAt(const api::DisaggDeployment& deployment) {
  return deployment.meta.creation_time + kGarbageCollectionSeconds;
}

std::int64_t StuckAt(const kube::ObjectMeta& meta) {
  return meta.deletion_time.value_or(0) + kStuckSeconds;
}

bool LastRunWasLong(const kube::ContainerState& container) {
  return container.last_started_at != 0 &&
         container.last_finished_at - container.last_started_at > kLongLifeSeconds;
}

std::int64_t FailureTime(const kube::Pod& pod, std::int64_t now) {
  std::int64_t time = pod.meta.creation_time;
  for (const auto& container : pod.containers) {
    if (container.last_finished_at <= now) time = std::max(time, container.last_finished_at);
  }
  return time;
}

bool HasServed(const kube::Pod& pod) {
  return std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
    return container.running && container.started_at < pod.ready_since;
  });
}

bool HadServed(const kube::Pod& pod) {
  return std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
    const std::int64_t start = container.running ? container.started_at : container.last_started_at;
    return start != 0 && start < pod.ready_since;
  });
}

// All pods of a node go NotReady for up to 45 s after an outage of the API server, while their
// engines run on.
std::optional<std::int64_t> SettlesAt(const kube::Pod& pod, std::int64_t now) {
  if (pod.ready || pod.ready_since == 0 || now >= pod.ready_since + kBlinkSeconds) {
    return std::nullopt;
  }
  if (!HasServed(pod)) return std::nullopt;
  return std::min(pod.ready_since, now) + kBlinkSeconds;
}

std::int64_t NodeLostAt(const Snapshot& snapshot, const std::string& node) {
  const auto seen = snapshot.not_ready_seen.find(node);
  const std::int64_t since = seen == snapshot.not_ready_seen.end() ? snapshot.now : seen->second;
  return since + snapshot.settings.node_loss_seconds;
}

}  // namespace disagg::planning
