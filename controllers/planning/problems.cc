#include "controllers/planning/problems.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controllers/api/labels.h"
#include "controllers/planning/node_bans.h"
#include "controllers/planning/text.h"
#include "controllers/planning/times.h"

namespace disagg::planning {
namespace {

constexpr std::size_t kLongestTail = 200;
constexpr char kRouter[] = "router";  // as a role and as a slot

// The end of a termination message: a stack trace says what went wrong in its last line.
std::string LastLine(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  return text.size() > kLongestTail ? Shorten(text, kLongestTail) + "..." : text;
}

// "8 nvidia.com/gpu and 8 rdma/ib"
std::string Needs(const kube::Amounts& resources) {
  std::string text;
  for (const auto& [name, count] : resources) {
    if (!text.empty()) text += " and ";
    text += std::to_string(count) + " " + name;
  }
  return text.empty() ? "cpu and memory" : text;
}

bool Matches(const kube::Node& node, const std::map<std::string, std::string>& selector) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& entry) {
    const std::string* value = node.meta.labels.Find(entry.first);
    return value != nullptr && *value == entry.second;
  });
}

std::int64_t Free(const NodeCapacity& capacity, const std::string& resource) {
  const auto all = capacity.node->allocatable.find(resource);
  if (all == capacity.node->allocatable.end()) return 0;
  const auto used = capacity.used.find(resource);
  return std::max<std::int64_t>(0, all->second - (used == capacity.used.end() ? 0 : used->second));
}

// Of equally free nodes the first by name: the same message in every pass.
bool IsFreer(const NodeCapacity& a, const NodeCapacity& b, const std::string& resource) {
  const std::int64_t free_a = Free(a, resource), free_b = Free(b, resource);
  return free_a != free_b ? free_a > free_b : a.node->meta.name < b.node->meta.name;
}

class ProblemFinder {
 public:
  ProblemFinder(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome)
      : snapshot_(snapshot), plan_(plan), outcome_(outcome) {}

  std::vector<Problem> Run(const std::vector<PodState>& states, std::size_t limit) {
    for (const api::FieldError& error : plan_.errors) {
      Add({"", "", "", error.reason, error.message}, error.message);
    }
    if (!outcome_.refusal.empty()) Add({"", "", "", "RefusedByCluster", outcome_.refusal}, "");
    for (const WriteOutcome& failed : outcome_.failed) WriteProblem(failed);
    for (const PodState& state : states) {
      if (!IsReplaced(state, states)) WorkerProblem(state);
    }
    for (const auto& pod : snapshot_.router_pods) {
      if (!pod->ready && !pod->meta.deleting()) PodProblem(*pod, kRouter, kRouter, nullptr);
    }
    for (const auto& router : snapshot_.routers) RouterProblem(*router);
    if (plan_.paused) PausedProblem();
    if (problems_.size() > limit) problems_.resize(limit);
    return std::move(problems_);
  }

 private:
  // The same cause in the same role is one problem, whichever pod shows it first. `cause` is what
  // of the message is the same for all of them.
  void Add(Problem problem, const std::string& cause) {
    const auto key = std::tuple(problem.role, problem.reason, cause);
    problem.message = Printable(problem.message);
    if (seen_.insert(key).second) problems_.push_back(std::move(problem));
  }

  void WriteProblem(const WriteOutcome& failed) {
    if (!failed.error) return;
    if (failed.error->retryable() && failed.error->reason != "QuotaExceeded") return;
    const Write& write = *failed.write;
    const bool pod = write.resource == kube::kPods;
    const std::string& reason = failed.error->reason;
    Add({"", pod ? write.key.name : "", "", reason.empty() ? "WriteRefused" : reason,
         write.resource.kind + " " + write.key.name + ": " + failed.error->message},
        pod ? "pods" : write.resource.kind + write.key.name);
  }

  // No pod of a router that its Deployment cannot make is there to tell.
  void RouterProblem(const kube::Deployment& router) {
    if (router.replica_failure.empty()) return;
    const bool quota = router.replica_failure.find("exceeded quota") != std::string::npos;
    Add({kRouter, "", "", quota ? "QuotaExceeded" : "RouterPodRefused",
         "router: " + router.replica_failure +
             (quota ? "; raise the quota, or free what it counts" : "")},
        "");
  }

