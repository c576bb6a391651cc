#pragma once

// How far each role is, in groups, and which contracts can serve.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/planning/group_state.h"
#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

struct RoleCounts {
  int desired = 0, created = 0, scheduled = 0, ready = 0, updated = 0;
  int gpus = 0;  // per replica
};

// What the counts are held against: the revision and replicas that are accepted, or (nothing was
// accepted yet) asked for.
struct Goal {
  std::optional<render::RevisionIdentity> target;
  std::map<api::RoleName, int> desired;
  bool undecided = false;  // the spec asks for something that the API server has not accepted yet
};

std::map<api::RoleName, RoleCounts> CountRoles(const Snapshot& snapshot, const Goal& goal,
                                               const std::vector<GroupState>& groups);

// True when one contract has at least minReady ready groups in every role of it, and a ready
// router: P and D of different contracts cannot serve together.
bool CanServe(const Snapshot& snapshot, const std::vector<GroupState>& groups);

// Ready replicas that a role needs to serve.
int MinReady(const api::DisaggDeployment& deployment, api::RoleName role);

// "2P x 2 + 1D x 8"; empty for an object that could not be read.
std::string ShortTopology(const api::DisaggDeployment& deployment);
// "2P x 2 GPU + 1D x 8 GPU = 12 GPU on b200"
std::string LongTopology(const api::DisaggDeployment& deployment);

}  // namespace disagg::planning
