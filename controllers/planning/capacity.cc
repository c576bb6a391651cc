#include "controllers/planning/capacity.h"

#include <algorithm>
#include <utility>

#include "controllers/planning/capacity_unit.h"
#include "controllers/planning/role_counts.h"
#include "controllers/planning/role_policy.h"
#include "controllers/planning/times.h"
#include "operator/base/clock.h"

namespace disagg::planning {
namespace {

using Groups = std::vector<const GroupState*>;
using Members = std::vector<UnitMember>;

// A unit, and what gives its devices back and waits with it.
struct Unit {
  std::string name;
  Members members;
  Groups holders;
};

// It holds devices, or may take some. What cannot be read may serve.
bool Holds(const GroupState& group) {
  return PolicyOf(group.role).holds_devices && !group.unread() &&
         (group.alive() || group.crash_looping());
}

// The most placed group of a role, of equal ones that of the lowest replica.
bool IsMorePlaced(const GroupState& a, const GroupState& b) {
  return std::pair(a.scheduled, BoundPods(a)) > std::pair(b.scheduled, BoundPods(b));
}

class CapacityPlanner {
 public:
  CapacityPlanner(const Snapshot& snapshot, const api::Resolution& resolution,
                  const std::map<api::RoleName, int>& desired, const std::vector<PodState>& states)
      : snapshot_(snapshot),
        resolution_(resolution),
        timeout_(snapshot.deployment->spec.schedule_timeout_seconds),
        groups_(FoldGroups(states)),
        noted_(WaitsOf(snapshot)) {
    for (const auto& [role, replicas] : desired) {
      if (PolicyOf(role).holds_devices && replicas > 0) desired_[role] = replicas;
    }
  }

  CapacityPlan Run() {
    const Unit first = FirstUnit();
    if (!HaveServed(snapshot_, groups_) && !first.members.empty()) {
      const PlacementOf found = LookAt(snapshot_, resolution_, first.members);
      if (found.placement != Placement::kPlaced) {
        Settle(first, found);
        return std::move(plan_);
      }
    }
    for (const Unit& unit : FurtherUnits()) {
      const PlacementOf found = LookAt(snapshot_, resolution_, unit.members);
      if (found.placement != Placement::kPlaced) Settle(unit, found);
    }
    return std::move(plan_);
  }

 private:
  Unit FirstUnit() const {
    Unit unit{kFirstUnit, {}, {}};
    for (const auto& [role, replicas] : desired_) {
      UnitMember member{role, 0, nullptr};
      for (const GroupState& group : groups_) {
        if (group.role != role || !group.alive()) continue;
        if (member.group == nullptr || IsMorePlaced(group, *member.group)) {
          member = {role, group.replica, &group};
        }
      }
      unit.members.push_back(member);
    }
    for (const GroupState& group : groups_) {
      if (Holds(group)) unit.holders.push_back(&group);
    }
    return unit;
  }

  // One for each slot that has something, or had and waits.
  std::vector<Unit> FurtherUnits() const {
    std::map<std::pair<api::RoleName, int>, Unit> units;
    for (const GroupState& group : groups_) {
      if (!Holds(group) || !IsWanted(group)) continue;
      Unit& unit = units.try_emplace({group.role, group.replica}, Empty(group.role, group.replica))
                       .first->second;
      if (group.alive()) unit.members[0].group = &group;  // the newest is last
      unit.holders.push_back(&group);
    }
    for (const auto& [role, replicas] : desired_) {
      for (int replica = 0; !noted_.empty() && replica < replicas; ++replica) {
        Unit unit = Empty(role, replica);
        if (noted_.contains(unit.name)) units.try_emplace({role, replica}, std::move(unit));
      }
    }
    std::vector<Unit> list;
    list.reserve(units.size());
    for (auto& [slot, unit] : units) list.push_back(std::move(unit));
    return list;
  }

  static Unit Empty(api::RoleName role, int replica) {
    return {SlotName(role, replica), {{role, replica, nullptr}}, {}};
  }

  bool IsWanted(const GroupState& group) const {
    const auto replicas = desired_.find(group.role);
    return replicas != desired_.end() && group.replica < replicas->second;
  }

  // A unit that is not placed.
  void Settle(const Unit& unit, const PlacementOf& found) {
    const auto noted = noted_.find(unit.name);
    if (timeout_ == 0) {
      if (found.placement == Placement::kPartly) {
        Explain(found.lacking, "is waited for, and nothing is given back",
                "spec.placement.scheduleTimeoutSeconds is 0");
      }
      return;
    }
    if (noted != noted_.end()) {
      plan_.waits.insert(*noted);
      if (snapshot_.now < noted->second.retry_at) {
        End(unit, noted->second);
        return;
      }
      RetryOneOfEachRole(unit);
    }
    if (found.placement == Placement::kPartly) SettlePartly(unit, found);
  }