  void PausedProblem() {
    const kube::ObjectMeta& meta = snapshot_.deployment->meta;
    if (meta.deleting()) {
      const std::string text =
          "being deleted: it waits for its metadata.finalizers; nothing is made or mended any more";
      Add({"", "", "", "Deleting", text}, "");
      return;
    }
    Add({"", "", "", "Paused",
         "the annotation " + std::string(api::kAnnotationReconcile) +
             "=disabled is set: nothing is made or mended; to go on: kubectl annotate ddep " +
             meta.name + " -n " + meta.namespace_name + " " + api::kAnnotationReconcile + "-"},
        "");
  }

  // A pod that no one can end is no news any more once its slot serves again.
  static bool IsReplaced(const PodState& state, const std::vector<PodState>& states) {
    return state.life == Life::kLost &&
           std::any_of(states.begin(), states.end(), [&](const PodState& other) {
             return other.role == state.role && other.replica == state.replica && other.ready();
           });
  }

  void WorkerProblem(const PodState& state) {
    const std::string role(api::ToString(state.role));
    const std::string slot = role + "-" + std::to_string(state.replica);
    const kube::Pod& pod = *state.pod;
    switch (state.life) {
      case Life::kLost:
        Add({role, pod.meta.name, pod.node_name, "NodeLost",
             state.why + "; " + slot + " is made anew elsewhere"},
            state.why);
        return;
      case Life::kFailed:
        Add({role, pod.meta.name, pod.node_name, FailureReason(state),
             FailureMessage(state, slot) + BanOf(state)},
            state.why);
        return;
      case Life::kEnding:
        return;
      case Life::kAlive:
        if (!pod.ready) {
          PodProblem(pod, role, slot, &state);
        } else if (state.hidden) {
          HiddenProblem(pod, role, slot);
        }
        return;
    }
  }

  void HiddenProblem(const kube::Pod& pod, const std::string& role, const std::string& slot) {
    const std::string labels = std::string(api::kLabelDeployment) + "=" +
                               snapshot_.deployment->meta.name + " " + api::kLabelDiscovery + "=" +
                               api::kDiscoveryEnabled;
    Add({role, pod.meta.name, pod.node_name, "NotRoutable",
         slot + " runs, but routers do not find it without its labels; kubectl label pod " +
             pod.meta.name + " -n " + pod.meta.namespace_name + " --overwrite " + labels +
             ", or delete it"},
        "labels");
  }

  static std::string FailureReason(const PodState& state) {
    if (state.crash_looping) return "CrashLoop";
    return state.pod->reason.empty() ? "PodFailed" : state.pod->reason.get();
  }

  static std::string FailureMessage(const PodState& state, const std::string& slot) {
    std::string message = slot + " failed: " + state.why;
    for (const auto& container : state.pod->containers) {
      const std::string said = LastLine(container.last_termination_message);
      if (!said.empty()) return message + "; " + container.name + " said: " + said;
    }
    return message;
  }

  std::string BanOf(const PodState& state) const {
    const std::string clause =
        BanClause(FaultsWith(state.faults, *state.pod, FailureTime(*state.pod, snapshot_.now)),
                  snapshot_.now);
    return clause.empty() ? "" : "; it " + clause;
  }

  void PodProblem(const kube::Pod& pod, const std::string& role, const std::string& slot,
                  const PodState* state) {
    if (!pod.scheduled) {
      if (pod.unschedulable_message.empty()) return;
      const std::string message = Unschedulable(pod, role);
      Add({role, pod.meta.name, "", "Unschedulable", slot + message}, message);
      return;
    }
    for (const auto& container : pod.containers) {
      if (ContainerProblem(pod, container, role, slot)) return;
    }
    if (state != nullptr && state->lost_at) {
      Add({role, pod.meta.name, pod.node_name, "NodeNotReady",
           "node " + pod.node_name + " is NotReady; " + slot +
               " is made anew elsewhere when that lasts " +
               std::to_string(snapshot_.settings.node_loss_seconds) + " s"},
          pod.node_name);
    }
  }

