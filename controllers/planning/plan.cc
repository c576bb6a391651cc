#include "controllers/planning/plan.h"

#include <algorithm>

namespace disagg::planning {

bool WasCarriedOut(const Write& write, const Outcome& outcome) {
  if (!outcome.executed) return false;
  if (write.gate == (outcome.refusal.empty() ? Gate::kIfRefused : Gate::kIfAccepted)) return false;
  return std::none_of(
      outcome.failed.begin(), outcome.failed.end(), [&](const WriteOutcome& failed) {
        return failed.write == &write ||
               (IsFoundation(failed.write->stage) && failed.write->stage < write.stage);
      });
}

}  // namespace disagg::planning
