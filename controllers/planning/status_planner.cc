#include "controllers/planning/status_planner.h"

#include <algorithm>
#include <set>

#include "controllers/api/labels.h"
#include "controllers/planning/conditions.h"
#include "controllers/planning/problems.h"
#include "controllers/planning/role_counts.h"
#include "controllers/planning/status_events.h"
#include "controllers/planning/status_summary.h"
#include "controllers/planning/text.h"
#include "controllers/render/objects.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

constexpr std::size_t kMostProblems = 8;

std::string Plural(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// With a full stop, so that another sentence can follow.
std::string Sentence(const std::string& text) {
  const bool ends =
      !text.empty() && std::string_view(".?!").find(text.back()) != std::string_view::npos;
  return ends ? text : text + ".";
}

std::string Capitalized(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// As the pass leaves the pods: what it has deleted serves nobody from now on, though the caches do
// not know yet.
std::vector<PodState> StatesAfter(const Snapshot& snapshot, const Plan& plan,
                                  const Outcome& outcome) {
  std::set<std::string> deleted;
  for (const Write& write : plan.writes) {
    const bool deletes = write.verb == Verb::kDelete && write.resource == kube::kPods;
    if (deletes && WasCarriedOut(write, outcome)) deleted.insert(write.uid);
  }
  std::vector<PodState> states = ClassifyPods(snapshot);
  for (PodState& state : states) {
    if (state.life == Life::kAlive && deleted.contains(state.pod->meta.uid)) {
      state.life = Life::kEnding;
    }
  }
  return states;
}

class StatusPlanner {
 public:
  StatusPlanner(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome)
      : snapshot_(snapshot),
        plan_(plan),
        outcome_(outcome),
        deployment_(*snapshot.deployment),
        states_(StatesAfter(snapshot, plan, outcome)),
        undecided_(plan.gated && (!outcome.executed || !outcome.refusal.empty() || GateFailed())),
        goal_(MakeGoal()),
        counts_(CountRoles(snapshot, goal_, states_)),
        routers_(CountRouters(snapshot)),
        problems_(FindProblems(snapshot, plan, outcome, states_, kMostProblems)),
        conditions_(deployment_.status.conditions, deployment_.meta.generation, snapshot.now) {}

  StatusPlan Run() {
    Conditions();
    StatusPlan result;
    result.status = Status();
    result.ready = ready_;
    result.changed =
        !NextPassTells() &&
        result.status !=
            json::parse(deployment_.status.json.empty() ? "{}" : deployment_.status.json.Unpack(),
                        nullptr, false);
    if (outcome_.executed && !GateFailed()) result.actions = ActionsOf(plan_, outcome_);
    result.events = Transitions(deployment_, conditions_, problems_);
    return result;
  }

 private:
  bool NextPassTells() const {
    return plan_.another_pass && outcome_.executed && outcome_.refusal.empty() &&
           outcome_.failed.empty();
  }

  bool GateFailed() const {
    return std::any_of(outcome_.failed.begin(), outcome_.failed.end(),
                       [](const WriteOutcome& failed) {
                         return failed.error && IsFoundation(failed.write->stage);
                       });
  }

  // The target counts as accepted unless its dry runs were refused or not yet asked. Replicas of a
  // spec that was not accepted are shown only while nothing else was.
  Goal MakeGoal() const {
    if (undecided_ && plan_.accepted) return {plan_.accepted, plan_.accepted_desired};
    Goal goal{undecided_ ? std::nullopt : plan_.target, plan_.desired};
    if (goal.target) return goal;
    for (const auto& [role, spec] : deployment_.spec.roles) {
      goal.desired[role] = deployment_.spec.suspend ? 0 : spec.replicas;
    }
    return goal;
  }

  // -- conditions

  void Conditions() {
    ReadyCondition();
    FullyAvailable();
    RouterReady();
    ModelResolved();
    Scheduled();
    conditions_.Set("UpdateAvailable", !plan_.update_available.empty(),
                    plan_.update_available.empty() ? "UpToDate" : "InputsChanged",
                    plan_.update_available);
    Stalled();
    Reconciling();
  }

  bool Suspended() const { return deployment_.spec.suspend && plan_.errors.empty(); }

  void ReadyCondition() {
    ready_ = CanServe(snapshot_, states_);
    if (ready_) {
      conditions_.Set("Ready", true, "Serving",
                      ReplicaSentence() + " serve behind " + Plural(routers_.ready, "router"));
      return;
    }
    const auto [reason, message] = NotReady();
    conditions_.Set("Ready", false, reason, message);
  }

  std::string ReplicaSentence() const {
    std::string text;
    for (const auto& [role, count] : counts_) {
      if (!text.empty()) text += " and ";
      text += std::to_string(count.ready) + " of " + std::to_string(count.desired) + " " +
              std::string(api::ToString(role));
    }
    return text + " replicas";
  }

  std::pair<std::string, std::string> NotReady() const {
    if (Suspended()) {
      return {"Suspended", "spec.suspend is true: all replicas are at 0; requests are refused"};
    }
    if (goal_.target && NothingWanted()) {
      return {"ScaledToZero", "all replicas are at 0; requests are refused"};
    }
    for (const auto& [role, desired] : goal_.desired) {
      const RoleCounts& count = counts_.at(role);
      if (count.ready >= MinReady(deployment_, role)) continue;
      const std::string name(api::ToString(role));
      return {"No" + Capitalized(name) + "Routable",
              std::to_string(count.ready) + " of " + std::to_string(count.desired) + " " + name +
                  " replicas can serve; requests are refused"};
    }
    if (counts_.empty()) {
      return {"NothingAccepted", "no spec was accepted yet; requests are refused"};
    }
    if (routers_.ready > 0) {
      return {"NoRouterReady",
              "no contract has a ready router and enough ready workers of every role; requests are "
              "refused"};
    }
    return {"NoRouterReady",
            "0 of " + Plural(routers_.desired, "router pod") + " ready; requests are refused"};
  }

  bool NothingWanted() const {
    return std::all_of(goal_.desired.begin(), goal_.desired.end(),
                       [](const auto& role) { return role.second == 0; });
  }

  // A router that this pass changes has yet to roll.
  bool RouterComplete() const {
    const bool changes =
        std::any_of(plan_.writes.begin(), plan_.writes.end(), [](const Write& write) {
          return write.verb == Verb::kApply && write.resource == kube::kDeployments;
        });
    return !changes && goal_.target && RouterIsComplete(snapshot_, goal_.target->contract);
  }

  bool Complete() const {
    const bool roles = std::all_of(counts_.begin(), counts_.end(), [](const auto& role) {
      return role.second.ready >= role.second.desired;
    });
    return roles && (NothingWanted() || RouterComplete());
  }

  void FullyAvailable() {
    int ready = 0, desired = 0, scheduled = 0;
    for (const auto& [role, count] : counts_) {
      ready += count.ready;
      desired += count.desired;
      scheduled += count.scheduled;
    }
    if (Complete() && goal_.target) {
      conditions_.Set("FullyAvailable", true, "AllReady",
                      "all " + Plural(desired, "replica") + " are ready");
      return;
    }
    const std::string reason =
        problems_.empty() ? (scheduled < desired ? "Starting" : "NotReady") : problems_[0].reason;
    conditions_.Set("FullyAvailable", false, reason,
                    std::to_string(ready) + " of " + Plural(desired, "replica") + " ready, " +
                        std::to_string(scheduled) + " scheduled");
  }

  void RouterReady() {
    const std::string pods =
        std::to_string(routers_.ready) + " of " + Plural(routers_.desired, "router pod") + " ready";
    const bool ready = routers_.ready > 0;
    conditions_.Set("RouterReady", ready, ready ? "Routing" : "NoRouterReady", pods);
  }

  void ModelResolved() {
    const auto& resolution = plan_.resolution;
    for (const api::FieldError& error : resolution.errors) {
      if (!error.path.starts_with("spec.model")) continue;
      conditions_.Set("ModelResolved", false, error.reason, error.message);
      return;
    }
    if (resolution.model == nullptr) {
      conditions_.Set("ModelResolved", false, "NotResolved", "spec.model.ref could not be read");
      return;
    }
    std::set<std::string> staged;
    for (const auto& [role, resolved] : resolution.roles) {
      staged.insert(resolved.accelerator->meta.name);
    }
    std::string where;
    for (const std::string& name : staged) where += (where.empty() ? "" : ", ") + name;
    conditions_.Set("ModelResolved", true, "Resolved",
                    "ServingModel " + resolution.model->meta.name + ", revision " +
                        resolution.model->revision +
                        (where.empty() ? "" : " (staged on " + where + ")"));
  }

  void Scheduled() {
    for (const Problem& problem : problems_) {
      if (problem.reason != "Unschedulable" && problem.reason != "QuotaExceeded") continue;
      conditions_.Set("Scheduled", false, problem.reason, problem.message);
      return;
    }
    const bool all = std::all_of(counts_.begin(), counts_.end(), [](const auto& role) {
      return role.second.scheduled >= role.second.desired;
    });
    conditions_.Set("Scheduled", all, all ? "AllScheduled" : "Starting",
                    all ? "every replica has a node" : "not every replica has a node yet");
  }

  // Present only while true, as kstatus has it.
  void Stalled() {
    if (!plan_.errors.empty()) {
      std::string message;
      for (const api::FieldError& error : plan_.errors) {
        message += (message.empty() ? "" : "; ") + error.message;
      }
      SetStalled(plan_.errors[0].reason, message);
    } else if (!outcome_.refusal.empty()) {
      SetStalled("RefusedByCluster", outcome_.refusal);
    } else {
      for (const WriteOutcome& failed : outcome_.failed) {
        if (!failed.error || failed.error->retryable() || failed.error->reason == "QuotaExceeded") {
          continue;
        }
        SetStalled(failed.error->reason.empty() ? "WriteRefused" : failed.error->reason,
                   failed.error->message);
        return;
      }
    }
  }

  void SetStalled(const std::string& reason, const std::string& message) {
    stalled_ = reason;
    const bool running = std::any_of(states_.begin(), states_.end(),
                                     [](const PodState& state) { return state.alive(); });
    conditions_.Set("Stalled", true, reason,
                    running ? Sentence(message) + " Running pods are untouched." : message);
  }

  bool RolledOut() const {
    if (!goal_.target) return false;
    const bool roles = std::all_of(counts_.begin(), counts_.end(), [](const auto& role) {
      const RoleCounts& count = role.second;
      return count.updated == count.created && count.ready == count.desired &&
             count.created == count.desired;
    });
    return roles && Complete();
  }

  std::string CurrentRevision() const {
    return RolledOut() ? goal_.target->name : deployment_.status.current_revision;
  }

  // Only while the spec's revision is not fully rolled out; self-healing and scaling do not set it.
  void Reconciling() {
    if (!stalled_.empty() || plan_.paused) return;
    const std::string target = plan_.target ? plan_.target->name : "";
    if (!target.empty() && CurrentRevision() == target) return;
    std::string message = "revision " + target + " is being rolled out";
    if (!plan_.explanations.empty()) message += ": " + plan_.explanations[0];
    conditions_.Set("Reconciling", true, "RollingOut", message);
  }

  // -- the rest of status

  json Roles() const {
    json roles = json::array();
    for (const auto& [role, count] : counts_) {
      const std::string name(api::ToString(role));
      json entry = {{"role", name},
                    {"desired", count.desired},
                    {"created", count.created},
                    {"scheduled", count.scheduled},
                    {"ready", count.ready},
                    {"updated", count.updated},
                    {"selector", std::string(api::kLabelDeployment) + "=" + deployment_.meta.name +
                                     "," + api::kLabelRole + "=" + name}};
      // Before anything was accepted `desired` must not look like an accepted number.
      if (!goal_.target) entry["desired"] = 0;
      if (goal_.target && goal_.target->roles.contains(role)) {
        entry["revision"] = goal_.target->roles.at(role).revision;
      }
      roles.push_back(std::move(entry));
    }
    return roles;
  }

  // Nothing is known to be wrong; it has just not served yet.
  bool Starting() const { return deployment_.status.current_revision.empty() && !Suspended(); }

  json Problems() const {
    json list = json::array();
    for (const Problem& problem : problems_) {
      json entry = {{"reason", problem.reason},
                    {"message", Shorten(problem.message, kLongestProblem)}};
      if (!problem.role.empty()) entry["role"] = problem.role;
      if (!problem.pod.empty()) entry["pod"] = problem.pod;
      if (!problem.node.empty()) entry["node"] = problem.node;
      list.push_back(std::move(entry));
    }
    return list;
  }

  json Status() const {
    json status = {
        {"observedGeneration", deployment_.meta.generation},
        {"conditions", conditions_.ToJson()},
        {"roles", Roles()},
        {"topology", LongTopology(deployment_)},
        {"summary", SummaryOf(deployment_, counts_, conditions_, problems_, Starting())}};
    if (goal_.target) {
      status["targetRevision"] = goal_.target->name;
      status["endpoint"] = render::Endpoint(deployment_);
    }
    if (const std::string current = CurrentRevision(); !current.empty()) {
      status["currentRevision"] = current;
    }
    if (!problems_.empty()) status["problems"] = Problems();
    return status;
  }

  const Snapshot& snapshot_;
  const Plan& plan_;
  const Outcome& outcome_;
  const api::DisaggDeployment& deployment_;
  const std::vector<PodState> states_;
  const bool undecided_;
  const Goal goal_;
  const std::map<api::RoleName, RoleCounts> counts_;
  const RouterCounts routers_;
  const std::vector<Problem> problems_;
  ConditionSet conditions_;
  bool ready_ = false;
  std::string stalled_;
};

}  // namespace

StatusPlan PlanStatus(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome) {
  return StatusPlanner(snapshot, plan, outcome).Run();
}

}  // namespace disagg::planning
