#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "operator/base/text.h"
#include "operator/kube/decode.h"
#include "operator/kube/extended_resources.h"
#include "operator/kube/json_fields.h"

namespace kube {
namespace {

using Sums = std::map<std::string, std::int64_t>;

// The kubelet's own bound of a termination message. Whoever may write a status could exceed it.
constexpr std::size_t kMaxMessage = 4096;

std::string_view Message(const Json& object, std::string_view field) {
  return base::CutUtf8(TextField(object, field), kMaxMessage);
}

PodPhase DecodePhase(std::string_view phase) {
  if (phase == "Running") return PodPhase::kRunning;
  if (phase == "Succeeded") return PodPhase::kSucceeded;
  if (phase == "Failed") return PodPhase::kFailed;
  if (phase == "Unknown") return PodPhase::kUnknown;
  return PodPhase::kPending;
}

void DecodeTermination(const Json& terminated, ContainerState& container) {
  container.last_termination_reason = TextField(terminated, "reason");
  container.last_termination_message = Message(terminated, "message");
  container.last_exit_code = static_cast<int>(IntegerField(terminated, "exitCode"));
  container.last_started_at = TimeField(terminated, "startedAt");
  container.last_finished_at = TimeField(terminated, "finishedAt");
}

ContainerState DecodeContainer(const Json& status, bool init) {
  ContainerState container;
  container.name = TextField(status, "name");
  container.init = init;
  container.restarts = static_cast<int>(IntegerField(status, "restartCount"));
  const auto read_termination = [&](const Json& t) { DecodeTermination(t, container); };
  IfObject(status, "lastState",
           [&](const Json& last) { IfObject(last, "terminated", read_termination); });
  IfObject(status, "state", [&](const Json& state) {
    IfObject(state, "terminated", read_termination);  // newer than lastState, so it wins
    IfObject(state, "running", [&](const Json& running) {
      container.running = true;
      container.started_at = TimeField(running, "startedAt");
    });
    IfObject(state, "waiting", [&](const Json& waiting) {
      container.waiting_reason = TextField(waiting, "reason");
      container.waiting_message = Message(waiting, "message");
    });
  });
  return container;
}

void DecodeCondition(const Json& condition, Pod& pod) {
  const std::string_view type = TextField(condition, "type");
  const bool is_true = TextField(condition, "status") == "True";
  if (type == "Ready") {
    pod.ready = is_true;
    pod.ready_since = TimeField(condition, "lastTransitionTime");
  } else if (type == "PodScheduled") {
    pod.scheduled = is_true;
    pod.scheduled_at = TimeField(condition, "lastTransitionTime");
    if (!is_true && TextField(condition, "reason") == "Unschedulable") {
      pod.unschedulable_message = Message(condition, "message");
    }
  } else if (type == "PodReadyToStartContainers") {
    pod.sandbox_missing = !is_true;
  }
}

void DecodeStatus(const Json& status, Pod& pod) {
  pod.phase = DecodePhase(TextField(status, "phase"));
  pod.reason = TextField(status, "reason");
  pod.message = Message(status, "message");
  ForEachElement(status, "conditions", [&](const Json& c) { DecodeCondition(c, pod); });
  ForEachElement(status, "initContainerStatuses",
                 [&](const Json& c) { pod.containers.push_back(DecodeContainer(c, true)); });
  ForEachElement(status, "containerStatuses",
                 [&](const Json& c) { pod.containers.push_back(DecodeContainer(c, false)); });
  pod.containers.shrink_to_fit();
}

// Requests and limits of an extended resource are equal; either may be the one that was written.
void AddResources(const Json& resources, Sums& sums) {
  Sums asked;
  const auto read = [&](std::string_view name, const Json& quantity) {
    if (IsExtendedResource(name)) asked.emplace(name, QuantityValue(quantity));
  };
  ForEachMember(resources, "requests", read);
  ForEachMember(resources, "limits", read);
  for (const auto& [name, count] : asked) sums[name] += count;
}

std::string SchedulingGates(const Json& spec) {
  std::string names;
  ForEachElement(spec, "schedulingGates", [&](const Json& gate) {
    names.append(names.empty() ? "" : ", ").append(TextField(gate, "name"));
  });
  return names;
}

void DecodeSpec(const Json& spec, Pod& pod) {
  pod.node_name = TextField(spec, "nodeName");
  pod.scheduler_name = TextField(spec, "schedulerName");
  pod.scheduling_gates = SchedulingGates(spec);
  Sums sums;
  ForEachElement(spec, "containers", [&](const Json& container) {
    IfObject(container, "resources", [&](const Json& r) { AddResources(r, sums); });
  });
  pod.extended_resources.reserve(sums.size());
  for (const auto& [name, count] : sums) {
    pod.extended_resources.emplace_back(InternedString(name), count);
  }
}

}  // namespace

Decoder PodDecoder(KeepKeys keep) {
  return [keep = std::move(keep)](const Json& json) -> base::Result<ObjectPtr> {
    auto meta = DecodeMeta(json, keep);
    if (!meta) return meta.error();
    auto pod = std::make_shared<Pod>();
    pod->meta = std::move(*meta);
    IfObject(json, "spec", [&](const Json& spec) { DecodeSpec(spec, *pod); });
    IfObject(json, "status", [&](const Json& status) { DecodeStatus(status, *pod); });
    return ObjectPtr(std::move(pod));
  };
}

}  // namespace kube
