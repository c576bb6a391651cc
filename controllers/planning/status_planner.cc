#include "controllers/planning/status_planner.h"

#include <algorithm>

#include "controllers/api/labels.h"
#include "controllers/planning/capacity.h"
#include "controllers/planning/conditions.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/status_conditions.h"
#include "controllers/planning/status_events.h"
#include "controllers/planning/status_facts.h"
#include "controllers/planning/status_news.h"
#include "controllers/planning/status_summary.h"
#include "controllers/planning/times.h"
#include "controllers/render/objects.h"
#include "operator/base/clock.h"
#include "operator/base/text.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

std::string CurrentRevision(const StatusFacts& facts) {
  return facts.rolled_out ? facts.goal.target->name : facts.deployment.status.current_revision;
}

json RoleJson(const StatusFacts& facts, api::RoleName role, const RoleCounts& count) {
  const std::string name(api::ToString(role));
  const auto& target = facts.goal.target;
  json entry = {{"role", name},
                // Before anything was accepted it must not look like an accepted number.
                {"desired", target ? count.desired : 0},
                {"created", count.created},
                {"scheduled", count.scheduled},
                {"ready", count.ready},
                {"updated", count.updated},
                {"selector", std::string(api::kLabelDeployment) + "=" + facts.deployment.meta.name +
                                 "," + api::kLabelRole + "=" + name}};
  if (target && target->roles.contains(role)) {
    entry["revision"] = target->roles.at(role).revision;
  }
  return entry;
}

json RolesJson(const StatusFacts& facts) {
  json roles = json::array();
  for (const auto& [role, count] : facts.counts) roles.push_back(RoleJson(facts, role, count));
  return roles;
}

json ProblemsJson(const StatusFacts& facts) {
  json list = json::array();
  for (const Problem& problem : facts.report.problems) {
    json entry = {{"reason", problem.reason},
                  {"message", base::CutUtf8(problem.message, kLongestProblem)}};
    if (!problem.role.empty()) entry["role"] = problem.role;
    if (!problem.pod.empty()) entry["pod"] = problem.pod;
    if (!problem.node.empty()) entry["node"] = problem.node;
    list.push_back(std::move(entry));
  }
  return list;
}

// Once more only when a worker is younger than it: a time that moves would be written in every
// pass.
std::int64_t LastServed(const StatusFacts& facts) {
  const std::int64_t now = facts.snapshot.now;
  const std::int64_t before = std::min(facts.deployment.status.last_served, now);
  if (!facts.serves) return HaveServed(facts.snapshot, FoldGroups(facts.states)) ? before : 0;
  const bool covers_all =
      std::all_of(facts.states.begin(), facts.states.end(), [&](const PodState& state) {
        return !state.alive() || !PolicyOf(state.role).holds_devices ||
               WasThere(*state.pod, before, now);
      });
  return covers_all ? before : now;
}

json StatusJson(const StatusFacts& facts, const ConditionSet& conditions) {
  json status = {{"observedGeneration", facts.observed_generation()},
                 {"conditions", conditions.ToJson()},
                 {"roles", RolesJson(facts)},
                 {"topology", LongTopology(facts.deployment)},
                 {"summary", SummaryOf(facts, conditions)}};
  if (facts.goal.target) {
    status["targetRevision"] = facts.goal.target->name;
    status["endpoint"] = render::Endpoint(facts.deployment);
  }
  if (const std::string current = CurrentRevision(facts); !current.empty()) {
    status["currentRevision"] = current;
  }
  if (!facts.report.problems.empty()) status["problems"] = ProblemsJson(facts);
  if (!facts.plan.waits.empty()) status["capacity"] = ToJson(facts.plan.waits);
  if (const std::int64_t served = LastServed(facts); served != 0) {
    status["lastServedTime"] = base::FormatTime(served);
  }
  return status;
}

// The server's copy; null where there is none.
json StatusBefore(const api::DisaggDeployment& deployment) {
  const auto& before = deployment.status.json;
  return json::parse(before.empty() ? "{}" : before.Unpack(), nullptr, false);
}

bool NextPassTells(const Plan& plan, const Outcome& outcome) {
  return plan.another_pass && outcome.executed && outcome.refusal.empty() && outcome.failed.empty();
}

}  // namespace

StatusPlan PlanStatus(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome) {
  const StatusFacts facts = FactsOf(snapshot, plan, outcome);
  ConditionSet conditions(facts.deployment.status.conditions, facts.observed_generation(),
                          snapshot.now);
  SetConditions(facts, conditions);
  StatusPlan result;
  result.status = StatusJson(facts, conditions);
  result.ready = facts.serves;
  result.wake_at = facts.report.wake_at;
  if (facts.inputs_due) {
    result.wake_at = std::min(result.wake_at.value_or(*facts.inputs_due), *facts.inputs_due);
  }
  const json before = StatusBefore(facts.deployment);
  result.changed = !NextPassTells(plan, outcome) && result.status != before;
  result.news = result.changed && IsNews(before, result.status);
  if (outcome.executed) result.actions = ActionsOf(plan, outcome);
  result.events = Transitions(facts.deployment, plan.waits, conditions, facts.report.problems);
  return result;
}

}  // namespace disagg::planning
