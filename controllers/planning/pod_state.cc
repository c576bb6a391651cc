#include "controllers/planning/pod_state.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "controllers/api/labels.h"
#include "controllers/planning/pod_identity.h"
#include "controllers/planning/rank_fate.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/times.h"
#include "operator/base/parse_number.h"

namespace disagg::planning {
namespace {

constexpr int kLoopRestarts = 5;
constexpr int kFirstBackoffSeconds = 10;
constexpr int kLongestBackoffSeconds = 600;
constexpr char kOutOfService[] = "node.kubernetes.io/out-of-service";

// The delays of the kubelet before the fifth in a row, as its message gives them. It doubles them
// from 10 s to its limit of 5 minutes, and forgets them once a run has lasted for 10 minutes.
bool IsEarlyDelay(const std::string& message) {
  static constexpr std::string_view kEarly[] = {"back-off 10s ", "back-off 20s ", "back-off 40s ",
                                                "back-off 1m20s "};
  return std::any_of(std::begin(kEarly), std::end(kEarly), [&](std::string_view delay) {
    return message.find(delay) != std::string::npos;
  });
}

// What the kubelet calls one, for the fifth time in a row. Neither the age of the pod nor the
// number of its restarts alone tells: 16 restarts in three days, with hours in between, are none.
bool IsCrashLooping(const kube::ContainerState& container) {
  return container.waiting_reason == "CrashLoopBackOff" && container.restarts >= kLoopRestarts &&
         !LastRunWasLong(container) && !IsEarlyDelay(container.waiting_message);
}

std::string FailureClause(const kube::Pod& pod) {
  std::string clause = pod.reason.empty() ? "Failed" : pod.reason.get();
  if (!pod.message.empty()) return clause + ": " + pod.message;
  for (const auto& container : pod.containers) {
    if (container.last_exit_code == 0) continue;
    clause = container.last_termination_reason.empty() ? "Error"
                                                       : container.last_termination_reason.get();
    return clause + ": " + container.name + " exited with exit code " +
           std::to_string(container.last_exit_code);
  }
  return clause;
}

void Lose(PodState& state, bool node_gone, const std::string& why) {
  state.life = Life::kLost;
  state.crash_looping = false;
  state.node_gone = node_gone;
  state.why = why;
}

void JudgeAbsentNode(PodState& state) {
  // A pod bound a moment ago may be in our caches before its Node is. What has not started loses
  // nothing by waiting: pod garbage collection ends it where the Node is really gone.
  const bool started = state.pod->phase != kube::PodPhase::kPending;
  if (!started && !state.pod->meta.deleting()) return;
  Lose(state, true, "node " + state.pod->node_name + " is gone");
  state.node_absent = true;
}

void JudgeNode(PodState& state, const Snapshot& snapshot) {
  const std::string& name = state.pod->node_name;
  // What a cache says that is not live was true once, and what it does not hold may be there.
  if (name.empty() || snapshot.not_live.contains(kube::kNodes.ToString())) return;
  const auto found = snapshot.nodes.find(name);
  if (found == snapshot.nodes.end()) {
    JudgeAbsentNode(state);
    return;
  }
  const kube::Node& node = *found->second;
  state.node_leaving = node.unschedulable;
  if (std::any_of(node.taints.begin(), node.taints.end(),
                  [](const auto& taint) { return taint.key == kOutOfService; })) {
    Lose(state, true, "node " + name + " is out of service");
    return;
  }
  // A Node that no kubelet has written to yet has no such condition.
  if (node.ready || node.ready_changed_at == 0) return;
  const std::int64_t lost_at = NodeLostAt(snapshot, name);
  if (snapshot.now < lost_at) {
    state.lost_at = lost_at;
    return;
  }
  const std::string seconds = std::to_string(snapshot.settings.node_loss_seconds);
  Lose(state, false, "node " + name + " has been NotReady for " + seconds + " s");
}

void JudgePhase(PodState& state) {
  const kube::Pod& pod = *state.pod;
  // What was not read looks like a pod that has not started.
  if (state.unread) return;
  if (pod.phase == kube::PodPhase::kFailed || pod.phase == kube::PodPhase::kSucceeded) {
    state.life = Life::kFailed;
    state.why = pod.phase == kube::PodPhase::kFailed ? FailureClause(pod) : "exited by itself";
    return;
  }
  if (pod.ready) return;
  const auto looping = std::find_if(pod.containers.begin(), pod.containers.end(),
                                    [](const auto& c) { return IsCrashLooping(c); });
  if (looping == pod.containers.end()) return;
  state.life = Life::kFailed;
  state.crash_looping = true;
  state.why = looping->name + " is in CrashLoopBackOff after " + std::to_string(looping->restarts) +
              " restarts";
  if (looping->last_exit_code != 0) {
    state.why += ", the last with exit code " + std::to_string(looping->last_exit_code);
  }
}

void ReadHistory(PodState& state, std::int64_t now) {
  const kube::ObjectMeta& meta = state.pod->meta;
  state.retries = base::ParseNumber<int>(meta.annotation(api::kAnnotationRetries)).value_or(0);
  state.failures = ParseFailures(meta.annotation(api::kAnnotationFailures));
  state.faults = Remembered(ParseFaults(meta.annotation(api::kAnnotationNodeFaults)), now);
}

void Sort(std::vector<PodState>& states) {
  std::sort(states.begin(), states.end(), [](const PodState& a, const PodState& b) {
    return std::tie(a.role, a.replica, a.incarnation, a.role_revision, a.rank) <
           std::tie(b.role, b.replica, b.incarnation, b.role_revision, b.rank);
  });
}

}  // namespace

std::optional<PodState> Classify(const std::shared_ptr<const kube::Pod>& pod,
                                 const Snapshot& snapshot) {
  const auto identity = IdentifyPod(*pod, snapshot);
  if (!identity) return std::nullopt;
  const kube::ObjectMeta& meta = pod->meta;
  PodState state;
  state.pod = pod;
  state.role = identity->slot.role;
  state.replica = identity->slot.replica;
  state.incarnation = identity->slot.incarnation;
  state.rank = identity->slot.rank;
  state.ranks = identity->slot.ranks;
  state.registers = identity->registers;
  state.role_revision = identity->role_revision;
  state.contract = identity->contract;
  state.revision = identity->revision;
  state.unread = !meta.decode_error.empty();
  state.lost_labels = LostLabels(*pod, *identity, snapshot);
  ReadHistory(state, snapshot.now);
  const RolePolicy& policy = PolicyOf(state.role);
  state.hidden = meta.label(api::kLabelDeployment) != snapshot.deployment->meta.name ||
                 (identity->registers && meta.label(policy.found_by) != policy.found_value);
  JudgePhase(state);
  if (state.life == Life::kAlive) state.settles_at = SettlesAt(*pod, snapshot.now);
  if (state.life == Life::kAlive || state.crash_looping || meta.deleting()) {
    JudgeNode(state, snapshot);
  }
  if (meta.deleting() && state.life != Life::kLost) {
    state.life = Life::kEnding;
    state.crash_looping = false;
  }
  return state;
}

std::vector<PodState> ClassifyPods(const Snapshot& snapshot) {
  std::vector<PodState> states;
  for (const auto& pod : snapshot.pods) {
    if (auto state = Classify(pod, snapshot)) states.push_back(std::move(*state));
  }
  Sort(states);
  ShareFate(snapshot, states);
  return states;
}

std::vector<PodState> ClassifyGone(const Snapshot& snapshot) {
  std::vector<PodState> states;
  for (const GonePod& gone : snapshot.gone) {
    auto state = Classify(gone.pod, snapshot);
    if (!state) continue;
    state->life = Life::kEnding;
    state->crash_looping = false;
    state->why.clear();  // its node is not of the snapshot
    state->released = gone.released;
    states.push_back(std::move(*state));
  }
  Sort(states);
  return states;
}

std::map<std::string, int> ParseFailures(const std::string& text) {
  std::map<std::string, int> failures;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::size_t equals = text.find('=', begin);
    if (equals == std::string::npos || equals >= end) return {};
    const auto count = base::ParseNumber<int>(text.substr(equals + 1, end - equals - 1));
    if (count.value_or(-1) < 0) return {};
    failures[text.substr(begin, equals - begin)] = *count;
    begin = end + 1;
  }
  return failures;
}

bool LivedLong(const PodState& failed) {
  const auto& containers = failed.pod->containers;
  return std::any_of(containers.begin(), containers.end(),
                     [](const auto& container) { return LastRunWasLong(container); });
}

// Without forgetting, a slot that lives for months would be kept off every node in the end.
std::map<std::string, int> FailuresWith(const PodState& failed) {
  auto failures = LivedLong(failed) ? std::map<std::string, int>() : failed.failures;
  if (!failed.pod->node_name.empty()) ++failures[failed.pod->node_name];
  return failures;
}

int BackoffSeconds(int retries) {
  constexpr int kDoublingsToLimit = 6;  // 10 x 2^6 = 640 > 600
  return std::min(kLongestBackoffSeconds,
                  kFirstBackoffSeconds << std::clamp(retries, 0, kDoublingsToLimit));
}

}  // namespace disagg::planning
