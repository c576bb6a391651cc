#pragma once

// Carries out a plan: stage after stage, the writes of a stage side by side, each with the checks
// that make it safe to repeat (architecture, rules 1-4). Notes every write with Freshness.

#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "operator/kube/object.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/freshness.h"

namespace disagg::reconcile {

class Executor {
 public:
  Executor(runtime::ApiClient& client, runtime::Freshness& freshness)
      : client_(client), freshness_(freshness) {}

  // `plan` outlives the outcome, which points into it. Stops before the next stage when a write
  // that the rest stands on (revision, accounts, dry runs) failed.
  planning::Outcome Execute(const planning::Plan& plan, const kube::ObjectMeta& owner);

 private:
  void RunStage(const std::vector<const planning::Write*>& writes, const kube::ObjectMeta& owner,
                planning::Outcome& outcome);
  bool ReadyToApply(const planning::Write& write, const kube::ObjectMeta& owner,
                    runtime::WriteRequest& request, planning::Outcome& outcome);
  void Settle(const planning::Write& write, const base::Result<runtime::WriteResult>& result,
              const kube::ObjectMeta& owner, planning::Outcome& outcome);
  void SettleFailure(const planning::Write& write, const base::Error& error,
                     const kube::ObjectMeta& owner, planning::Outcome& outcome);

  runtime::ApiClient& client_;
  runtime::Freshness& freshness_;
};

}  // namespace disagg::reconcile
