#include "controllers/planning/pod_problems.h"

#include <algorithm>
#include <set>

#include "controllers/api/labels.h"
#include "controllers/planning/container_problems.h"
#include "controllers/planning/desired.h"
#include "controllers/planning/node_bans.h"
#include "controllers/planning/role_counts.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/times.h"
#include "controllers/planning/unschedulable.h"
#include "operator/base/clock.h"
#include "operator/base/text.h"

namespace disagg::planning {
namespace {

constexpr char kDefaultScheduler[] = "default-scheduler";

// A scheduler looks at a pod within seconds.
constexpr int kSchedulerSeconds = 30;

class PodProblems {
 public:
  PodProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
              const std::vector<PodState>& states, ProblemList& list)
      : snapshot_(snapshot), plan_(plan), outcome_(outcome), states_(states), list_(list) {
    const std::vector<GroupState> groups = FoldGroups(states);
    for (const auto& [role, desired] : DesiredReplicas(snapshot)) {
      const auto ready = std::count_if(groups.begin(), groups.end(), [&](const GroupState& group) {
        return group.role == role && group.ready;
      });
      if (ready < MinReady(*snapshot.deployment, role)) short_.insert(role);
    }
    for (const GroupState& group : groups) {
      if (group.ready) serving_.insert({group.role, group.replica});
    }
  }

  void Run() {
    for (const PodState& state : states_) {
      if (!IsReplaced(state)) AddState(state);
    }
  }

 private:
  // A pod that no one can end is no news any more once its slot serves again.
  bool IsReplaced(const PodState& state) const {
    return state.life == Life::kLost && serving_.contains({state.role, state.replica});
  }

  void AddState(const PodState& state) {
    const std::string role(api::ToString(state.role));
    const Subject subject{state.pod.get(), role, SlotName(state.role, state.replica),
                          short_.contains(state.role) ? Severity::kService : Severity::kReplica};
    switch (state.life) {
      case Life::kLost:
        Add(subject, "NodeLost", state.why + "; the operator replaces " + subject.slot, state.why);
        return;
      case Life::kFailed:
        AddFailed(state, subject);
        return;
      case Life::kEnding:
        AddStuck(subject);
        return;
      case Life::kAlive:
        if (!state.pod->ready || state.unread) {
          if (!AddPod(subject) && state.lost_at) AddNodeNotReady(subject);
        } else if (state.hidden && !IsMadeFound(state)) {
          AddHidden(subject, PolicyOf(state.role));
        }
        return;
    }
  }

  void Add(const Subject& subject, const std::string& reason, const std::string& message,
           const std::string& cause) {
    list_.Add({subject.role, subject.pod->meta.name, subject.pod->node_name, reason, message,
               subject.severity},
              cause);
  }

  void AddFailed(const PodState& state, const Subject& subject) {
    std::string reason = state.pod->reason.empty() ? "PodFailed" : state.pod->reason.get();
    if (state.crash_looping) reason = "CrashLoop";
    std::string message = subject.slot + " failed: " + state.why;
    for (const auto& container : state.pod->containers) {
      const std::string said = base::LastLine(container.last_termination_message);
      if (said.empty()) continue;
      message += "; " + container.name + " said: " + said;
      break;
    }
    Add(subject, reason, message + BanOf(state), state.why);
  }

  std::string BanOf(const PodState& state) const {
    const std::int64_t failed_at = FailureTime(*state.pod, snapshot_.now);
    const std::string clause =
        BanClause(FaultsWith(state.faults, *state.pod, failed_at), snapshot_.now);
    return clause.empty() ? "" : "; it " + clause;
  }

  // Of a pod that waits for a node and may not take one of them.
  std::string BanUpon(const kube::Pod& pod) const {
    if (pod.meta.annotation(api::kAnnotationAvoids).empty()) return "";
    const std::string clause =
        BanClause(ParseFaults(pod.meta.annotation(api::kAnnotationNodeFaults)), snapshot_.now);
    return clause.empty() ? "" : "; it " + clause;
  }

  // Its deadline has passed, and it may hold its devices still.
  void AddStuck(const Subject& subject) {
    const kube::ObjectMeta& meta = subject.pod->meta;
    if (!meta.deleting()) return;  // deleted by this pass
    if (snapshot_.now < StuckAt(meta)) {
      list_.WakeAt(StuckAt(meta));
      return;
    }
    const std::string& node = subject.pod->node_name;
    const std::string what = "pod " + meta.name + (node.empty() ? "" : " on node " + node) +
                             " is still there, though it had to end by " +
                             base::FormatTime(*meta.deletion_time) + ": ";
    const std::string why =
        !meta.finalizers.empty()
            ? FinalizerClause(meta)
            : "the kubelet of that node does not end it; check the node; if it never comes back: "
              "kubectl delete pod " +
                  meta.name + " -n " + meta.namespace_name + " --grace-period=0 --force";
    Add(subject, "StuckTerminating", what + why,
        meta.finalizers.empty() ? node : meta.finalizers.get());
  }

