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

bool Outcome::accepted() const {
  return refusal.empty() && std::none_of(failed.begin(), failed.end(), [](const auto& write) {
           return write.write->stage == Stage::kDryRun;
         });
}

bool Outcome::stands() const { return std::none_of(failed.begin(), failed.end(), HoldsUpTheRest); }

bool HoldsUpTheRest(const WriteOutcome& failed) {
  const Write& write = *failed.write;
  if (!IsFoundation(write.stage) || write.stage == Stage::kDryRun) return false;
  return write.stage != Stage::kAccount || write.uid.empty();
}

bool IsOpen(const Write& write, const Outcome& outcome) {
  if (write.gate == Gate::kAlways) return true;
  if (write.gate == Gate::kIfAccepted) return outcome.accepted();
  return !outcome.accepted() && !IsFoundation(write.stage);
}

bool WasCarriedOut(const Write& write, const Outcome& outcome) {
  if (!outcome.executed || !IsOpen(write, outcome)) return false;
  return std::none_of(outcome.failed.begin(), outcome.failed.end(),
                      [&](const WriteOutcome& failed) {
                        return failed.write == &write ||
                               (HoldsUpTheRest(failed) && failed.write->stage < write.stage);
                      });
}

}  // namespace disagg::planning
