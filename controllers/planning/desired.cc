#include "controllers/planning/desired.h"

#include <algorithm>
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

bool WantsWorkers(const api::DeploymentSpec& spec) {
  return std::any_of(spec.roles.begin(), spec.roles.end(),
                     [](const auto& role) { return role.second.replicas > 0; });
}

}  // namespace

int DesiredReplicas(const Snapshot& snapshot, api::RoleName role) {
  const api::DeploymentSpec& spec = snapshot.deployment->spec;
  if (spec.suspend) return 0;
  if (!api::IsWorker(role)) return WantsWorkers(spec) ? spec.router.replicas : 0;
  const auto of_role = spec.roles.find(role);
  return of_role == spec.roles.end() ? 0 : of_role->second.replicas;
}

std::map<api::RoleName, int> DesiredReplicas(const Snapshot& snapshot) {
  std::map<api::RoleName, int> desired;
  for (const auto& [role, spec] : snapshot.deployment->spec.roles) {
    desired[role] = DesiredReplicas(snapshot, role);
  }
  if (desired.empty()) return desired;
  desired[api::RoleName::kRouter] = DesiredReplicas(snapshot, api::RoleName::kRouter);
  return desired;
}

std::map<api::RoleName, int> AcceptedReplicas(const Snapshot& snapshot, const Candidate& accepted,
                                              const std::vector<GroupState>& groups) {
  const api::StatusView& status = snapshot.deployment->status;
  std::map<api::RoleName, std::set<int>> alive;
  for (const GroupState& group : groups) {
    if (group.alive()) alive[group.role].insert(group.replica);
  }
  std::map<api::RoleName, int> desired;
  for (const api::RoleName role : RolesOf(*snapshot.deployment, accepted)) {
    const auto told = status.desired.find(role);
    const bool tells = !status.target_revision.empty() && told != status.desired.end();
    desired[role] = tells ? told->second : static_cast<int>(alive[role].size());
  }
  return desired;
}

}  // namespace disagg::planning
