#include "controllers/status_view/pod_situation.h"

#include <algorithm>
#include <optional>

#include "controllers/status_view/text.h"
#include "operator/base/text.h"

namespace disagg::status_view {
namespace {

// Between the end of the grace period and the pod's disappearance the kubelet needs a moment.
constexpr std::int64_t kPatienceSeconds = 30;

const kube::ContainerState* Find(const kube::Pod& pod,
                                 bool (*matches)(const kube::ContainerState&)) {
  const auto found = std::find_if(pod.containers.begin(), pod.containers.end(), matches);
  return found == pod.containers.end() ? nullptr : &*found;
}

Situation Ending(const kube::Pod& pod, std::int64_t now) {
  const std::int64_t overdue = now - *pod.meta.deletion_time;
  if (overdue <= kPatienceSeconds) return {"Terminating", Tone::kWaiting, "drains"};
  return {"Terminating", Tone::kBad,
          Age(overdue) + " over its grace period; does " +
              (pod.node_name.empty() ? "its node" : pod.node_name.get()) + " answer?"};
}

std::string ExitOf(const kube::ContainerState& container) {
  const std::string said = base::LastLine(container.last_termination_message);
  return container.name + " exited with exit code " + std::to_string(container.last_exit_code) +
         (said.empty() ? "" : ": " + said);
}

Situation Failed(const kube::Pod& pod) {
  std::string note = base::LastLine(pod.message);
  const auto* ended =
      Find(pod, [](const auto& container) { return container.last_exit_code != 0; });
  if (note.empty() && ended != nullptr) note = ExitOf(*ended);
  return {pod.reason.empty() ? "Failed" : pod.reason.get(), Tone::kBad, note};
}

bool WaitsForNoFault(const std::string& reason) {
  return reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing";
}

bool IsPullFailure(const std::string& reason) {
  return reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "InvalidImageName" ||
         reason == "ErrImageNeverPull";
}

// What stops a container, if anything does.
std::optional<Situation> Fault(const kube::ContainerState& container) {
  const std::string& waiting = container.waiting_reason;
  if (IsPullFailure(waiting)) {
    return Situation{"ImagePullFailed", Tone::kBad,
                     waiting + ": " + base::LastLine(container.waiting_message)};
  }
  if (container.restarts > 0 && container.last_termination_reason == "OOMKilled") {
    return Situation{"OOMKilled", Tone::kBad, container.name + " needs more memory than its limit"};
  }
  if (waiting == "CrashLoopBackOff") return Situation{"CrashLoop", Tone::kBad, ExitOf(container)};
  if (WaitsForNoFault(waiting)) return std::nullopt;
  return Situation{waiting, Tone::kBad, base::LastLine(container.waiting_message)};
}

Situation Running(const kube::Pod& pod, const kube::ContainerState& container,
                  const Startup& startup, std::int64_t now) {
  // Until the first Ready the condition's last transition lies before the start of the container.
  if (pod.ready_since > container.started_at) {
    return {"NotReady", Tone::kBad, "was Ready until " + Age(now - pod.ready_since) + " ago"};
  }
  std::string note = startup.doing + " " + Age(now - container.started_at);
  if (startup.timeout_seconds > 0) note += " of at most " + Age(startup.timeout_seconds);
  return {"Starting", Tone::kWaiting, note};
}

Situation Waiting(const kube::Pod& pod) {
  const auto* init =
      Find(pod, [](const auto& container) { return container.init && container.running; });
  if (init != nullptr) return {"Starting", Tone::kWaiting, "init container " + init->name};
  const auto* ended = Find(
      pod, [](const auto& container) { return !container.init && container.last_finished_at > 0; });
  if (ended != nullptr) return {"Starting", Tone::kWaiting, ExitOf(*ended)};
  return {"Starting", Tone::kWaiting, "pulls images or mounts volumes"};
}

}  // namespace

Situation Judge(const kube::Pod& pod, const Startup& startup, std::int64_t now) {
  if (pod.meta.deleting()) return Ending(pod, now);
  if (pod.phase == kube::PodPhase::kFailed) return Failed(pod);
  if (pod.phase == kube::PodPhase::kSucceeded) return {"Completed", Tone::kBad, "exited by itself"};
  if (pod.ready) return {"Ready", Tone::kGood, ""};
  if (!pod.scheduled && !pod.scheduling_gates.empty()) {
    return {"SchedulingGated", Tone::kBad,
            "waits for its scheduling gates: " + pod.scheduling_gates};
  }
  if (!pod.unschedulable_message.empty()) {
    return {"Unschedulable", Tone::kBad, pod.unschedulable_message};
  }
  if (!pod.scheduled) return {"Pending", Tone::kWaiting, "waits for the scheduler"};
  for (const auto& container : pod.containers) {
    if (auto fault = Fault(container)) return *std::move(fault);
  }
  const auto* running =
      Find(pod, [](const auto& container) { return !container.init && container.running; });
  return running != nullptr ? Running(pod, *running, startup, now) : Waiting(pod);
}

int Restarts(const kube::Pod& pod) {
  int restarts = 0;
  for (const auto& container : pod.containers) restarts += container.restarts;
  return restarts;
}

}  // namespace disagg::status_view
