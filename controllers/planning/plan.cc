#include "controllers/planning/plan.h"

#include <algorithm>

namespace disagg::planning {

std::string ToString(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kApply:
      return "apply";
    case Verb::kMergePatch:
      return "patch";
    case Verb::kDelete:
      return "delete";
    case Verb::kDryRun:
      return "dry-run";
  }
  return "";
}

bool HoldsUpTheRest(const WriteOutcome& failed) {
  const Write& write = *failed.write;
  if (!IsFoundation(write.stage) || write.stage == Stage::kDryRun) return false;
  return write.stage != Stage::kAccount || write.uid.empty();
}

bool WasCarriedOut(const Write& write, const Outcome& outcome) {
  if (!outcome.executed) return false;
  if (write.gate == (outcome.accepted() ? Gate::kIfRefused : Gate::kIfAccepted)) return false;
  return std::none_of(outcome.failed.begin(), outcome.failed.end(),
                      [&](const WriteOutcome& failed) {
                        return failed.write == &write ||
                               (HoldsUpTheRest(failed) && failed.write->stage < write.stage);
                      });
}

}  // namespace disagg::planning
