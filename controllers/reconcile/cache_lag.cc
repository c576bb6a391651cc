#include "controllers/reconcile/cache_lag.h"

#include "controllers/reconcile/troubles.h"

namespace disagg::reconcile {

planning::Trouble LagTrouble(const std::string& behind) {
  return TroubleOf(
      "watch " + behind,
      base::MakeError(base::ErrorCode::kUnavailable, "CacheLags",
                      "the cache of " + behind +
                          " does not show the last write of this operator; until it does, the "
                          "operator only deletes pods that the spec does not want"));
}

void KeepSafeWrites(const std::string& behind, const planning::Snapshot& snapshot,
                    const std::set<std::string>& deleted, planning::Plan& plan) {
  const bool knows_pods = behind != kube::kPods.ToString();
  const bool suspended = snapshot.deployment->spec.suspend;
  std::erase_if(plan.writes, [&](const planning::Write& write) {
    return write.stage != planning::Stage::kRelease || write.verb != planning::Verb::kDelete ||
           !(knows_pods || (suspended && !deleted.contains(write.uid)));
  });
}

}  // namespace disagg::reconcile
