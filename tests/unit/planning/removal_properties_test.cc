// What must hold of every planned removal, in random worlds of one role: groups become ready and
// unready, vanish and are outdated, more and fewer are wanted. Left in peace, it all ends.

#include <algorithm>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "controllers/planning/removal.h"
#include "controllers/planning/slot_names.h"

namespace disagg::planning {
namespace {

constexpr std::uint32_t kWorlds = 30'000;
constexpr int kSteps = 10;

class RoleWorld {
 public:
  explicit RoleWorld(std::uint32_t seed) : random_(seed) {
    surge_ = Below(3);
    unavailable_ = Below(3);
    min_ready_ = 1 + Below(3);
    desired_ = Below(6);
  }

  void Step() {
    for (int i = Below(4); i > 0; --i) Act();
    Pass(OneIn(8));
  }

  // Everybody becomes ready, nothing else happens. A pass replaces one at least, after it was made.
  void Rest() {
    const std::size_t most = 2 * (members_.size() + static_cast<std::size_t>(desired_)) + 2;
    for (std::size_t passes = 0;; ++passes) {
      for (Member& member : members_) Recover(member);
      if (!Pass(/*hold_ready=*/false)) break;
      ASSERT_LT(passes, most) << "it goes on for ever";
    }
    EXPECT_EQ(static_cast<int>(members_.size()), desired_);
    for (const Member& member : members_) EXPECT_FALSE(member.leaving);
  }

 private:
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool OneIn(int chances) { return Below(chances) == 0; }
  Limits limits() const { return LimitsOf(desired_, min_ready_, unavailable_, surge_); }

  static void Recover(Member& member) {
    member.ready = member.scheduled = true;
    member.unread = false;
    member.settles_at.reset();
  }

  void Act() {
    switch (Below(6)) {
      case 0:
        desired_ = Below(6);
        return;
      case 1:
        for (Member& member : members_) member.leaving = Reason::kOutdated;
        return;
      case 2:
        // Two in one slot: a deletion has failed, or a create that nobody saw.
        if (!members_.empty() && OneIn(3)) Add(Any().replica);
        return;
      default:
        if (!members_.empty()) Touch(Any());
        return;
    }
  }

  Member& Any() {
    return members_[static_cast<std::size_t>(Below(static_cast<int>(members_.size())))];
  }

  void Touch(Member& member) {
    switch (Below(7)) {
      case 0:
        members_.erase(members_.begin() + (&member - members_.data()));
        return;
      case 1:
        member.ready = false;
        member.served = OneIn(2);
        if (OneIn(2)) member.settles_at = 1;
        return;
      case 2:
        member.ready = false;
        member.unread = true;
        return;
      case 3:
        member.leaving = OneIn(2) ? Reason::kNodeLeaving : Reason::kRestart;
        member.node_leaving = member.leaving == Reason::kNodeLeaving;
        return;
      default:
        Recover(member);
        return;
    }
  }

  void Add(int replica) {
    Member member;
    member.replica = replica;
    member.incarnation = ++last_incarnation_;
    member.scheduled = OneIn(2);
    members_.push_back(member);
  }

  // False: nothing to do.
  bool Pass(bool hold_ready) {
    const Removal removal = PlanRemoval(limits(), members_, hold_ready);
    Check(removal);
    Apply(removal);
    return removal.make > 0 || !removal.drop.empty();
  }

  void Apply(const Removal& removal) {
    const std::set<std::size_t> dropped = DroppedBy(removal);
    std::vector<Member> kept;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (!dropped.contains(i)) kept.push_back(members_[i]);
    }
    members_ = std::move(kept);
    std::set<int> taken, older;
    for (const Member& member : members_) {
      (surge_ > 0 && member.leaving ? older : taken).insert(member.replica);
    }
    for (const int replica : VacantSlots(removal.make, taken, older)) Add(replica);
  }

  static std::set<std::size_t> DroppedBy(const Removal& removal) {
    std::set<std::size_t> dropped;
    for (const Drop& drop : removal.drop) {
      EXPECT_TRUE(dropped.insert(drop.member).second) << "dropped twice";
    }
    return dropped;
  }

  void Check(const Removal& removal) const {
    const std::set<std::size_t> dropped = DroppedBy(removal);
    CheckNumbers(removal, dropped);
    CheckVictims(removal, dropped);
    CheckBlocked(removal, dropped);
  }

  void CheckNumbers(const Removal& removal, const std::set<std::size_t>& dropped) const {
    int ready = 0, ready_left = 0, left = 0;
    std::set<int> slots;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const Member& member = members_[i];
      ready += member.ready ? 1 : 0;
      if (dropped.contains(i)) continue;
      ++left;
      ready_left += member.ready ? 1 : 0;
      slots.insert(member.replica);
    }
    EXPECT_GE(ready_left, std::min(ready, limits().floor)) << "below the floor";
    const int there = surge_ > 0 ? static_cast<int>(members_.size()) : left;
    EXPECT_LE(there + removal.make, std::max(there, limits().ceiling)) << "above the ceiling";
    EXPECT_LE(static_cast<int>(slots.size()), desired_) << "a slot too many";
    EXPECT_GE(removal.make, 0);
  }

  // No ready one goes while an unready one would do, and each for a reason that it has.
  void CheckVictims(const Removal& removal, const std::set<std::size_t>& dropped) const {
    for (const Drop& drop : removal.drop) {
      const Member& victim = members_[drop.member];
      const bool alone = std::count_if(members_.begin(), members_.end(), [&](const Member& other) {
                           return other.replica == victim.replica;
                         }) == 1;
      if (drop.reason == Reason::kDuplicate) {
        EXPECT_FALSE(alone) << "no duplicate";
        continue;
      }
      if (drop.reason != Reason::kSurplus) {
        EXPECT_EQ(victim.leaving, drop.reason);
      }
      for (std::size_t i = 0; victim.ready && alone && i < members_.size(); ++i) {
        const Member& other = members_[i];
        const bool would_do = drop.reason == Reason::kSurplus ? !ServesSlot(other.replica)
                                                              : other.leaving && !other.ready;
        EXPECT_FALSE(!dropped.contains(i) && would_do) << "a ready one goes instead of another";
      }
    }
  }

  bool ServesSlot(int replica) const {
    return std::any_of(members_.begin(), members_.end(), [&](const Member& member) {
      return member.replica == replica && member.ready;
    });
  }

  // Whoever should go and does not is explained, by one of them at least.
  void CheckBlocked(const Removal& removal, const std::set<std::size_t>& dropped) const {
    bool stays = false;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      stays = stays || (members_[i].leaving && !dropped.contains(i));
    }
    EXPECT_TRUE(!stays || !removal.blocked.empty()) << "nobody says why";
    for (const Blocked& blocked : removal.blocked) {
      EXPECT_FALSE(dropped.contains(blocked.member)) << "dropped and blocked";
      EXPECT_TRUE(blocked.why != Hold::kFloor || blocked.needs > 0);
    }
  }

  std::mt19937 random_;
  int surge_ = 0, unavailable_ = 0, min_ready_ = 1, desired_ = 0;
  int last_incarnation_ = 0;
  std::vector<Member> members_;
};

TEST(RemovalProperties, HoldInEveryWorld) {
  for (std::uint32_t seed = 1; seed <= kWorlds; ++seed) {
    SCOPED_TRACE(seed);
    RoleWorld world(seed);
    for (int step = 0; step < kSteps; ++step) world.Step();
    world.Rest();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace disagg::planning
