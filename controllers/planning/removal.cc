#include "controllers/planning/removal.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "controllers/planning/times.h"

namespace disagg::planning {
namespace {

// 2 serves, 1 may serve, 0 does not.
int Use(const Member& member) { return member.ready ? 2 : member.unread ? 1 : 0; }

// What is least goes first. What could not be read looks like a pod without a node.
auto Worth(const Member& member) {
  return std::tuple(!member.fails, member.scheduled || member.unread, Use(member),
                    !member.node_leaving, !member.leaving, -member.replica, member.incarnation);
}

// Of one slot the greatest stays.
auto WorthInSlot(const Member& member) {
  return std::tuple(!member.fails, Use(member), member.incarnation);
}

class Planner {
 public:
  Planner(const Limits& limits, const std::vector<Member>& members)
      : limits_(limits), members_(members) {
    for (std::size_t i = 0; i < members.size(); ++i) kept_.insert(i);
  }

  Removal Run(bool hold_ready) {
    DropDuplicates();
    DropLeavingThatServeNothing();
    DropSurplus();
    DropLeaving(hold_ready);
    Removal removal{CountMissing(), std::move(drops_), {}};
    for (auto& [member, blocked] : blocked_) removal.blocked.push_back(blocked);
    return removal;
  }

 private:
  const Member& At(std::size_t i) const { return members_[i]; }
  bool Surges() const { return limits_.ceiling > limits_.desired; }

  template <typename Predicate>
  int Count(const Predicate& predicate) const {
    return static_cast<int>(
        std::count_if(kept_.begin(), kept_.end(), [&](std::size_t i) { return predicate(At(i)); }));
  }

  int Ready() const {
    return Count([](const Member& member) { return member.ready; });
  }

  // The least worth first.
  std::vector<std::size_t> Leaving() const {
    std::vector<std::size_t> leaving;
    for (const std::size_t i : kept_) {
      if (At(i).leaving) leaving.push_back(i);
    }
    std::sort(leaving.begin(), leaving.end(),
              [&](std::size_t a, std::size_t b) { return Worth(At(a)) < Worth(At(b)); });
    return leaving;
  }

  void Drop(std::size_t i, Reason reason) {
    kept_.erase(i);
    blocked_.erase(i);
    drops_.push_back({i, reason});
  }

  void Block(std::size_t i, Reason reason, Hold why) {
    Blocked blocked{i, reason, why, 0, std::nullopt};
    if (why == Hold::kFloor) blocked.needs = limits_.floor + 1 - Ready();
    if (why == Hold::kMoment) blocked.until = At(i).settles_at;
    blocked_.emplace(i, blocked);
  }

  void DropDuplicates() {
    std::map<std::pair<int, bool>, std::size_t> best;
    for (const std::size_t i : std::set(kept_)) {
      const bool successor = Surges() && !At(i).leaving;
      const auto [found, first] = best.try_emplace({At(i).replica, successor}, i);
      if (first) continue;
      const bool better = WorthInSlot(At(i)) > WorthInSlot(At(found->second));
      const std::size_t worse = better ? std::exchange(found->second, i) : i;
      if (At(worse).ready && Ready() <= limits_.floor) {
        Block(worse, Reason::kDuplicate, Hold::kFloor);
      } else {
        Drop(worse, Reason::kDuplicate);
      }
    }
  }

  std::optional<Hold> HoldOf(const Member& member) const {
    if (member.unread) return Hold::kUnread;
    if (Surges() && ReadyOrLeaving() <= limits_.desired) {
      if (member.served) return Hold::kServed;
      if (HasUntriedSuccessor()) return Hold::kUntried;
    }
    if (member.settles_at) return Hold::kMoment;
    return std::nullopt;
  }

  // What would serve if nothing were amiss outside of the role.
  int ReadyOrLeaving() const {
    return Count([](const Member& member) { return member.ready || member.leaving; });
  }

  bool HasUntriedSuccessor() const {
    const auto stays = [](const Member& member) { return !member.leaving; };
    const auto tried = [&](const Member& member) {
      return stays(member) && (member.ready || member.served);
    };
    return Count(stays) > 0 && Count(tried) == 0;
  }

