#include "controllers/planning/role_counts.h"

#include <algorithm>
#include <set>

#include "controllers/api/labels.h"

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
  for (const auto& [role, spec] : snapshot.deployment->spec.roles) roles.insert(role);
  return roles;
}

// Whether the counts of its status are of its newest spec.
bool IsObserved(const kube::Deployment& router) {
  return router.observed_generation >= router.meta.generation;
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
                                               const std::vector<PodState>& states) {
  std::map<api::RoleName, RoleCounts> counts;
  for (const auto& [role, desired] : goal.desired) counts[role].desired = desired;
  for (const PodState& state : states) {
    if (!state.alive()) continue;
    RoleCounts& role = counts[state.role];
    ++role.created;
    role.scheduled += state.pod->scheduled ? 1 : 0;
    role.ready += state.ready() ? 1 : 0;
    if (!goal.target || !state.ready()) continue;
    const auto identity = goal.target->roles.find(state.role);
    const bool newest = identity != goal.target->roles.end() &&
                        identity->second.revision == state.role_revision &&
                        goal.target->contract == state.contract;
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

RouterCounts CountRouters(const Snapshot& snapshot) {
  RouterCounts counts;
  for (const auto& router : snapshot.routers) {
    counts.desired += router->desired;
    counts.ready += std::min(router->ready, router->desired);
  }
  return counts;
}

bool RouterIsComplete(const Snapshot& snapshot, const std::string& contract) {
  return std::any_of(snapshot.routers.begin(), snapshot.routers.end(), [&](const auto& router) {
    return router->meta.label(api::kLabelContract) == contract && !router->meta.deleting() &&
           IsObserved(*router) && router->desired > 0 && router->ready >= router->desired &&
           router->updated >= router->desired && router->total == router->updated;
  });
}

bool RoutersAreIdle(const Snapshot& snapshot) {
  return std::all_of(snapshot.routers.begin(), snapshot.routers.end(), [](const auto& router) {
    return IsObserved(*router) && router->desired == 0 && router->total == 0;
  });
}

bool OtherRouters(const Snapshot& snapshot, const std::string& contract) {
  return std::any_of(snapshot.routers.begin(), snapshot.routers.end(), [&](const auto& router) {
    return router->meta.label(api::kLabelContract) != contract;
  });
}

bool CanServe(const Snapshot& snapshot, const std::vector<PodState>& states) {
  return std::any_of(snapshot.routers.begin(), snapshot.routers.end(), [&](const auto& router) {
    if (router->ready == 0 || router->meta.deleting()) return false;
    const std::string& contract = router->meta.label(api::kLabelContract);
    const std::set<api::RoleName> roles = RolesOf(snapshot, contract);
    return !roles.empty() && std::all_of(roles.begin(), roles.end(), [&](api::RoleName role) {
      const auto ready = std::count_if(states.begin(), states.end(), [&](const PodState& state) {
        return state.role == role && state.contract == contract && state.ready();
      });
      return ready >= MinReady(*snapshot.deployment, role);
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