  void AddNodeNotReady(const Subject& subject) {
    Add(subject, "NodeNotReady",
        "node " + subject.pod->node_name + " is NotReady; the operator replaces " + subject.slot +
            " when that lasts " + std::to_string(snapshot_.settings.node_loss_seconds) + " s",
        subject.pod->node_name);
  }

  // By labels that this pass has given back: a warning would be of what is over when it is read.
  bool IsMadeFound(const PodState& state) const {
    const RolePolicy& policy = PolicyOf(state.role);
    const bool found = state.pod->meta.label(policy.found_by) == policy.found_value ||
                       state.lost_labels.contains(policy.found_by);
    return found && std::any_of(plan_.writes.begin(), plan_.writes.end(), [&](const Write& write) {
             return write.verb == Verb::kMergePatch && write.uid == state.pod->meta.uid &&
                    WasCarriedOut(write, outcome_);
           });
  }

  void AddHidden(const Subject& subject, const RolePolicy& policy) {
    const kube::ObjectMeta& meta = subject.pod->meta;
    Add(subject, "NotRoutable",
        subject.slot + " runs, but requests do not find it without its labels; kubectl label pod " +
            meta.name + " -n " + meta.namespace_name + " --overwrite " + api::kLabelDeployment +
            "=" + snapshot_.deployment->meta.name + " " + policy.found_by + "=" +
            policy.found_value + ", or delete it",
        "labels");
  }

  // Of a pod that is alive and not ready. True when it is told.
  bool AddPod(const Subject& subject) {
    if (!subject.pod->meta.decode_error.empty()) return AddUnread(subject);
    if (!subject.pod->scheduled) return AddUnscheduled(subject);
    return AddContainerProblems(subject, snapshot_.now, list_);
  }

  bool AddUnread(const Subject& subject) {
    const kube::ObjectMeta& meta = subject.pod->meta;
    Add(subject, "PodUnreadable",
        subject.slot + ": " + meta.decode_error.get() +
            "; whether it serves is not known, so the operator leaves it alone; to replace it: "
            "kubectl delete pod " +
            meta.name + " -n " + meta.namespace_name,
        meta.uid);
    return true;
  }

  bool AddUnscheduled(const Subject& subject) {
    const kube::Pod& pod = *subject.pod;
    if (!pod.scheduling_gates.empty()) {
      Add(subject, "SchedulingGated",
          subject.slot + " waits for its scheduling gates: " + pod.scheduling_gates +
              "; whoever added them has to remove them",
          "gates");
      return true;
    }
    if (!pod.unschedulable_message.empty()) {
      const std::string text = ExplainUnschedulable(snapshot_, plan_.resolution, pod, subject.role);
      Add(subject, "Unschedulable", subject.slot + text + BanUpon(pod), text);
      return true;
    }
    return AddIgnored(subject);
  }

  // No scheduler has said anything about the pod.
  bool AddIgnored(const Subject& subject) {
    const kube::Pod& pod = *subject.pod;
    const std::int64_t reported_at = pod.meta.creation_time + kSchedulerSeconds;
    if (snapshot_.now < reported_at) {
      list_.WakeAt(reported_at);
      return false;
    }
    const std::string scheduler =
        pod.scheduler_name.empty() ? kDefaultScheduler : pod.scheduler_name.get();
    Add(subject, "SchedulerSilent",
        "no scheduler has looked at " + subject.slot + " since " +
            base::FormatTime(pod.meta.creation_time) + ": does scheduler \"" + scheduler +
            "\" run?" + WhoNamed(scheduler),
        "scheduler");
    return true;
  }

  std::string WhoNamed(const std::string& scheduler) const {
    if (scheduler == kDefaultScheduler) return "";
    if (scheduler == snapshot_.deployment->spec.placement.scheduler_name) {
      return " If not, correct spec.placement.schedulerName";
    }
    return " This deployment does not name it; a policy or webhook of this cluster does: correct "
           "that, then delete the pod";
  }

  const Snapshot& snapshot_;
  const Plan& plan_;
  const Outcome& outcome_;
  const std::vector<PodState>& states_;
  ProblemList& list_;
  std::set<api::RoleName> short_;                    // roles with too few ready pods to serve
  std::set<std::pair<api::RoleName, int>> serving_;  // slots
};

}  // namespace

void AddPodProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                    const std::vector<PodState>& states, ProblemList& list) {
  PodProblems(snapshot, plan, outcome, states, list).Run();
}

}  // namespace disagg::planning
