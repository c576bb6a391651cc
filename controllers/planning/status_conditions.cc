#include "controllers/planning/status_conditions.h"

#include <algorithm>
#include <set>
#include <utility>

#include "controllers/api/labels.h"

namespace disagg::planning {
namespace {

using Words = std::pair<std::string, std::string>;  // reason, message

std::string Plural(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string Capitalized(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// What holds everything up although the spec is right, in the words of the server.
const Problem* Obstacle(const StatusFacts& facts) { return facts.report.First(Severity::kRequest); }

std::string WithObstacle(const StatusFacts& facts, const std::string& message) {
  const Problem* obstacle = Obstacle(facts);
  return obstacle == nullptr ? message : message + "; " + obstacle->message;
}

// "2 of 2 prefill and 0 of 1 decode replicas": the workers, which a router only stands before.
std::string ReplicaSentence(const StatusFacts& facts) {
  std::string text;
  for (const auto& [role, count] : facts.counts) {
    if (!api::IsWorker(role)) continue;
    if (!text.empty()) text += " and ";
    text += std::to_string(count.ready) + " of " + std::to_string(count.desired) + " " +
            std::string(api::ToString(role));
  }
  return text + " replicas";
}

// The same "and 0 of 1 router": of routers those of an older revision do not count, whichever
// serve.
std::string CompleteSentence(const StatusFacts& facts) {
  const RoleCounts routers = facts.routers();
  return ReplicaSentence(facts) + " and " + std::to_string(routers.updated) + " of " +
         Plural(routers.desired, "router");
}

Words IdleWords(const StatusFacts& facts) {
  const bool suspended = facts.deployment.spec.suspend;
  const std::string why = suspended ? "spec.suspend is true" : "all replicas are at 0";
  const std::string left = facts.still_running == 0
                               ? ""
                               : ": " + Plural(facts.still_running, "pod") + " still to terminate";
  return {suspended ? "Suspended" : "ScaledToZero", why + left + "; requests are refused"};
}

Words NotReadyWords(const StatusFacts& facts) {
  for (const auto& [role, desired] : facts.goal.desired) {
    const RoleCounts& count = facts.counts.at(role);
    if (!api::IsWorker(role)) continue;
    if (count.ready >= MinReady(facts.deployment, role)) continue;
    const std::string name(api::ToString(role));
    return {"No" + Capitalized(name) + "Routable", std::to_string(count.ready) + " of " +
                                                       std::to_string(count.desired) + " " + name +
                                                       " replicas can serve; requests are refused"};
  }
  if (facts.counts.empty()) {
    return {"NothingAccepted", "no spec was accepted yet; requests are refused"};
  }
  const RoleCounts routers = facts.routers();
  if (routers.ready > 0) {
    return {"NoRouterReady",
            "no contract has a ready router and enough ready workers of every role; requests are "
            "refused"};
  }
  return {"NoRouterReady",
          "0 of " + Plural(routers.desired, "router pod") + " ready; requests are refused"};
}

// Whether requests are served. Absent where none should be and nothing runs any more: False would
// read as "in progress" for ever to whoever waits for this object (kstatus).
void Ready(const StatusFacts& facts, ConditionSet& conditions) {
  if (facts.serves) {
    const std::string served =
        ReplicaSentence(facts) + " serve behind " + Plural(facts.routers().ready, "router");
    conditions.Set("Ready", true, "Serving", WithObstacle(facts, served));
    return;
  }
  if (facts.idle_goal && facts.goal.target) {
    if (facts.as_specified) return;
    const auto [reason, message] = IdleWords(facts);
    conditions.Set("Ready", false, reason, WithObstacle(facts, message));
    return;
  }
  const auto [reason, message] = NotReadyWords(facts);
  const Problem* obstacle = Obstacle(facts);
  conditions.Set("Ready", false, obstacle == nullptr ? reason : obstacle->reason,
                 WithObstacle(facts, message));
}

std::string NotAvailableReason(const StatusFacts& facts, bool starts) {
  if (!facts.revision_stored) return "RevisionNotStored";
  const auto& problems = facts.report.problems;
  return problems.empty() ? (starts ? "Starting" : "NotReady") : problems[0].reason;
}

// Whether every replica that was accepted is ready.
void FullyAvailable(const StatusFacts& facts, ConditionSet& conditions) {
  int desired = 0, scheduled = 0;
  for (const auto& [role, count] : facts.counts) {
    desired += count.desired;
    // A pod more stands in for none of another role.
    scheduled += std::min(count.scheduled, count.desired);
  }
  const int routers = facts.routers().desired;
  if (facts.complete) {
    conditions.Set("FullyAvailable", true, "AllReady",
                   "all " + Plural(desired - routers, "replica") + " and " +
                       Plural(routers, "router") + " are ready");
    return;
  }
  conditions.Set(
      "FullyAvailable", false, NotAvailableReason(facts, scheduled < desired),
      WithObstacle(facts, CompleteSentence(facts) + " ready, " + std::to_string(scheduled) +
                              " of " + std::to_string(desired) + " scheduled"));
}

void RouterReady(const StatusFacts& facts, ConditionSet& conditions) {
  const RoleCounts routers = facts.routers();
  const bool ready = routers.ready > 0;
  // Of two contracts, and of two revisions, more may be ready than are wanted in the end.
  const int of_wanted = std::min(routers.ready, routers.desired);
  conditions.Set(
      "RouterReady", ready, ready ? "Routing" : "NoRouterReady",
      std::to_string(of_wanted) + " of " + Plural(routers.desired, "router pod") + " ready");
}

void ModelResolved(const StatusFacts& facts, ConditionSet& conditions) {
  const api::Resolution& resolution = facts.plan.resolution;
  for (const api::FieldError& error : resolution.errors) {
    if (!error.path.starts_with("spec.model")) continue;
    conditions.Set("ModelResolved", false, error.reason, error.message);
    return;
  }
  if (resolution.model == nullptr) {
    conditions.Set("ModelResolved", false, "NotResolved", "spec.model.ref could not be read");
    return;
  }
  std::set<std::string> staged;
  for (const auto& [role, resolved] : resolution.roles) {
    staged.insert(resolved.accelerator->meta.name);
  }
  std::string where;
  for (const std::string& name : staged) where += (where.empty() ? "" : ", ") + name;
  conditions.Set("ModelResolved", true, "Resolved",
                 "ServingModel " + resolution.model->meta.name + ", revision " +
                     resolution.model->revision +
                     (where.empty() ? "" : " (staged on " + where + ")"));
}

void Scheduled(const StatusFacts& facts, ConditionSet& conditions) {
  static const std::set<std::string> kReasons = {
      "WaitingForCapacity", "Unschedulable", "QuotaExceeded", "SchedulingGated", "SchedulerSilent"};
  const bool all = std::all_of(facts.counts.begin(), facts.counts.end(), [](const auto& role) {
    return role.second.scheduled >= role.second.desired;
  });
  // What is not accepted yet is not counted, and a quota may be why it is not.
  for (const Problem& problem : facts.report.problems) {
    if ((all && !facts.goal.undecided) || !kReasons.contains(problem.reason)) continue;
    conditions.Set("Scheduled", false, problem.reason, problem.message);
    return;
  }
  if (all) {
    conditions.Set("Scheduled", true, "AllScheduled", "every replica has a node");
    return;
  }
  conditions.Set("Scheduled", false, "Starting",
                 WithObstacle(facts, "not every replica has a node yet"));
}

void UpdateAvailable(const StatusFacts& facts, ConditionSet& conditions) {
  const std::string& update = facts.plan.update_available;
  conditions.Set("UpdateAvailable", !update.empty(), update.empty() ? "UpToDate" : "InputsChanged",
                 update);
}

// Present only while true, as kstatus has it: nothing goes on until a person acts.
void Stalled(const StatusFacts& facts, ConditionSet& conditions) {
  if (facts.stall) conditions.Set("Stalled", true, facts.stall->reason, facts.stall->message);
}

// What the roll-out waits for, in one clause.
std::string WaitsFor(const StatusFacts& facts) {
  if (const Problem* obstacle = Obstacle(facts)) return obstacle->message;
  if (facts.plan.explanations.empty()) return "";
  Explanation first = facts.plan.explanations[0];
  // What a problem says is said there.
  const auto& problems = facts.report.problems;
  if (std::any_of(problems.begin(), problems.end(),
                  [&](const Problem& problem) { return problem.message == first.because; })) {
    first.because.clear();
  }
  return ToString(first);
}

Words PausedWords(const StatusFacts& facts) {
  const std::string paused =
      "paused by the annotation " + std::string(api::kAnnotationReconcile) + "=disabled";
  const std::string what = facts.unseen_changes
                               ? "generation " + std::to_string(facts.deployment.meta.generation) +
                                     " of the spec is not acted upon"
                               : "not everything runs as the spec says";
  return {"Paused", what + ": " + paused};
}

Words ReconcilingWords(const StatusFacts& facts) {
  if (facts.plan.paused) return PausedWords(facts);
  if (facts.inputs_due) {
    return {"WaitingForInputs", facts.plan.errors[0].message};
  }
  if (facts.idle_goal && facts.goal.target) return IdleWords(facts);
  const std::string waits = WaitsFor(facts);
  const std::string why = waits.empty() ? "" : ": " + waits;
  const std::string target = facts.plan.target ? facts.plan.target->name : "";
  if (facts.deployment.status.current_revision != target) {
    return {"RollingOut", "revision " + target + " is being rolled out" + why};
  }
  return {"Progressing", CompleteSentence(facts) + " of revision " + target + " are ready" + why};
}

// Whenever what runs is not what the spec says and the operator works on it; kstatus reads that
// nobody should take the object for done.
void Reconciling(const StatusFacts& facts, ConditionSet& conditions) {
  if (facts.stall || facts.as_specified || facts.deployment.meta.deleting()) return;
  const auto [reason, message] = ReconcilingWords(facts);
  conditions.Set("Reconciling", true, reason, message);
}

constexpr void (*kConditions[])(const StatusFacts&, ConditionSet&) = {
    Ready,     FullyAvailable,  RouterReady, ModelResolved,
    Scheduled, UpdateAvailable, Stalled,     Reconciling};

}  // namespace

void SetConditions(const StatusFacts& facts, ConditionSet& conditions) {
  for (const auto& set : kConditions) set(facts, conditions);
}

}  // namespace disagg::planning
