#include "controllers/status_view/router_line.h"

#include <map>
#include <set>

#include "controllers/api/engine_args.h"
#include "controllers/api/labels.h"
#include "controllers/api/program_facts.h"
#include "controllers/status_view/pod_lines.h"
#include "controllers/status_view/role_line.h"

namespace disagg::status_view {
namespace {

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
std::string Workers(const Facts& facts, const std::optional<PodGroup>& routers) {
  if (!routers || routers->pods.empty()) return "";
  std::set<std::string> contracts;
  for (const auto& pod : routers->pods) contracts.insert(pod->meta.label(api::kLabelContract));
  std::map<api::RoleName, std::vector<std::shared_ptr<const kube::Pod>>> workers;
  for (const auto& [role, spec] : facts.deployment->spec.roles) workers[role] = {};
  for (const auto& pod : *facts.pods) {
    const auto role = api::ParseRoleName(pod->meta.label(api::kLabelRole));
    const bool own = pod->meta.controller_uid == facts.deployment->meta.uid;
    const bool reached = own && contracts.contains(pod->meta.label(api::kLabelContract));
    if (role && api::IsWorker(*role) && reached) workers[*role].push_back(pod);
  }
  std::string text;
  for (const auto& [role, pods] : workers) {
    text += (text.empty() ? "in front of " : " + ") + std::to_string(ReadyReplicas(pods)) + " " +
            std::string(api::ToString(role));
  }
  return text;
}

}  // namespace

Row RouterLine(const Facts& facts, const StatusFields& status,
               const std::optional<PodGroup>& pods) {
  const auto counted = status.roles.find(api::RoleName::kRouter);
  std::string last = Mode(facts.deployment->spec.router);
  const std::string workers = Workers(facts, pods);
  if (!workers.empty()) last += (last.empty() ? "" : ", ") + workers;
  return {{std::string(api::ToString(api::RoleName::kRouter))},
          Readiness(counted == status.roles.end() ? RoleStatus{} : counted->second, pods),
          {status.endpoint.empty() ? "no endpoint yet" : status.endpoint},
          {last}};
}

}  // namespace disagg::status_view
