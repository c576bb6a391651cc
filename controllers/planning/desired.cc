#include "controllers/planning/desired.h"

#include <set>

namespace disagg::planning {
namespace {

// A damaged revision does not tell its roles; status still does.
std::set<api::RoleName> RolesOf(const api::DisaggDeployment& deployment,
                                const Candidate& accepted) {
  std::set<api::RoleName> roles;
  for (const auto& [role, identity] : accepted.identity.roles) roles.insert(role);
  if (!accepted.damaged) return roles;
  for (const auto& [role, told] : deployment.status.desired) roles.insert(role);
  return roles;
}

}  // namespace

std::map<api::RoleName, int> SpecDesired(const api::DisaggDeployment& deployment) {
  const api::DeploymentSpec& spec = deployment.spec;
  std::map<api::RoleName, int> desired;
  bool any = false;
  for (const auto& [role, of_role] : spec.roles) {
    desired[role] = spec.suspend ? 0 : of_role.replicas;
    any = any || desired[role] > 0;
  }
  if (!desired.empty()) desired[api::RoleName::kRouter] = any ? spec.router.replicas : 0;
  return desired;
}

std::map<api::RoleName, int> AcceptedDesired(const api::DisaggDeployment& deployment,
                                             const Candidate& accepted,
                                             const std::vector<PodState>& states) {
  std::map<api::RoleName, std::set<int>> alive;
  for (const PodState& state : states) {
    if (state.alive()) alive[state.role].insert(state.replica);
  }
  std::map<api::RoleName, int> desired;
  for (const api::RoleName role : RolesOf(deployment, accepted)) {
    const auto told = deployment.status.desired.find(role);
    const bool tells =
        !deployment.status.target_revision.empty() && told != deployment.status.desired.end();
    desired[role] = tells ? told->second : static_cast<int>(alive[role].size());
  }
  return desired;
}

}  // namespace disagg::planning
