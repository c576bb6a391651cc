#include "controllers/status_view/pod_situation.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "controllers/planning/group_state.h"
#include "controllers/planning/plan.h"
#include "controllers/planning/pod_problems.h"
#include "controllers/planning/times.h"
#include "controllers/status_view/text.h"
#include "operator/base/text.h"

namespace disagg::status_view {
namespace {

using planning::Life;
using planning::PodState;

const kube::ContainerState* Find(const kube::Pod& pod,
                                 bool (*matches)(const kube::ContainerState&)) {
  const auto found = std::find_if(pod.containers.begin(), pod.containers.end(), matches);
  return found == pod.containers.end() ? nullptr : &*found;
}

// Messages begin with the slot, which the line of a pod names already.
std::string WithoutSlot(const std::string& message, const std::string& slot) {
  if (!message.starts_with(slot)) return message;
  return message.substr(std::min(message.find_first_not_of(": ", slot.size()), message.size()));
}

// What the planner finds wrong with the pod alone.
std::optional<Situation> ProblemOf(const PodState& state, const planning::Snapshot& snapshot) {
  planning::ProblemList list;
  planning::AddPodProblems(snapshot, planning::Plan(), planning::Outcome(), {state}, list);
  const std::vector<planning::Problem> problems = list.Take(1);
  if (problems.empty()) return std::nullopt;
  return Situation{problems[0].reason, Tone::kBad,
                   WithoutSlot(problems[0].message, planning::SlotName(state.role, state.replica))};
}

Situation Running(const kube::Pod& pod, const kube::ContainerState& container,
                  const Startup& startup, std::int64_t now) {
  if (planning::HasServed(pod)) {
    return {"NotReady", Tone::kBad, "was Ready until " + Age(now - pod.ready_since) + " ago"};
  }
  std::string note = startup.doing + " " + Age(now - container.started_at);
  if (startup.timeout_seconds > 0) note += " of at most " + Age(startup.timeout_seconds);
  return {"Starting", Tone::kWaiting, note};
}

std::string ExitOf(const kube::ContainerState& container) {
  const std::string said = base::LastLine(container.last_termination_message);
  return container.name + " exited with exit code " + std::to_string(container.last_exit_code) +
         (said.empty() ? "" : ": " + said);
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

// Of a pod with which nothing is wrong.
Situation Progress(const PodState& state, const Startup& startup, std::int64_t now) {
  const kube::Pod& pod = *state.pod;
  if (state.life == Life::kEnding) {
    return {"Terminating", Tone::kWaiting, pod.meta.deleting() ? "drains" : state.why};
  }
  if (state.ready()) return {"Ready", Tone::kGood, ""};
  if (!pod.scheduled) return {"Pending", Tone::kWaiting, "waits for the scheduler"};
  const auto* running =
      Find(pod, [](const auto& container) { return !container.init && container.running; });
  return running != nullptr ? Running(pod, *running, startup, now) : Waiting(pod);
}

}  // namespace

Situation Judge(const PodState& state, const planning::Snapshot& snapshot, const Startup& startup) {
  if (auto problem = ProblemOf(state, snapshot)) return *std::move(problem);
  return Progress(state, startup, snapshot.now);
}

int Restarts(const kube::Pod& pod) {
  int restarts = 0;
  for (const auto& container : pod.containers) restarts += container.restarts;
  return restarts;
}

}  // namespace disagg::status_view
