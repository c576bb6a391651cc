#include "controllers/planning/problems.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controllers/api/labels.h"

namespace disagg::planning {
namespace {

constexpr std::size_t kLongestTail = 200;

// The end of a termination message: a stack trace says what went wrong in its last line.
std::string LastLine(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  if (text.size() > kLongestTail) text = text.substr(0, kLongestTail) + "...";
  return text;
}

// "8 nvidia.com/gpu and 8 rdma/ib"
std::string Needs(const std::map<std::string, std::int64_t>& resources) {
  std::string text;
  for (const auto& [name, count] : resources) {
    if (!text.empty()) text += " and ";
    text += std::to_string(count) + " " + name;
  }
  return text.empty() ? "cpu and memory" : text;
}

bool Matches(const kube::Node& node, const std::map<std::string, std::string>& selector) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& entry) {
    return node.meta.label(entry.first) == entry.second && node.meta.labels.contains(entry.first);
  });
}

std::int64_t Free(const NodeCapacity& capacity, const std::string& resource) {
  const auto all = capacity.node->allocatable.find(resource);
  if (all == capacity.node->allocatable.end()) return 0;
  const auto used = capacity.used.find(resource);
  return std::max<std::int64_t>(0, all->second - (used == capacity.used.end() ? 0 : used->second));
}

class ProblemFinder {
 public:
  ProblemFinder(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome)
      : snapshot_(snapshot), plan_(plan), outcome_(outcome) {}

  std::vector<Problem> Run(const std::vector<PodState>& states, std::size_t limit) {
    for (const api::FieldError& error : plan_.errors) Add({"", "", "", error.reason, error.message});
    if (!outcome_.refusal.empty()) Add({"", "", "", "RefusedByCluster", outcome_.refusal});
    for (const WriteOutcome& failed : outcome_.failed) WriteProblem(failed);
    for (const PodState& state : states) WorkerProblem(state);
    for (const auto& pod : snapshot_.router_pods) {
      if (!pod->ready && !pod->meta.deleting()) PodProblem(*pod, "router", "router", nullptr);
    }
    if (problems_.size() > limit) problems_.resize(limit);
    return std::move(problems_);
  }

 private:
  // The same cause in the same role is one problem, whichever pod shows it first.
  void Add(Problem problem) {
    std::string cause = problem.message;
    if (const auto at = cause.find(problem.pod); !problem.pod.empty() && at != std::string::npos) {
      cause.erase(at, problem.pod.size());
    }
    const auto key = std::tuple(problem.role, problem.reason, problem.node.empty() ? cause : problem.node + cause);
    if (seen_.insert(key).second) problems_.push_back(std::move(problem));
  }

  void WriteProblem(const WriteOutcome& failed) {
    if (!failed.error || failed.error->retryable()) return;
    const std::string& reason = failed.error->reason;
    Add({"", failed.write->resource == kube::kPods ? failed.write->key.name : "", "",
         reason.empty() ? "WriteRefused" : reason,
         failed.write->resource.kind + " " + failed.write->key.name + ": " + failed.error->message});
  }

  void WorkerProblem(const PodState& state) {
    const std::string role(api::ToString(state.role));
    const std::string slot = role + "-" + std::to_string(state.replica);
    const kube::Pod& pod = *state.pod;
    switch (state.life) {
      case Life::kLost:
        Add({role, pod.meta.name, pod.node_name, "NodeLost", state.why + "; " + slot + " is made anew elsewhere"});
        return;
      case Life::kFailed:
        Add({role, pod.meta.name, pod.node_name, FailureReason(state), FailureMessage(state, slot)});
        return;
      case Life::kEnding:
        return;
      case Life::kAlive:
        if (!pod.ready) PodProblem(pod, role, slot, &state);
        return;
    }
  }

  static std::string FailureReason(const PodState& state) {
    if (state.crash_looping) return "CrashLoop";
    return state.pod->reason.empty() ? "PodFailed" : state.pod->reason;
  }

  static std::string FailureMessage(const PodState& state, const std::string& slot) {
    std::string message = slot + " failed: " + state.why;
    for (const auto& container : state.pod->containers) {
      const std::string said = LastLine(container.last_termination_message);
      if (!said.empty()) return message + "; " + container.name + " said: " + said;
    }
    return message;
  }

