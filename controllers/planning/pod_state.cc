#include "controllers/planning/pod_state.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "controllers/api/labels.h"

namespace disagg::planning {
namespace {

constexpr int kRestartLimit = 5;
constexpr int kRestartWindowSeconds = 600;
constexpr int kBlinkSeconds = 60;
constexpr int kLongLifeSeconds = 600;
constexpr int kFirstBackoffSeconds = 10;
constexpr int kLongestBackoffSeconds = 600;
constexpr char kOutOfService[] = "node.kubernetes.io/out-of-service";

int ParseInt(const std::string& text, int fallback) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? value
                                                                                   : fallback;
}

// Five restarts in ten minutes, as a rate: the API shows a count and the last run, not a history.
// Whoever serves, or has run for as long again since, has come through it.
bool IsCrashLooping(const kube::Pod& pod, std::int64_t now) {
  if (pod.ready) return false;
  return std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
    if (container.restarts < kRestartLimit || container.last_finished_at == 0) return false;
    if (container.running && now - container.started_at > kRestartWindowSeconds) return false;
    const auto lived = container.last_finished_at - pod.meta.creation_time;
    return lived <=
           static_cast<std::int64_t>(kRestartWindowSeconds) * container.restarts / kRestartLimit;
  });
}

// All pods of a node go NotReady for up to 45 s after an outage of the API server, while their
// engines run on.
std::optional<std::int64_t> SettlesAt(const kube::Pod& pod, std::int64_t now) {
  if (pod.ready || pod.ready_since == 0 || now >= pod.ready_since + kBlinkSeconds) {
    return std::nullopt;
  }
  const bool runs_on =
      std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
        return container.running && container.started_at < pod.ready_since;
      });
  if (!runs_on) return std::nullopt;
  return pod.ready_since + kBlinkSeconds;
}

std::string FailureClause(const kube::Pod& pod) {
  std::string clause = pod.reason.empty() ? "Failed" : pod.reason.get();
  if (!pod.message.empty()) return clause + ": " + pod.message;
  for (const auto& container : pod.containers) {
    if (container.last_exit_code == 0) continue;
    clause = container.last_termination_reason.empty() ? "Error"
                                                       : container.last_termination_reason.get();
    return clause + ": " + container.name + " ended with exit code " +
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

void JudgeNode(PodState& state, const Snapshot& snapshot) {
  const std::string& name = state.pod->node_name;
  if (name.empty()) return;
  const auto found = snapshot.nodes.find(name);
  if (found == snapshot.nodes.end()) {
    // A pod bound a moment ago may be in our caches before its Node is. What has not started loses
    // nothing by waiting: pod garbage collection ends it where the Node is really gone.
    const bool started = state.pod->phase != kube::PodPhase::kPending;
    if (started || state.pod->meta.deleting()) Lose(state, true, "node " + name + " is gone");
    return;
  }
  const kube::Node& node = *found->second;
  if (std::any_of(node.taints.begin(), node.taints.end(),
                  [](const auto& taint) { return taint.key == kOutOfService; })) {
    Lose(state, true, "node " + name + " is out of service");
    return;
  }
  if (node.ready || node.ready_changed_at == 0) return;
  const std::int64_t lost_at = node.ready_changed_at + snapshot.settings.node_loss_seconds;
  if (snapshot.now < lost_at) {
    state.lost_at = lost_at;
    return;
  }
  const std::string seconds = std::to_string(snapshot.settings.node_loss_seconds);
  Lose(state, false, "node " + name + " has been NotReady for " + seconds + " s");
}

void JudgePhase(PodState& state, std::int64_t now) {
  const kube::Pod& pod = *state.pod;
  if (pod.phase == kube::PodPhase::kFailed || pod.phase == kube::PodPhase::kSucceeded) {
    state.life = Life::kFailed;
    state.why = pod.phase == kube::PodPhase::kFailed ? FailureClause(pod) : "ended by itself";
  } else if (IsCrashLooping(pod, now)) {
    state.life = Life::kFailed;
    state.crash_looping = true;
    state.why = "restarted 5 times in 10 minutes";
  }
}

}  // namespace

std::optional<PodState> Classify(const std::shared_ptr<const kube::Pod>& pod,
                                 const Snapshot& snapshot) {
  const kube::ObjectMeta& meta = pod->meta;
  const auto role = api::ParseRoleName(meta.label(api::kLabelRole));
  const int replica = ParseInt(meta.label(api::kLabelReplica), -1);
  const int incarnation = ParseInt(meta.label(api::kLabelIncarnation), -1);
  if (!role || replica < 0 || incarnation < 0) return std::nullopt;
  PodState state;
  state.pod = pod;
  state.role = *role;
  state.replica = replica;
  state.incarnation = incarnation;
  state.retries = ParseInt(meta.annotation(api::kAnnotationRetries), 0);
  state.failures = ParseFailures(meta.annotation(api::kAnnotationFailures));
  state.role_revision = meta.label(api::kLabelRoleRevision);
  state.contract = meta.label(api::kLabelContract);
  state.hidden = meta.label(api::kLabelDeployment) != snapshot.deployment->meta.name ||
                 meta.label(api::kLabelDiscovery) != api::kDiscoveryEnabled;
  JudgePhase(state, snapshot.now);
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
  std::sort(states.begin(), states.end(), [](const PodState& a, const PodState& b) {
    return std::tie(a.role, a.replica, a.incarnation, a.pod->meta.name) <
           std::tie(b.role, b.replica, b.incarnation, b.pod->meta.name);
  });
  return states;
}

std::map<std::string, int> ParseFailures(const std::string& text) {
  std::map<std::string, int> failures;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::size_t equals = text.find('=', begin);
    if (equals == std::string::npos || equals >= end) return {};
    const int count = ParseInt(text.substr(equals + 1, end - equals - 1), -1);
    if (count < 0) return {};
    failures[text.substr(begin, equals - begin)] = count;
    begin = end + 1;
  }
  return failures;
}

bool LivedLong(const PodState& failed) {
  return FailureTime(failed) - failed.pod->meta.creation_time > kLongLifeSeconds;
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

std::int64_t FailureTime(const PodState& state) {
  std::int64_t time = state.pod->meta.creation_time;
  for (const auto& container : state.pod->containers) {
    time = std::max(time, container.last_finished_at);
  }
  return time;
}

}  // namespace disagg::planning