  void SettlePartly(const Unit& unit, const PlacementOf& found) {
    const std::int64_t due = found.since + timeout_;
    if (snapshot_.now < due) {
      WakeAt(due);
      Explain(found.lacking, "is waited for until " + base::FormatTime(due), found.why);
      return;
    }
    const auto noted = plan_.waits.find(unit.name);
    if (noted == plan_.waits.end() && plan_.waits.size() == kMostWaits) {
      Explain(found.lacking, "is waited for, and nothing is given back",
              std::to_string(kMostWaits) + " others wait already");
      return;
    }
    NoteWait(unit, found);
  }

  // The status is written before anything is deleted; see capacity.h.
  void NoteWait(const Unit& unit, const PlacementOf& found) {
    api::CapacityWait& wait = plan_.waits[unit.name];
    // A wait of which nobody has deleted anything, because the operator did not run, is had again.
    const bool was_tried = found.since >= wait.retry_at;
    wait = WaitFrom(snapshot_, unit.name, wait.attempt + (was_tried ? 1 : 0));
    wait.message = "gives back " + HeldBy(unit.holders, resolution_) + " after " +
                   std::to_string(timeout_) + " s and tries again at " +
                   base::FormatTime(wait.retry_at) + " (attempt " + std::to_string(wait.attempt) +
                   " to place it failed): " + found.why + "; a change of the spec is tried at once";
    Await(unit, wait);
  }

  void End(const Unit& unit, const api::CapacityWait& wait) {
    Await(unit, wait);
    const std::string why = NameOf(unit) + " " + Decision(wait);
    for (const GroupState* group : unit.holders) {
      for (const PodState& rank : group->ranks) plan_.ends[rank.pod->meta.uid] = why;
    }
  }

  // None of it is created before its retry.
  void Await(const Unit& unit, const api::CapacityWait& wait) {
    WakeAt(wait.retry_at);
    Explain(NameOf(unit), Decision(wait), wait.message);
    if (unit.name == kFirstUnit) {
      plan_.hold.most = 0;
    } else {
      plan_.hold.slots.insert({unit.members[0].role, unit.members[0].replica});
    }
  }

  // Further groups could take the room that the smallest set needs.
  void RetryOneOfEachRole(const Unit& unit) {
    if (unit.name != kFirstUnit) return;
    plan_.hold.most = 1;
    const bool more = std::any_of(desired_.begin(), desired_.end(),
                                  [](const auto& role) { return role.second > 1; });
    if (more) Explain("further replicas", "wait until one of each role has a node");
  }

  static std::string Decision(const api::CapacityWait& wait) {
    return "waits for capacity until " + base::FormatTime(wait.retry_at);
  }

  static std::string NameOf(const Unit& unit) {
    return unit.name == kFirstUnit ? "the first replica of each role" : unit.name;
  }

  void WakeAt(std::int64_t time) { plan_.wake_at = std::min(plan_.wake_at.value_or(time), time); }

  void Explain(const std::string& item, const std::string& decision,
               const std::string& because = "") {
    plan_.explanations.push_back({item, decision, because});
  }

  const Snapshot& snapshot_;
  const api::Resolution& resolution_;
  const int timeout_;
  const std::vector<GroupState> groups_;
  const CapacityWaits noted_;
  std::map<api::RoleName, int> desired_;  // of roles that hold devices
  CapacityPlan plan_;
};

}  // namespace

CapacityPlan PlanCapacity(const Snapshot& snapshot, const api::Resolution& resolution,
                          const std::map<api::RoleName, int>& desired,
                          const std::vector<PodState>& states) {
  return CapacityPlanner(snapshot, resolution, desired, states).Run();
}

bool HaveServed(const Snapshot& snapshot, const std::vector<GroupState>& groups) {
  const std::int64_t last_served = snapshot.deployment->status.last_served;
  const auto has_served = [&](const GroupState& group) {
    return PolicyOf(group.role).holds_devices && group.alive() &&
           std::any_of(group.ranks.begin(), group.ranks.end(), [&](const PodState& rank) {
             return WasThere(*rank.pod, last_served, snapshot.now);
           });
  };
  return CanServe(snapshot, groups) || std::any_of(groups.begin(), groups.end(), has_served);
}

}  // namespace disagg::planning
