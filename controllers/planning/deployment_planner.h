#pragma once

// The decision about one DisaggDeployment.
//
//   suspended, or fewer replicas --> pods given back, before everything else (release_planner.h)
//                                  |
//   spec --Resolve, Validate--> errors? --yes--> heal the last accepted revision, at the replicas
//                                  |no           accepted with it, or at fewer where fewer are asked
//                                  v
//   spec hash -> the stored revision made from it, or a new one
//                                  |
//   accepted before (status.targetRevision), or has pods? --no--> dry runs decide (Gate):
//                                  |yes                            accepted: this revision
//                                  v                               refused: the last accepted
//   revision, accounts, [dry runs], workers, Services, routers, budgets, garbage

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

Plan PlanDeployment(const Snapshot& snapshot);

}  // namespace disagg::planning
