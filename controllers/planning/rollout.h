#pragma once

// How one contract takes the place of another: P and D of two contracts cannot exchange KV blocks,
// so a step is about all roles at once. What happens within one contract is removal.h.

#include <string>
#include <vector>

#include "controllers/planning/explanation.h"
#include "controllers/planning/group_state.h"

namespace disagg::planning {

// What one pass does about other contracts than the target's.
struct ContractStep {
  std::vector<const GroupState*> drop;  // of other contracts
  bool workers_wait = false;            // none of the target is created yet; routers are
  std::vector<Explanation> explanations;
};

class RolloutStrategy {
 public:
  virtual ~RolloutStrategy() = default;
  // `groups` of all contracts; they outlive the step. A function of what is seen: a crash, a
  // scaling or a manual deletion in the middle changes the numbers and nothing else.
  virtual ContractStep Next(const std::vector<GroupState>& groups,
                            const std::string& contract) const = 0;
};

// Every worker of another contract goes, and new ones are created when none is left: slow, and
// always right. A router stays until no worker of its contract may answer any more; new ones are
// created at once.
const RolloutStrategy& OldWorkersFirst();

}  // namespace disagg::planning