  void PodProblem(const kube::Pod& pod, const std::string& role, const std::string& slot, const PodState* state) {
    if (!pod.scheduled) {
      if (!pod.unschedulable_message.empty()) {
        Add({role, pod.meta.name, "", "Unschedulable", Unschedulable(pod, role, slot)});
      }
      return;
    }
    for (const auto& container : pod.containers) {
      if (ContainerProblem(pod, container, role, slot)) return;
    }
    if (state != nullptr && state->lost_at) {
      Add({role, pod.meta.name, pod.node_name, "NodeNotReady",
           "node " + pod.node_name + " is NotReady; " + slot + " is made anew elsewhere when that lasts " +
               std::to_string(snapshot_.settings.node_loss_seconds) + " s"});
    }
  }

  bool ContainerProblem(const kube::Pod& pod, const kube::ContainerState& container, const std::string& role,
                        const std::string& slot) {
    const std::string& waiting = container.waiting_reason;
    if (waiting == "ErrImagePull" || waiting == "ImagePullBackOff" || waiting == "InvalidImageName" ||
        waiting == "ErrImageNeverPull") {
      Add({role, pod.meta.name, pod.node_name, "ImagePullFailed",
           slot + ": " + waiting + ": " + LastLine(container.waiting_message) +
               "; check spec.container.image and imagePullSecrets"});
      return true;
    }
    if (waiting == "CreateContainerConfigError" || waiting == "CreateContainerError" || waiting == "RunContainerError") {
      Add({role, pod.meta.name, pod.node_name, waiting, slot + ": " + LastLine(container.waiting_message)});
      return true;
    }
    if (container.restarts == 0 || container.last_termination_reason.empty()) return false;
    const bool memory = container.last_termination_reason == "OOMKilled";
    std::string message = slot + ": " + container.name + " ended " + std::to_string(container.restarts) +
                          " times, last with exit code " + std::to_string(container.last_exit_code);
    const std::string said = LastLine(container.last_termination_message);
    if (!said.empty()) message += ": " + said;
    message += memory ? "; raise spec." + role + ".resources.memory"
                      : "; kubectl logs --previous " + pod.meta.name + " -n " + pod.meta.namespace_name;
    Add({role, pod.meta.name, pod.node_name, memory ? "OOMKilled" : "CrashLoop", message});
    return true;
  }

  std::string Unschedulable(const kube::Pod& pod, const std::string& role, const std::string& slot) const {
    const auto name = api::ParseRoleName(role);
    const auto resolved = name ? plan_.resolution.roles.find(*name) : plan_.resolution.roles.end();
    if (resolved == plan_.resolution.roles.end() || snapshot_.capacity.empty()) {
      return slot + " finds no node: " + pod.unschedulable_message;
    }
    const api::AcceleratorClass& klass = *resolved->second.accelerator;
    std::string message = slot + " needs " + Needs(pod.extended_resources) + " on one node of class " + klass.meta.name + ": ";
    int matching = 0, cordoned = 0;
    const NodeCapacity* freest = nullptr;
    for (const NodeCapacity& capacity : snapshot_.capacity) {
      if (!Matches(*capacity.node, klass.node_selector)) continue;
      ++matching;
      if (capacity.node->unschedulable || !capacity.node->ready) {
        ++cordoned;
      } else if (freest == nullptr || Free(capacity, klass.gpu_resource) > Free(*freest, klass.gpu_resource)) {
        freest = &capacity;
      }
    }
    message += std::to_string(matching) + (matching == 1 ? " node matches" : " nodes match");
    if (cordoned > 0) message += ", " + std::to_string(cordoned) + " of them cordoned or NotReady";
    if (freest == nullptr) return message + "; add or uncordon a node of the class";
    const std::int64_t free = Free(*freest, klass.gpu_resource);
    message += ", the freest (" + freest->node->meta.name + ") has " + std::to_string(free) + " GPUs";
    const auto needed = pod.extended_resources.find(klass.gpu_resource);
    const bool gpus_suffice = needed == pod.extended_resources.end() || free >= needed->second;
    // GPUs are not what is missing, or not what we can see: the scheduler knows better.
    if (gpus_suffice) return message + "; the scheduler says: " + pod.unschedulable_message;
    return message + "; free a node, or lower spec." + role + ".parallelism";
  }

  const Snapshot& snapshot_;
  const Plan& plan_;
  const Outcome& outcome_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> FindProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                                  const std::vector<PodState>& states, std::size_t limit) {
  return ProblemFinder(snapshot, plan, outcome).Run(states, limit);
}

}  // namespace disagg::planning
