#pragma once

// What this process remembers of the slots of one deployment between two passes, so that what
// repeats itself is seen to: a pod that vanishes as soon as it is created leaves no trace in the
// API server. Losing it (a restart, another leader) makes some things happen a little faster, and
// nothing wrong. One pod per rank of a slot. Not thread-safe; pure.

#include <map>
#include <memory>
#include <tuple>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

class SlotMemory {
 public:
  // Notes the pods of a snapshot and fills its `gone`. Before the plan.
  void Recall(Snapshot& snapshot);
  // Notes what a plan of that snapshot has created and released.
  void Note(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome);

 private:
  struct Slot {
    int incarnation = 0;
    GonePod pod;
  };

  void Keep(const Snapshot& snapshot, std::shared_ptr<const kube::Pod> pod);
  // Of a group that begins, no rank has been there.
  void ForgetRanksOf(const Snapshot& snapshot, const kube::Pod& created);

  std::map<std::tuple<api::RoleName, int, int>, Slot> newest_;  // by role, replica and rank
};

}  // namespace disagg::planning
