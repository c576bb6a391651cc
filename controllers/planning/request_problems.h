#pragma once

// Problems that are not of a pod: a spec that is not accepted, objects that the cluster refuses,
// requests that fail for long, caches that are not live, objects in the way, a wait for capacity, a
// pause.

#include "controllers/planning/problems.h"

namespace disagg::planning {

void AddRequestProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                        ProblemList& list);

// Whether a failed write says that its object has to be changed by somebody.
bool IsFinal(const WriteOutcome& failed);

// A reason in one word; the API server's own where it is one.
std::string ReasonOf(const Trouble& trouble);

// The objects of an earlier deployment that nobody deletes, and the command that does; empty: there
// are none.
std::string OrphanMessage(const Snapshot& snapshot);

// Whether one of them is waited for. Pods are not: their slots pass them by with another name.
bool OrphansAreInTheWay(const Snapshot& snapshot);

// What is wrong with the revision because of which everything is kept, and what to do; empty: there
// is none, or its labels are being given back.
std::string DamageMessage(const Snapshot& snapshot, const Plan& plan);

}  // namespace disagg::planning
