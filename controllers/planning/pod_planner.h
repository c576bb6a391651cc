#pragma once

// Which pods to create and which to delete, of all roles and contracts.
//
//   what may go       removal.h within one contract, rollout.h between two
//   what was lost     goes, whatever the numbers say
//   what is missing   gets the next name of its slot (slot_names.h), after the back-off of a failed
//                     predecessor (succession.h), and keeps off the nodes that failed it
//                     (node_bans.h)
//   what was lost and served, while nothing of the new revision ever has, is created again from its
//                     own revision (surge.h)
//   what surges       waits while a worker is missing, and goes, if it does not serve yet, where a
//                     quota keeps that worker out: a router more is worth less than a worker
//   what waits for capacity is not created (capacity.h)
//   what has failed   stays until its successor is ready, for whoever wants to look at it
//
//   slot: one replica of one role, e.g. decode-0 or router-0

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/planning/capacity.h"
#include "controllers/planning/explanation.h"
#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

struct PodGoal {
  render::RevisionIdentity revision;
  std::map<api::RoleName, int> desired;
  const render::Revision* payload = nullptr;  // null: not read yet
  CapacityHold hold = {};
};

struct PodPlan {
  std::vector<Write> writes;
  std::set<std::string> needs_payloads;  // revisions to be read: a pod of each has to be made
  std::optional<std::int64_t> wake_at;
  std::vector<Explanation> explanations;  // those that something waits for first
};

PodPlan PlanPods(const Snapshot& snapshot, const std::vector<PodState>& states,
                 const PodGoal& goal);

}  // namespace disagg::planning