  bool ContainerProblem(const kube::Pod& pod, const kube::ContainerState& container,
                        const std::string& role, const std::string& slot) {
    const std::string& waiting = container.waiting_reason;
    if (waiting == "ErrImagePull" || waiting == "ImagePullBackOff" ||
        waiting == "InvalidImageName" || waiting == "ErrImageNeverPull") {
      Add({role, pod.meta.name, pod.node_name, "ImagePullFailed",
           slot + ": " + waiting + ": " + LastLine(container.waiting_message) +
               "; check spec.container.image and imagePullSecrets"},
          container.name);
      return true;
    }
    if (waiting == "CreateContainerConfigError" || waiting == "CreateContainerError" ||
        waiting == "RunContainerError") {
      const std::string message = LastLine(container.waiting_message);
      const std::string remedy = waiting == "CreateContainerConfigError"
                                     ? "; create it in namespace " + pod.meta.namespace_name +
                                           ", or correct env and envFrom"
                                     : "";
      Add({role, pod.meta.name, pod.node_name, waiting, slot + ": " + message + remedy}, message);
      return true;
    }
    if (container.restarts == 0 || container.last_termination_reason.empty()) return false;
    const bool memory = container.last_termination_reason == "OOMKilled";
    const bool adjustable = memory && role != kRouter;
    const std::string times =
        container.restarts == 1 ? "once" : std::to_string(container.restarts) + " times, last";
    std::string message = slot + ": " + container.name + " ended " + times + " with exit code " +
                          std::to_string(container.last_exit_code);
    const std::string said = LastLine(container.last_termination_message);
    if (!said.empty()) message += ": " + said;
    message += adjustable ? "; raise spec." + role + ".resources.memory"
                          : "; kubectl logs --previous " + pod.meta.name + " -n " +
                                pod.meta.namespace_name;
    Add({role, pod.meta.name, pod.node_name, memory ? "OOMKilled" : "CrashLoop", message},
        container.name + std::to_string(container.last_exit_code) + said);
    return true;
  }

  // What follows the slot's name.
  std::string Unschedulable(const kube::Pod& pod, const std::string& role) const {
    const auto name = api::ParseRoleName(role);
    const auto resolved = name ? plan_.resolution.roles.find(*name) : plan_.resolution.roles.end();
    if (resolved == plan_.resolution.roles.end() || snapshot_.capacity.empty()) {
      return " finds no node: " + pod.unschedulable_message;
    }
    const api::AcceleratorClass& klass = *resolved->second.accelerator;
    std::string message = " needs " + Needs(pod.extended_resources) + " on one node of class " +
                          klass.meta.name + ": ";
    int matching = 0, cordoned = 0;
    const NodeCapacity* freest = nullptr;
    for (const NodeCapacity& capacity : snapshot_.capacity) {
      if (!Matches(*capacity.node, klass.node_selector)) continue;
      ++matching;
      if (capacity.node->unschedulable || !capacity.node->ready) {
        ++cordoned;
      } else if (freest == nullptr || IsFreer(capacity, *freest, klass.gpu_resource)) {
        freest = &capacity;
      }
    }
    message += std::to_string(matching) + (matching == 1 ? " node matches" : " nodes match");
    if (cordoned > 0) message += ", " + std::to_string(cordoned) + " of them cordoned or NotReady";
    if (freest == nullptr) return message + "; add or uncordon a node of the class";
    const std::int64_t free = Free(*freest, klass.gpu_resource);
    const bool gpus_suffice = std::none_of(
        pod.extended_resources.begin(), pod.extended_resources.end(), [&](const auto& needed) {
          return needed.first == klass.gpu_resource && free < needed.second;
        });
    const std::string& scheduler = pod.unschedulable_message;
    const std::string remedy = "; free a node, or lower spec." + role + ".parallelism";
    // The pods of others are not in our caches.
    if (gpus_suffice && scheduler.find("Insufficient " + klass.gpu_resource) != scheduler.npos) {
      return message + ", pods of others hold what is not free; the scheduler says: " + scheduler +
             remedy;
    }
    message +=
        ", the freest (" + freest->node->meta.name + ") has " + std::to_string(free) + " GPUs";
    if (!gpus_suffice) return message + remedy;
    return message + "; the scheduler says: " + scheduler + ClaimRemedy(pod);
  }

  // A model's claim is of the deployment's namespace; the catalogue only names it.
  static std::string ClaimRemedy(const kube::Pod& pod) {
    const std::string& scheduler = pod.unschedulable_message;
    const auto claim = scheduler.find("persistentvolumeclaim \"");
    if (claim == scheduler.npos || scheduler.find("not found", claim) == scheduler.npos) return "";
    return "; make that claim in namespace " + pod.meta.namespace_name;
  }

  const Snapshot& snapshot_;
  const Plan& plan_;
  const Outcome& outcome_;
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> FindProblems(const Snapshot& snapshot, const Plan& plan,
                                  const Outcome& outcome, const std::vector<PodState>& states,
                                  std::size_t limit) {
  return ProblemFinder(snapshot, plan, outcome).Run(states, limit);
}

}  // namespace disagg::planning
