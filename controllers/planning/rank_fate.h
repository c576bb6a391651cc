#pragma once

// One fate for the ranks of a replica over several nodes: they are one engine, and it does not
// outlive any of them. Pure.
//
//   a rank has failed, ends or is lost           the others end
//   a rank is missing that was there             the others end
//   a rank is missing that was not created yet   it is created; see RanksToCreate
//   a follower exits after its leader's deletion it ends with it, and has not failed
//
// Followers are created first and the leader, rank 0, when all of them are there. So a follower
// that is missing beside a leader was there, and so was a rank that this process remembers
// (Snapshot::gone). A leader that vanishes while no operator runs is created again; an engine that
// cannot take it back fails as a whole.

#include <set>
#include <span>
#include <string>
#include <vector>

#include "controllers/planning/pod_state.h"

namespace disagg::planning {

// Marks those that end with others of their group. `states` as ClassifyPods orders them.
void ShareFate(const Snapshot& snapshot, std::vector<PodState>& states);

std::vector<int> MissingRanks(std::span<const PodState> group);

// Of a group that lives and is not complete: the ranks that are created next.
std::vector<int> RanksToCreate(std::span<const PodState> group);

// UIDs of followers that are not deleted yet: their leader, which alone has requests, serves or
// drains, and computes with them until its pod is gone. At its deadline nothing is left to wait
// for.
std::set<std::string> FollowersInUse(const Snapshot& snapshot, std::span<const PodState> states);

// Marked by ShareFate, and not deleted yet.
bool EndsWithOthers(const PodState& rank);

// The first of `states` and those of its group that follow it.
std::size_t GroupSize(std::span<const PodState> states);

}  // namespace disagg::planning
