#pragma once

// What one pass knows of a deployment, counted once: conditions, roles and summary all say the same
// because all of them read this.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/problems.h"
#include "controllers/planning/role_counts.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

// Why nothing goes on until a person acts.
struct Stall {
  std::string reason, message;
};

// The references live only as long as the arguments of FactsOf.
struct StatusFacts {
  const Snapshot& snapshot;
  const Plan& plan;
  const Outcome& outcome;
  const api::DisaggDeployment& deployment;

  // As the pass leaves the pods: what it has deleted serves nobody from now on, though the caches
  // do not know yet.
  std::vector<PodState> states;
  Goal goal;
  std::map<api::RoleName, RoleCounts> counts = {};
  ProblemReport report = {};

  bool serves = false;     // a request gets an answer
  bool idle_goal = false;  // no replica is wanted: suspended, or all at 0
  int still_running = 0;   // pods that may still run, those that terminate included
  bool revision_stored = true;
  bool complete = false;    // every replica of the goal is ready
  bool rolled_out = false;  // and nothing else runs
  // What runs is what the spec says.
  bool as_specified = false;
  // The spec was changed while the operator is paused.
  bool unseen_changes = false;
  // Missing inputs (a model, a class) may be in the same `kubectl apply`, a file later: until then
  // nobody has to act. Unix seconds.
  std::optional<std::int64_t> inputs_due = std::nullopt;
  std::optional<Stall> stall = std::nullopt;

  // Of the routers of all contracts.
  RoleCounts routers() const;
  // The generation that the operator has acted on.
  std::int64_t observed_generation() const;
};

StatusFacts FactsOf(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome);

}  // namespace disagg::planning
