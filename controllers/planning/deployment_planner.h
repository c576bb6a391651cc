#pragma once

// The decision about one DisaggDeployment.
//
//   spec --Resolve, Validate--> errors? --yes--> heal the last accepted revision, at the replicas accepted with it
//                                  |no
//                                  v
//   spec hash -> the stored revision made from it, or a new one
//                                  |
//         accepted before (status.targetRevision), or has pods? --no--> dry runs decide (Gate)
//                                  |yes                                  accepted: this revision; refused: the last accepted
//                                  v
//   revision, accounts, [dry runs], pods, Services, routers, budgets, garbage

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

Plan PlanDeployment(const Snapshot& snapshot);

}  // namespace disagg::planning
