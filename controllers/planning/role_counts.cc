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

std::string Topology(const api::DisaggDeployment& deployment, const char* unit) {
  std::string text;
  for (const auto& [role, spec] : deployment.spec.roles) {
    if (!text.empty()) text += " + ";
    text += std::to_string(spec.replicas) + Letter(role) + " x " + std::to_string(spec.parallelism.gpus()) + unit;
  }
  return text;
}

}  // namespace

std::map<api::RoleName, RoleCounts> CountRoles(const Snapshot& snapshot, const Goal& goal,
                                               const std::vector<PodState>& states) {
  std::map<api::RoleName, RoleCounts> counts;
  for (const auto& [role, spec] : snapshot.deployment->spec.roles) {
    counts[role].gpus = spec.parallelism.gpus();
  }
  for (const auto& [role, desired] : goal.desired) counts[role].desired = desired;
  for (const PodState& state : states) {
    if (!state.alive()) continue;
    RoleCounts& role = counts[state.role];
    ++role.created;
    role.scheduled += state.pod->scheduled ? 1 : 0;
    role.ready += state.ready() ? 1 : 0;
    if (!goal.target) continue;
    const auto identity = goal.target->roles.find(state.role);
    role.updated += identity != goal.target->roles.end() && identity->second.revision == state.role_revision ? 1 : 0;
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

bool CanServe(const Snapshot& snapshot, const std::vector<PodState>& states) {
  return std::any_of(snapshot.routers.begin(), snapshot.routers.end(), [&](const auto& router) {
    if (router->ready == 0 || router->meta.deleting()) return false;
    const std::string& contract = router->meta.label(api::kLabelContract);
    const auto& roles = snapshot.deployment->spec.roles;
    return !roles.empty() && std::all_of(roles.begin(), roles.end(), [&](const auto& role) {
      const auto ready = std::count_if(states.begin(), states.end(), [&](const PodState& state) {
        return state.role == role.first && state.contract == contract && state.ready();
      });
      return ready >= std::max(1, role.second.min_ready);
    });
  });
}

std::string ShortTopology(const api::DisaggDeployment& deployment) { return Topology(deployment, ""); }

std::string LongTopology(const api::DisaggDeployment& deployment) {
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