  void DropLeavingThatServeNothing() {
    for (const std::size_t i : Leaving()) {
      if (At(i).ready) continue;
      const auto hold = HoldOf(At(i));
      if (hold) {
        Block(i, *At(i).leaving, *hold);
      } else {
        Drop(i, *At(i).leaving);
      }
    }
  }

  void DropSurplus() {
    std::vector<std::size_t> left(kept_.begin(), kept_.end());
    std::vector<Member> members;
    members.reserve(left.size());
    for (const std::size_t i : left) members.push_back(At(i));
    for (const std::size_t i : Surplus(members, limits_.desired)) Drop(left[i], Reason::kSurplus);
  }

  void DropLeaving(bool hold_ready) {
    for (const std::size_t i : Leaving()) {
      const bool at_floor = Ready() <= limits_.floor;
      if (at_floor || hold_ready) {
        Block(i, *At(i).leaving, at_floor ? Hold::kFloor : Hold::kHeld);
        return;
      }
      Drop(i, *At(i).leaving);
    }
  }

  int CountMissing() const {
    std::set<int> slots;
    for (const std::size_t i : kept_) {
      if (!At(i).leaving) slots.insert(At(i).replica);
    }
    const int missing = limits_.desired - static_cast<int>(slots.size());
    const std::size_t there = Surges() ? members_.size() : kept_.size();
    const int room = limits_.ceiling - static_cast<int>(there);
    return std::max(0, std::min(missing, room));
  }

  const Limits limits_;
  const std::vector<Member>& members_;
  std::set<std::size_t> kept_;
  std::vector<planning::Drop> drops_;
  std::map<std::size_t, Blocked> blocked_;
};

}  // namespace

Limits LimitsOf(int desired, int min_ready, int unavailable, int surge) {
  const int ceiling = desired + surge;
  const int floor = std::min({std::max(min_ready, desired - unavailable), desired, ceiling - 1});
  return {desired, std::max(0, floor), ceiling};
}

Member MemberOf(const GroupState& group, const std::string& role_revision) {
  Member member;
  member.replica = group.replica;
  member.incarnation = group.incarnation;
  member.fails = group.crash_looping();
  member.ready = group.ready;
  member.unread = group.unread();
  member.scheduled = group.scheduled;
  member.node_leaving = group.node_leaving();
  member.served = std::all_of(group.ranks.begin(), group.ranks.end(),
                              [](const PodState& rank) { return HasServed(*rank.pod); });
  member.settles_at = group.settles_at();
  if (group.role_revision() != role_revision) member.leaving = Reason::kOutdated;
  return member;
}

Removal PlanRemoval(const Limits& limits, const std::vector<Member>& members, bool hold_ready) {
  return Planner(limits, members).Run(hold_ready);
}

std::vector<std::size_t> Surplus(const std::vector<Member>& members, int desired) {
  std::map<int, std::vector<std::size_t>> slots;
  for (std::size_t i = 0; i < members.size(); ++i) slots[members[i].replica].push_back(i);
  // A slot is worth as much as the best in it.
  const auto worth = [&](const std::vector<std::size_t>& slot) {
    return Worth(
        members[*std::max_element(slot.begin(), slot.end(), [&](std::size_t a, std::size_t b) {
          return WorthInSlot(members[a]) < WorthInSlot(members[b]);
        })]);
  };
  std::vector<const std::vector<std::size_t>*> order;
  order.reserve(slots.size());
  for (const auto& [replica, slot] : slots) order.push_back(&slot);
  std::sort(order.begin(), order.end(),
            [&](const auto* a, const auto* b) { return worth(*a) < worth(*b); });
  const int surplus = static_cast<int>(order.size()) - std::max(0, desired);
  std::vector<std::size_t> victims;
  for (int i = 0; i < surplus; ++i) {
    const auto& slot = *order[static_cast<std::size_t>(i)];
    victims.insert(victims.end(), slot.begin(), slot.end());
  }
  return victims;
}

}  // namespace disagg::planning
