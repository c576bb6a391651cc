#include "controllers/planning/rollout.h"

#include <algorithm>
#include <set>

#include "controllers/planning/role_policy.h"

namespace disagg::planning {
namespace {

// Of its ranks one holds devices, or may still do.
bool Holds(const GroupState& group) {
  return PolicyOf(group.role).holds_devices &&
         std::any_of(group.ranks.begin(), group.ranks.end(), [](const PodState& rank) {
           return rank.alive() || rank.life == Life::kEnding || rank.crash_looping ||
                  rank.in_doubt();
         });
}

bool HasEnded(const GroupState& group) {
  return std::all_of(group.ranks.begin(), group.ranks.end(), [](const PodState& rank) {
    return rank.life == Life::kFailed || rank.life == Life::kLost;
  });
}

// Contracts of which a worker may still answer requests.
std::set<std::string> ContractsWithWorkers(const std::vector<GroupState>& groups) {
  std::set<std::string> contracts;
  for (const GroupState& group : groups) {
    if (!HasEnded(group) && PolicyOf(group.role).holds_devices) contracts.insert(group.contract());
  }
  return contracts;
}

class WorkersFirst : public RolloutStrategy {
 public:
  ContractStep Next(const std::vector<GroupState>& groups,
                    const std::string& contract) const override {
    ContractStep step;
    const std::set<std::string> with_workers = ContractsWithWorkers(groups);
    int left = 0;
    for (const GroupState& group : groups) {
      if (group.contract() == contract) continue;
      left += Holds(group) ? 1 : 0;
      const bool routes = !PolicyOf(group.role).holds_devices && group.alive() &&
                          with_workers.contains(group.contract());
      if (!routes) {
        step.drop.push_back(&group);
        continue;
      }
      step.explanations.push_back(
          {group.slot() + " of the previous contract", "stays", "workers of it may still answer"});
    }
    step.workers_wait = left > 0;
    if (step.workers_wait) {
      step.explanations.insert(
          step.explanations.begin(),
          {"new workers", "wait for those of the previous contract to terminate",
           std::to_string(left) + " left"});
    }
    return step;
  }
};

}  // namespace

const RolloutStrategy& OldWorkersFirst() {
  static const WorkersFirst& strategy = *new WorkersFirst();
  return strategy;
}

}  // namespace disagg::planning
