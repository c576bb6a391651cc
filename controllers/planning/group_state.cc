#include "controllers/planning/group_state.h"

#include <algorithm>

#include "controllers/planning/rank_fate.h"

namespace disagg::planning {
namespace {

// One fate: what has happened to one rank has happened to all of them.
int Badness(const PodState& rank) {
  switch (rank.life) {
    case Life::kAlive:
      return 0;
    case Life::kEnding:
      return 1;
    case Life::kFailed:
      return 2;
    case Life::kLost:
      return 3;
  }
  return 0;
}

GroupState GroupOf(std::span<const PodState> ranks) {
  const PodState& first = ranks.front();
  GroupState group;
  group.role = first.role;
  group.replica = first.replica;
  group.incarnation = first.incarnation;
  group.ranks = ranks;
  group.worst = &*std::max_element(
      ranks.begin(), ranks.end(),
      [](const PodState& a, const PodState& b) { return Badness(a) < Badness(b); });
  group.life = group.worst->life;
  const bool complete = static_cast<int>(ranks.size()) == first.ranks;
  group.ready =
      complete && std::all_of(ranks.begin(), ranks.end(), [](const auto& r) { return r.ready(); });
  group.scheduled = complete && std::all_of(ranks.begin(), ranks.end(),
                                            [](const auto& r) { return r.pod->scheduled; });
  return group;
}

}  // namespace

bool GroupState::unread() const {
  return alive() && std::any_of(ranks.begin(), ranks.end(), [](const auto& r) { return r.unread; });
}

bool GroupState::in_doubt() const {
  return worst->in_doubt() ||
         std::all_of(ranks.begin(), ranks.end(), [](const auto& r) { return EndsWithOthers(r); });
}

bool GroupState::node_leaving() const {
  return std::any_of(ranks.begin(), ranks.end(), [](const auto& r) { return r.node_leaving; });
}

std::optional<std::int64_t> GroupState::settles_at() const {
  std::optional<std::int64_t> last;
  for (const PodState& rank : ranks) {
    if (rank.ready()) continue;
    if (!rank.settles_at) return std::nullopt;
    last = std::max(last, rank.settles_at);
  }
  return last;
}

std::string GroupState::slot() const { return SlotName(role, replica); }

std::string SlotName(api::RoleName role, int replica) {
  return std::string(api::ToString(role)) + "-" + std::to_string(replica);
}

std::vector<GroupState> FoldGroups(std::span<const PodState> states) {
  std::vector<GroupState> groups;
  groups.reserve(states.size());
  while (!states.empty()) {
    const std::size_t size = GroupSize(states);
    groups.push_back(GroupOf(states.first(size)));
    states = states.subspan(size);
  }
  return groups;
}

}  // namespace disagg::planning
