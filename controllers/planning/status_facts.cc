#include "controllers/planning/status_facts.h"

#include <algorithm>
#include <set>

#include "controllers/planning/desired.h"
#include "controllers/planning/request_problems.h"
#include "controllers/planning/role_policy.h"

namespace disagg::planning {
namespace {

constexpr std::size_t kMostProblems = 8;

// `kubectl apply` of a folder sends its files within seconds, in the order of their names.
constexpr int kInputSeconds = 10;

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

// The target counts as accepted once its dry runs were. Replicas of a spec that was not accepted
// are shown only while nothing else was.
Goal GoalOf(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome) {
  const bool decided = outcome.executed && outcome.stands() && outcome.accepted();
  const bool undecided = plan.gated && !decided;
  Goal goal{undecided ? std::nullopt : plan.target, plan.desired, undecided};
  if (undecided && plan.accepted) goal = {plan.accepted, plan.accepted_desired, undecided};
  if (!goal.target) {
    for (const auto& [role, replicas] : DesiredReplicas(snapshot)) goal.desired[role] = replicas;
  }
  return goal;
}

// What is lost with its node holds nothing that anybody could use.
int CountRunning(const std::vector<PodState>& states) {
  return static_cast<int>(std::count_if(states.begin(), states.end(), [](const PodState& state) {
    return state.life == Life::kAlive || state.life == Life::kEnding || state.crash_looping;
  }));
}

bool AnyEnding(const std::vector<PodState>& states) {
  return std::any_of(states.begin(), states.end(),
                     [](const PodState& state) { return state.life == Life::kEnding; });
}

// Where older pods stay until their successors are ready, only those count.
bool AllReady(const StatusFacts& facts) {
  return std::all_of(facts.counts.begin(), facts.counts.end(), [](const auto& role) {
    const RoleCounts& count = role.second;
    return (PolicyOf(role.first).surge > 0 ? count.updated : count.ready) >= count.desired;
  });
}

bool OnlyTheTargetRuns(const StatusFacts& facts) {
  const bool roles = std::all_of(facts.counts.begin(), facts.counts.end(), [](const auto& role) {
    const RoleCounts& count = role.second;
    return count.updated == count.desired && count.created == count.desired;
  });
  return roles && facts.goal.target && !AnyEnding(facts.states) &&
         (!facts.idle_goal || facts.still_running == 0);
}

// What failed, in this pass or for some time, is not as it should be, whatever the caches show.
bool NothingFails(const StatusFacts& facts) {
  const bool failed =
      std::any_of(facts.outcome.failed.begin(), facts.outcome.failed.end(),
                  [](const WriteOutcome& write) { return write.error.has_value(); });
  return !failed && facts.snapshot.troubles.empty() && facts.outcome.refusal.empty();
}

bool RevisionIsStored(const Outcome& outcome) {
  return std::none_of(outcome.failed.begin(), outcome.failed.end(), [](const WriteOutcome& failed) {
    return failed.error && failed.write->stage == Stage::kRevision;
  });
}

bool OnlyInputsAreMissing(const Plan& plan) {
  return !plan.errors.empty() &&
         std::all_of(plan.errors.begin(), plan.errors.end(), [](const api::FieldError& error) {
           return error.reason == "ModelNotFound" || error.reason == "AcceleratorNotFound";
         });
}

bool IsTrue(const api::DisaggDeployment& deployment, const char* type) {
  const api::Condition* condition = deployment.status.Find(type);
  return condition != nullptr && condition->status == "True";
}

// While inputs are missing the deployment is Reconciling, and the condition remembers since when.
std::optional<std::int64_t> InputsDue(const StatusFacts& facts) {
  const auto& deployment = facts.deployment;
  if (facts.plan.paused || !OnlyInputsAreMissing(facts.plan)) return std::nullopt;
  if (IsTrue(deployment, "Stalled")) return std::nullopt;
  const std::int64_t since = IsTrue(deployment, "Reconciling")
                                 ? deployment.status.Find("Reconciling")->last_transition_time
                                 : facts.snapshot.now;
  const std::int64_t due = since + kInputSeconds;
  return facts.snapshot.now < due ? std::optional(due) : std::nullopt;
}

// With a full stop, so that another sentence can follow.
std::string Sentence(const std::string& text) {
  const bool stops =
      !text.empty() && std::string_view(".?!").find(text.back()) != std::string_view::npos;
  return stops ? text : text + ".";
}

std::optional<Stall> FinalWrite(const StatusFacts& facts) {
  for (const WriteOutcome& failed : facts.outcome.failed) {
    if (!IsFinal(failed)) continue;
    const std::string& reason = failed.error->reason;
    return Stall{reason.empty() ? "WriteRefused" : reason, failed.error->message};
  }
  for (const Trouble& trouble : facts.snapshot.troubles) {
    if (trouble.retryable) continue;
    return Stall{ReasonOf(trouble), trouble.what + ": " + trouble.message};
  }
  return std::nullopt;
}

// In the order in which they stop everything that follows.
std::optional<Stall> FindStall(const StatusFacts& facts) {
  if (facts.inputs_due) return std::nullopt;
  if (!facts.plan.errors.empty()) {
    std::string message;
    for (const api::FieldError& error : facts.plan.errors) {
      message += (message.empty() ? "" : "; ") + error.message;
    }
    return Stall{facts.plan.errors[0].reason, message};
  }
  if (auto damage = DamageMessage(facts.snapshot, facts.plan); !damage.empty()) {
    return Stall{"DamagedRevision", std::move(damage)};
  }
  if (!facts.outcome.refusal.empty()) return Stall{"RefusedByCluster", facts.outcome.refusal};
  if (OrphansAreInTheWay(facts.snapshot)) {
    return Stall{"OrphanedObjects", OrphanMessage(facts.snapshot)};
  }
  return FinalWrite(facts);
}

std::optional<Stall> StallOf(const StatusFacts& facts) {
  auto stall = FindStall(facts);
  const bool running = std::any_of(facts.states.begin(), facts.states.end(),
                                   [](const PodState& state) { return state.alive(); });
  if (stall && running) stall->message = Sentence(stall->message) + " Running pods are untouched.";
  return stall;
}

// Before a paused operator has ever acted on the object, all of its spec is a change.
bool HasUnseenChanges(const StatusFacts& facts) {
  return facts.plan.paused && !facts.deployment.meta.deleting() &&
         facts.deployment.status.observed_generation != facts.deployment.meta.generation;
}

bool IsClientService(const kube::Resource& resource, const kube::ObjectKey& key,
                     const Snapshot& snapshot) {
  return resource == kube::kServices && key == snapshot.deployment->meta.key();
}

// Without it clients have no address to send a request to.
bool HasClientService(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome) {
  return std::any_of(snapshot.children.begin(), snapshot.children.end(),
                     [&](const Child& child) {
                       return IsClientService(child.resource, child.object->meta.key(), snapshot);
                     }) ||
         std::any_of(plan.writes.begin(), plan.writes.end(), [&](const Write& write) {
           return write.verb == Verb::kApply && WasCarriedOut(write, outcome) &&
                  IsClientService(write.resource, write.key, snapshot);
         });
}

}  // namespace

std::int64_t StatusFacts::observed_generation() const {
  if (!unseen_changes) return deployment.meta.generation;
  return std::max<std::int64_t>(0, deployment.status.observed_generation);
}

RoleCounts StatusFacts::routers() const {
  const auto found = counts.find(api::RoleName::kRouter);
  return found == counts.end() ? RoleCounts{} : found->second;
}

StatusFacts FactsOf(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome) {
  StatusFacts facts{.snapshot = snapshot,
                    .plan = plan,
                    .outcome = outcome,
                    .deployment = *snapshot.deployment,
                    .states = StatesAfter(snapshot, plan, outcome),
                    .goal = GoalOf(snapshot, plan, outcome)};
  const std::vector<GroupState> groups = FoldGroups(facts.states);
  facts.counts = CountRoles(snapshot, facts.goal, groups);
  facts.report = FindProblems(snapshot, plan, outcome, facts.states, kMostProblems);
  facts.serves = CanServe(snapshot, groups) && HasClientService(snapshot, plan, outcome);
  facts.idle_goal = std::all_of(facts.goal.desired.begin(), facts.goal.desired.end(),
                                [](const auto& role) { return role.second == 0; });
  facts.still_running = CountRunning(facts.states);
  facts.revision_stored = RevisionIsStored(outcome);
  facts.complete = facts.goal.target && AllReady(facts) && facts.revision_stored;
  facts.rolled_out = facts.complete && OnlyTheTargetRuns(facts);
  facts.unseen_changes = HasUnseenChanges(facts);
  facts.inputs_due = InputsDue(facts);
  facts.stall = StallOf(facts);
  const bool accepted = plan.errors.empty() && plan.damaged.empty() && plan.target &&
                        facts.goal.target && facts.goal.target->name == plan.target->name;
  facts.as_specified = facts.rolled_out && accepted && NothingFails(facts) && !facts.unseen_changes;
  return facts;
}

}  // namespace disagg::planning
