#include "controllers/planning/role_counts.h"

#include <algorithm>
#include <set>

#include "controllers/planning/desired.h"

namespace disagg::planning {
namespace {

char Letter(api::RoleName role) {
  switch (role) {
    case api::RoleName::kPrefill:
      return 'P';
    case api::RoleName::kDecode:
      return 'D';
    case api::RoleName::kAggregated:
      return 'A';
    case api::RoleName::kRouter:
      return 'R';
  }
  return '?';
}

// A contract's roles are those of its revisions, whatever the spec asks for by now.
std::set<api::RoleName> RolesOf(const Snapshot& snapshot, const std::string& contract) {
  std::set<api::RoleName> roles;
  for (const StoredRevision& revision : snapshot.revisions) {
    if (revision.identity.contract != contract) continue;
    for (const auto& [role, identity] : revision.identity.roles) roles.insert(role);
  }
  if (!roles.empty()) return roles;
  for (const auto& [role, desired] : DesiredReplicas(snapshot)) roles.insert(role);
  return roles;
}

std::string Topology(const api::DisaggDeployment& deployment, const char* unit) {
  std::string text;
  for (const auto& [role, spec] : deployment.spec.roles) {
    if (!text.empty()) text += " + ";
    text += std::to_string(spec.replicas) + Letter(role) + " x " +
            std::to_string(spec.parallelism.gpus()) + unit;
  }
  return text;
}

}  // namespace

int MinReady(const api::DisaggDeployment& deployment, api::RoleName role) {
  const auto spec = deployment.spec.roles.find(role);
  return spec == deployment.spec.roles.end() ? 1 : std::max(1, spec->second.min_ready);
}

std::map<api::RoleName, RoleCounts> CountRoles(const Snapshot& snapshot, const Goal& goal,
                                               const std::vector<GroupState>& groups) {
  std::map<api::RoleName, RoleCounts> counts;
  for (const auto& [role, desired] : goal.desired) counts[role].desired = desired;
  for (const GroupState& group : groups) {
    if (!group.alive()) continue;
    RoleCounts& role = counts[group.role];
    ++role.created;
    role.scheduled += group.scheduled ? 1 : 0;
    role.ready += group.ready ? 1 : 0;
    if (!goal.target || !group.ready) continue;
    const auto identity = goal.target->roles.find(group.role);
    const bool newest = identity != goal.target->roles.end() &&
                        identity->second.revision == group.role_revision() &&
                        goal.target->contract == group.contract();
    role.updated += newest ? 1 : 0;
  }
  const auto& specs = snapshot.deployment->spec.roles;
  for (auto& [role, count] : counts) {
    if (const auto spec = specs.find(role); spec != specs.end()) {
      count.gpus = spec->second.parallelism.gpus();
    }
  }
  return counts;
}

bool CanServe(const Snapshot& snapshot, const std::vector<GroupState>& groups) {
  std::map<std::string, std::map<api::RoleName, int>> ready;  // by contract
  for (const GroupState& group : groups) {
    if (group.ready) ++ready[group.contract()][group.role];
  }
  return std::any_of(ready.begin(), ready.end(), [&](auto& contract) {
    const std::set<api::RoleName> roles = RolesOf(snapshot, contract.first);
    return !roles.empty() && std::all_of(roles.begin(), roles.end(), [&](api::RoleName role) {
      return contract.second[role] >= MinReady(*snapshot.deployment, role);
    });
  });
}

std::string ShortTopology(const api::DisaggDeployment& deployment) {
  return Topology(deployment, "");
}

std::string LongTopology(const api::DisaggDeployment& deployment) {
  if (deployment.spec.roles.empty()) return "";
  int gpus = 0;
  std::set<std::string> classes;
  for (const auto& [role, spec] : deployment.spec.roles) {
    gpus += spec.replicas * spec.parallelism.gpus();
    classes.insert(spec.accelerator.empty() ? deployment.spec.accelerator : spec.accelerator);
  }
  std::string text = Topology(deployment, " GPU") + " = " + std::to_string(gpus) + " GPU on ";
  for (auto klass = classes.begin(); klass != classes.end(); ++klass) {
    if (klass != classes.begin()) text += " and ";
    text += *klass;
  }
  return text;
}

}  // namespace disagg::planning
