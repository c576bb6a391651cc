#include "controllers/planning/surge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "controllers/planning/capacity_unit.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/times.h"

namespace disagg::planning {
namespace {

using Groups = std::vector<const GroupState*>;

bool Served(const GroupState& group) {
  return std::all_of(group.ranks.begin(), group.ranks.end(),
                     [](const PodState& rank) { return HadServed(*rank.pod); });
}

bool QuotaKeepsAWorkerOut(const Snapshot& snapshot) {
  return std::any_of(std::begin(api::kWorkerRoles), std::end(api::kWorkerRoles),
                     [&](api::RoleName role) { return QuotaRefusal(snapshot, role) != nullptr; });
}

// A new group is there, and nothing shows that its revision can serve.
bool IsUntried(const Groups& there, const Groups& gone, const std::string& role_revision) {
  const auto is_new = [&](const GroupState* group) {
    return group->role_revision() == role_revision;
  };
  const auto serves = [&](const GroupState* group) {
    return is_new(group) && (group->ready || Served(*group));
  };
  return std::any_of(there.begin(), there.end(),
                     [&](const GroupState* group) { return is_new(group) && group->alive(); }) &&
         std::none_of(there.begin(), there.end(), serves) &&
         std::none_of(gone.begin(), gone.end(), serves);
}

}  // namespace

Turn TurnOf(const Snapshot& snapshot, api::RoleName role, bool workers_wait, int workers_missing) {
  const RolePolicy& policy = PolicyOf(role);
  const bool held = policy.surge > 0 && workers_missing > 0;
  return {.may_create = !workers_wait || !policy.holds_devices,
          .may_surge = !held,
          .yields = held && QuotaKeepsAWorkerOut(snapshot)};
}

Groups ThoseThatYield(const Groups& holding, int desired, const std::string& role_revision) {
  const auto serves = [](const GroupState* group) {
    return group->ready || group->unread() || Served(*group);
  };
  if (std::count_if(holding.begin(), holding.end(), serves) < desired) return {};
  Groups yielding;
  int beyond = static_cast<int>(holding.size()) - desired;
  for (const GroupState* group : holding) {
    if (beyond <= 0 || group->role_revision() != role_revision || serves(group)) continue;
    yielding.push_back(group);
    --beyond;
  }
  return yielding;
}

Groups LostToStandIn(const Groups& there, const Groups& gone, const Limits& limits,
                     const std::string& role_revision) {
  if (limits.ceiling == limits.desired || !IsUntried(there, gone, role_revision)) return {};
  std::map<int, const GroupState*> newest;  // older groups, by replica
  std::set<int> slots;                      // of what lives
  int older = 0, newer = 0;
  for (const GroupState* group : there) {
    const bool outdated = group->role_revision() != role_revision;
    if (group->alive()) {
      ++(outdated ? older : newer);
      slots.insert(group->replica);
    }
    if (outdated) newest[group->replica] = group;
  }
  Groups lost;
  // The places of a surge stay those of the new revision.
  const int reserved = std::max(newer, limits.ceiling - limits.desired);
  const int most = std::min(limits.desired - older, limits.ceiling - older - reserved);
  for (const auto& [replica, group] : newest) {
    const bool is_lost = !group->alive() && !group->released() && !group->crash_looping();
    // In a slot more than there are wanted it would be surplus.
    const bool fits = slots.contains(replica) || static_cast<int>(slots.size()) < limits.desired;
    if (static_cast<int>(lost.size()) < most && is_lost && fits && Served(*group)) {
      lost.push_back(group);
      slots.insert(replica);
    }
  }
  return lost;
}

}  // namespace disagg::planning
