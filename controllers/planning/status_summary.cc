#include "controllers/planning/status_summary.h"

#include <algorithm>
#include <string>
#include <utility>

#include "operator/base/text.h"

namespace disagg::planning {
namespace {

using Counts = std::map<api::RoleName, RoleCounts>;

std::string Ratio(int ready, int desired) {
  return std::to_string(ready) + "/" + std::to_string(desired);
}

std::string RoleColumn(const Counts& counts, api::RoleName role) {
  const auto count = counts.find(role);
  return count == counts.end() ? "-" : Ratio(count->second.ready, count->second.desired);
}

std::string GpuColumn(const api::DisaggDeployment& deployment, const Counts& counts) {
  if (deployment.spec.roles.empty()) return "";  // an object that could not be read
  int ready = 0, desired = 0;
  for (const auto& [role, count] : counts) {
    ready += count.gpus * std::min(count.ready, count.desired);
    desired += count.gpus * count.desired;
  }
  return ready == desired ? std::to_string(desired) : Ratio(ready, desired);
}

// The reason in one word and the sentence behind it; both empty when all is well.
std::pair<std::string, std::string> WhyNot(const StatusFacts& facts,
                                           const ConditionSet& conditions) {
  if (facts.stall) return {facts.stall->reason, conditions.Find("Stalled")->message};
  if (!facts.report.problems.empty()) {
    return {facts.report.problems[0].reason, facts.report.problems[0].message};
  }
  const bool suspended = facts.deployment.spec.suspend;
  if (facts.idle_goal && facts.goal.target) {
    const api::Condition* reconciling = conditions.Find("Reconciling");
    return {suspended ? "Suspended" : "ScaledToZero",
            reconciling != nullptr ? reconciling->message
            : suspended ? "spec.suspend is true: all replicas are at 0; requests are refused"
                        : "all replicas are at 0; requests are refused"};
  }
  const api::Condition* ready = conditions.Find("Ready");
  if (ready == nullptr || ready->status == "True") return {};
  // Nothing is known to be wrong; it has just not served yet.
  const bool starting = facts.deployment.status.current_revision.empty();
  return {starting ? "Starting" : ready->reason, ready->message};
}

}  // namespace

nlohmann::json SummaryOf(const StatusFacts& facts, const ConditionSet& conditions) {
  const auto [reason, message] = WhyNot(facts, conditions);
  const api::DisaggDeployment& deployment = facts.deployment;
  return {{"topology", ShortTopology(deployment)},
          {"prefill", RoleColumn(facts.counts, api::RoleName::kPrefill)},
          {"decode", RoleColumn(facts.counts, api::RoleName::kDecode)},
          {"gpus", GpuColumn(deployment, facts.counts)},
          {"engine", std::string(api::ToString(deployment.spec.engine)) + "/" +
                         std::string(api::ToString(deployment.spec.router.type))},
          {"reason", reason},
          {"message", base::CutUtf8(message, kLongestProblem)}};
}

}  // namespace disagg::planning
