#include "controllers/status_view/deployment_tree.h"

#include <optional>
#include <set>
#include <vector>

#include "controllers/api/program_facts.h"
#include "controllers/planning/pod_state.h"
#include "controllers/status_view/pod_lines.h"
#include "controllers/status_view/remarks.h"
#include "controllers/status_view/role_line.h"
#include "controllers/status_view/router_line.h"
#include "controllers/status_view/status_fields.h"
#include "controllers/status_view/text.h"

namespace disagg::status_view {
namespace {

// Without the condition Ready: no replica is wanted and none runs, or nobody has judged it yet.
Cell IdleCell(const api::DisaggDeployment& deployment) {
  auto summary = ReadStatus(deployment.status).summary;
  if (summary["reason"].empty()) return {"Not ready", Tone::kBad};
  return {summary["reason"] + ": " + summary["message"], Tone::kPlain};
}

Cell ReadyCell(const Facts& facts) {
  const api::DisaggDeployment& deployment = *facts.deployment;
  if (deployment.meta.deleting()) return {"Being deleted", Tone::kWaiting};
  const api::Condition* ready = deployment.status.Find("Ready");
  if (ready == nullptr) return IdleCell(deployment);
  const std::string age = Age(facts.now - ready->last_transition_time);
  if (ready->status == "True") return {"Ready for " + age, Tone::kGood};
  return {"Not ready for " + age + ": " + ready->message, Tone::kBad};
}

Row Header(const Facts& facts) {
  const api::DisaggDeployment& deployment = *facts.deployment;
  const api::DeploymentSpec& spec = deployment.spec;
  const std::string engine(api::ToString(spec.engine));
  const std::string served = spec.model_ref + " " + spec.precision + ", " + engine + " on " +
                             std::string(api::ToString(spec.router.type));
  // A spec that cannot be decoded has no model.
  return {{deployment.meta.name},
          {deployment.meta.namespace_name},
          {spec.model_ref.empty() ? "?" : served},
          ReadyCell(facts)};
}

std::optional<RolePods> PodsOf(const Facts& facts, const planning::Snapshot& snapshot,
                               const std::vector<planning::PodState>& all, api::RoleName role,
                               const Startup& startup) {
  if (!facts.pods) return std::nullopt;
  RolePods pods{std::string(api::ToString(role)), {}, {}};
  for (const planning::PodState& state : all) {
    if (state.role != role) continue;
    pods.states.push_back(state);
    pods.situations.push_back(Judge(state, snapshot, startup));
  }
  return pods;
}

Startup WorkerStartup(const api::DeploymentSpec& spec) {
  return {std::string(api::FactsOf(spec.engine).startup), spec.startup_timeout_seconds};
}

Startup RouterStartup(const api::DeploymentSpec& spec) {
  std::string roles;
  for (const auto& [role, of_role] : spec.roles) {
    roles += (roles.empty() ? "" : " and ") + std::string(api::ToString(role));
  }
  return {"waiting for " + roles + " workers for", 0};
}

std::vector<Branch> LinesOf(const std::optional<RolePods>& pods, const StatusFields& status,
                            std::int64_t now) {
  return pods ? PodLines(*pods, status.problems, now) : std::vector<Branch>{};
}

}  // namespace

std::string RenderDeployment(const Facts& facts, const Style& style) {
  const api::DeploymentSpec& spec = facts.deployment->spec;
  const StatusFields status = ReadStatus(facts.deployment->status);
  const planning::Snapshot snapshot = SnapshotOf(facts);
  const std::vector<planning::PodState> all = planning::ClassifyPods(snapshot);
  Branch root{Header(facts), {}};

  const auto routers = PodsOf(facts, snapshot, all, api::RoleName::kRouter, RouterStartup(spec));
  root.children.push_back(
      {RouterLine(facts, status, routers, all), LinesOf(routers, status, facts.now)});

  std::set<api::RoleName> roles;
  for (const auto& [role, of_role] : spec.roles) roles.insert(role);
  for (const auto& [role, of_role] : status.roles) {
    if (api::IsWorker(role)) roles.insert(role);
  }
  for (const api::RoleName role : roles) {
    const auto found = status.roles.find(role);
    const auto pods = PodsOf(facts, snapshot, all, role, WorkerStartup(spec));
    const RoleStatus of_role = found == status.roles.end() ? RoleStatus{} : found->second;
    root.children.push_back(
        {RoleLine(facts, role, of_role, pods), LinesOf(pods, status, facts.now)});
  }
  return RenderTree(root, style) + RenderTable(Remarks(facts, status), style);
}

}  // namespace disagg::status_view
