#pragma once

// What runs, by replica: pods folded into groups. Counts, surplus, budgets and status speak of
// groups, whatever number of pods a replica has.
//
//   pod     one rank of one incarnation
//   group   (contract, role, replica, incarnation): its ranks, in order; its life is that of the
//           worst of them, and it is ready when all of them are
//   slot    (role, replica): its groups one after the other; while surging, one of each revision
//           side by side
//
// A group over one pod is that pod: folding copies nothing of it. The groups live as long as the
// states that they were folded from.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/planning/pod_state.h"

namespace disagg::planning {

struct GroupState {
  api::RoleName role = api::RoleName::kPrefill;
  int replica = 0;
  int incarnation = 0;
  Life life = Life::kAlive;         // the worst of its ranks': lost, failed, ending, alive
  bool ready = false;               // all of its ranks are there, and are
  bool scheduled = false;           // likewise
  std::span<const PodState> ranks;  // never empty
  const PodState* worst = nullptr;  // of `ranks`, the one whose life is the group's

  const std::string& role_revision() const { return ranks.front().role_revision; }
  const std::string& contract() const { return ranks.front().contract; }
  const std::string& why() const { return worst->why; }  // for kFailed and kLost, one clause
  bool alive() const { return life == Life::kAlive; }
  bool crash_looping() const { return worst->crash_looping; }
  // Only the absence of a node or of a rank tells that it does not go on.
  bool in_doubt() const;
  bool released() const { return worst->released; }
  // It may serve: nobody can read whether it does.
  bool unread() const;
  // A rank is on a node that takes no more pods.
  bool node_leaving() const;
  // It is not ready for moments only: when that will count. Nothing: it counts, or it is ready.
  std::optional<std::int64_t> settles_at() const;
  std::string slot() const;
};

// "decode-0"
std::string SlotName(api::RoleName role, int replica);

// `states` in the order of ClassifyPods; so are the groups.
std::vector<GroupState> FoldGroups(std::span<const PodState> states);

}  // namespace disagg::planning
