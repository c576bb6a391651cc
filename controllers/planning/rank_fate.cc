#include "controllers/planning/rank_fate.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "controllers/planning/pod_identity.h"
#include "controllers/planning/times.h"

namespace disagg::planning {
namespace {

bool AreOfOneGroup(const PodState& a, const PodState& b) {
  return std::tie(a.role, a.replica, a.incarnation, a.role_revision) ==
         std::tie(b.role, b.replica, b.incarnation, b.role_revision);
}

// One that this process has seen or created, and that is not there any more: as it was last.
const kube::Pod* Remembered(const Snapshot& snapshot, const PodState& sibling, int rank) {
  const auto own = IdentifyPod(*sibling.pod, snapshot);
  const auto is_it = [&](const GonePod& gone) {
    const auto identity = IdentifyPod(*gone.pod, snapshot);
    return identity && own && AreOfOneGroup(*identity, *own) && identity->slot.rank == rank;
  };
  const auto found = std::find_if(snapshot.gone.begin(), snapshot.gone.end(), is_it);
  return found == snapshot.gone.end() ? nullptr : found->pod.get();
}

bool HasLeader(std::span<const PodState> group) { return group.front().rank == 0; }

bool HasExited(const PodState& rank) {
  return rank.pod->phase == kube::PodPhase::kFailed ||
         rank.pod->phase == kube::PodPhase::kSucceeded;
}

bool IsOver(const PodState& rank) {
  return rank.life == Life::kFailed || rank.life == Life::kLost || HasExited(rank);
}

// A leader with followers that has served, all of it there, and not past its drain. Ranks that all
// register are one another's leaders, and drain together.
bool IsAtWork(std::span<const PodState> group, std::int64_t now) {
  const PodState& leader = group.front();
  if (group.back().registers || !MissingRanks(group).empty()) return false;
  const kube::Pod& pod = *leader.pod;
  const bool served = pod.ready || HasServed(pod);
  const bool overdue = pod.meta.deleting() && now > *pod.meta.deletion_time;
  if (IsOver(leader) || !served || overdue) return false;
  return std::none_of(group.begin() + 1, group.end(), [](const PodState& follower) {
    return IsOver(follower) || follower.pod->meta.deleting();
  });
}

std::string WhatHappenedTo(const PodState& rank) {
  if (!rank.why.empty()) return rank.why;
  return rank.life == Life::kEnding ? "was deleted" : "failed";
}

// The next incarnation is there: somebody has seen the end of this one.
bool HasSuccessor(std::span<const PodState> states, const PodState& rank) {
  return std::any_of(states.begin(), states.end(), [&](const PodState& other) {
    return other.role == rank.role && other.replica == rank.replica &&
           other.role_revision == rank.role_revision && other.incarnation > rank.incarnation;
  });
}

// By the API server's clock; nothing: nobody has asked for it.
std::optional<std::int64_t> DeletionAskedAt(const kube::Pod& pod) {
  if (!pod.meta.deleting()) return std::nullopt;
  return *pod.meta.deletion_time - pod.meta.deletion_grace;
}

// By its kubelet's clock.
std::int64_t ExitedAt(const kube::Pod& pod) {
  std::int64_t at = 0;
  for (const auto& container : pod.containers) at = std::max(at, container.last_finished_at);
  return at;
}

// Followers exit with an error when their leader was deleted: that is how they end, and nothing
// that failed. Ranks that all register have no leader. A kubelet whose clock is behind makes it
// look like a failure again, one whose clock is ahead hides one of the last moments: either costs
// no more than a back-off.
void ExcuseFollowers(const Snapshot& snapshot, std::span<PodState> group) {
  if (group.back().registers) return;
  const kube::Pod* leader =
      HasLeader(group) ? group.front().pod.get() : Remembered(snapshot, group.front(), 0);
  const auto asked = leader == nullptr ? std::nullopt : DeletionAskedAt(*leader);
  if (!asked) return;
  for (PodState& rank : group) {
    if (rank.rank == 0 || rank.life != Life::kFailed || ExitedAt(*rank.pod) < *asked) continue;
    rank.life = Life::kEnding;
    rank.why = "its leader was deleted";
  }
}

// Why the group, one of `states`, does not go on; empty: it does.
std::string WhyItEnds(const Snapshot& snapshot, std::span<const PodState> states,
                      std::span<const PodState> group) {
  for (const PodState& rank : group) {
    if (!rank.alive()) return "rank " + std::to_string(rank.rank) + ": " + WhatHappenedTo(rank);
  }
  for (const int rank : MissingRanks(group)) {
    if (HasLeader(group) || HasSuccessor(states, group.front()) ||
        Remembered(snapshot, group.front(), rank) != nullptr) {
      return "rank " + std::to_string(rank) + " is gone";
    }
  }
  return "";
}

}  // namespace

std::vector<int> MissingRanks(std::span<const PodState> group) {
  std::vector<int> missing;
  std::size_t next = 0;
  for (int rank = 0; rank < group.front().ranks; ++rank) {
    if (next < group.size() && group[next].rank == rank) {
      ++next;
    } else {
      missing.push_back(rank);
    }
  }
  return missing;
}

std::size_t GroupSize(std::span<const PodState> states) {
  const auto end = std::find_if_not(states.begin(), states.end(), [&](const PodState& state) {
    return AreOfOneGroup(states.front(), state);
  });
  return static_cast<std::size_t>(end - states.begin());
}

std::vector<int> RanksToCreate(std::span<const PodState> group) {
  std::vector<int> ranks = MissingRanks(group);
  if (ranks.size() > 1) std::erase(ranks, 0);
  return ranks;
}

std::set<std::string> FollowersInUse(const Snapshot& snapshot, std::span<const PodState> states) {
  std::set<std::string> uids;
  while (!states.empty()) {
    const std::span<const PodState> group = states.first(GroupSize(states));
    states = states.subspan(group.size());
    if (!IsAtWork(group, snapshot.now)) continue;
    for (const PodState& follower : group.subspan(1)) uids.insert(follower.pod->meta.uid);
  }
  return uids;
}

bool EndsWithOthers(const PodState& rank) {
  return rank.ranks > 1 && rank.life == Life::kEnding && !rank.released &&
         !rank.pod->meta.deleting();
}

void ShareFate(const Snapshot& snapshot, std::vector<PodState>& states) {
  for (std::span<PodState> rest(states); !rest.empty();) {
    const std::span<PodState> group = rest.first(GroupSize(rest));
    rest = rest.subspan(group.size());
    if (group.front().ranks == 1) continue;
    ExcuseFollowers(snapshot, group);
    const std::string why = WhyItEnds(snapshot, states, group);
    if (why.empty()) continue;
    for (PodState& rank : group) {
      if (!rank.alive()) continue;
      rank.life = Life::kEnding;
      rank.why = why;
    }
  }
}

}  // namespace disagg::planning
