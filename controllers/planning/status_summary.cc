#include "controllers/planning/status_summary.h"

#include <algorithm>
#include <string>

#include "controllers/planning/text.h"

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

}  // namespace

nlohmann::json SummaryOf(const api::DisaggDeployment& deployment, const Counts& counts,
                         const ConditionSet& conditions, const std::vector<Problem>& problems,
                         bool starting) {
  nlohmann::json summary = {
      {"topology", ShortTopology(deployment)},
      {"prefill", RoleColumn(counts, api::RoleName::kPrefill)},
      {"decode", RoleColumn(counts, api::RoleName::kDecode)},
      {"gpus", GpuColumn(deployment, counts)},
      {"engine", std::string(api::ToString(deployment.spec.engine)) + "/dynamo"},
      {"reason", ""},
      {"message", ""}};
  const api::Condition* stalled = conditions.Find("Stalled");
  const api::Condition* ready = conditions.Find("Ready");
  if (stalled != nullptr) {
    summary["reason"] = stalled->reason;
    summary["message"] = Shorten(stalled->message, kLongestProblem);
  } else if (!problems.empty()) {
    summary["reason"] = problems[0].reason;
    summary["message"] = Shorten(problems[0].message, kLongestProblem);
  } else if (ready->status != "True") {
    summary["reason"] = starting ? "Starting" : ready->reason;
    summary["message"] = ready->message;
  }
  return summary;
}

}  // namespace disagg::planning
