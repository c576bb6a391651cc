#include "controllers/status_view/router_line.h"

#include <map>
#include <set>

#include "controllers/api/engine_args.h"
#include "controllers/api/program_facts.h"
#include "controllers/status_view/pod_lines.h"
#include "controllers/status_view/role_line.h"

namespace disagg::status_view {
namespace {

using planning::PodState;

// "kv-aware", "round-robin"; empty where the spec leaves it to the router.
std::string Mode(const api::RouterSpec& router) {
  const api::RouterFacts& facts = api::FactsOf(router.type);
  for (const auto& [key, value] : router.args) {
    if (api::NormalizeFlag(router.type, key) != facts.mode_flag || value.texts.empty()) continue;
    return value.texts[0] == "kv" ? "kv-aware" : value.texts[0];
  }
  return "";
}

// "in front of 2 prefill + 1 decode": ready workers that share a contract with a router; others it
// cannot reach.
std::string Workers(const Facts& facts, const std::vector<PodState>& states) {
  std::set<std::string> contracts;
  std::map<api::RoleName, std::vector<PodState>> workers;
  for (const auto& [role, spec] : facts.deployment->spec.roles) workers[role] = {};
  for (const PodState& state : states) {
    if (!api::IsWorker(state.role)) contracts.insert(state.contract);
  }
  if (contracts.empty()) return "";
  for (const PodState& state : states) {
    if (api::IsWorker(state.role) && contracts.contains(state.contract)) {
      workers[state.role].push_back(state);
    }
  }
  std::string text;
  for (const auto& [role, reached] : workers) {
    text += (text.empty() ? "in front of " : " + ") + std::to_string(ReadyReplicas(reached)) + " " +
            std::string(api::ToString(role));
  }
  return text;
}

}  // namespace

Row RouterLine(const Facts& facts, const StatusFields& status, const std::optional<RolePods>& pods,
               const std::vector<PodState>& all) {
  const auto counted = status.roles.find(api::RoleName::kRouter);
  std::string last = Mode(facts.deployment->spec.router);
  const std::string workers = Workers(facts, all);
  if (!workers.empty()) last += (last.empty() ? "" : ", ") + workers;
  return {{std::string(api::ToString(api::RoleName::kRouter))},
          Readiness(counted == status.roles.end() ? RoleStatus{} : counted->second, pods),
          {status.endpoint.empty() ? "no endpoint yet" : status.endpoint},
          {last}};
}

}  // namespace disagg::status_view
