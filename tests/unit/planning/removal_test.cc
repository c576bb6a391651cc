// Who may go within one role: the formulas of removal.h, a sentence per rule.

#include "controllers/planning/removal.h"

#include <gmock/gmock.h>

namespace disagg::planning {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr std::int64_t kSoon = 1000;

Member Ready(int replica, int incarnation = 1) {
  Member member;
  member.replica = replica;
  member.incarnation = incarnation;
  member.ready = member.scheduled = true;
  return member;
}

Member Starting(int replica, int incarnation = 1) {
  Member member = Ready(replica, incarnation);
  member.ready = false;
  return member;
}

Member Pending(int replica, int incarnation = 1) {
  Member member = Starting(replica, incarnation);
  member.scheduled = false;
  return member;
}

Member Unread(int replica) {
  Member member = Pending(replica);
  member.unread = true;
  return member;
}

Member Blinking(Member member) {
  member.ready = false;
  member.settles_at = kSoon;
  return member;
}

Member Served(Member member) {
  member.ready = false;
  member.served = true;
  return member;
}

Member OnLeavingNode(Member member) {
  member.node_leaving = true;
  return member;
}

Member Leaving(Member member, Reason reason = Reason::kOutdated) {
  member.leaving = reason;
  return member;
}

// "drop 1 (outdated)", "make 2", "hold 0 (floor)"
std::vector<std::string> Describe(const Removal& removal) {
  static constexpr const char* kReasons[] = {"outdated", "surplus", "duplicate", "node", "restart"};
  static constexpr const char* kHolds[] = {"floor",   "moment", "unread",
                                           "untried", "served", "held"};
  std::vector<std::string> lines;
  for (const Drop& drop : removal.drop) {
    lines.push_back("drop " + std::to_string(drop.member) + " (" +
                    kReasons[static_cast<int>(drop.reason)] + ")");
  }
  if (removal.make > 0) lines.push_back("make " + std::to_string(removal.make));
  for (const Blocked& blocked : removal.blocked) {
    lines.push_back("hold " + std::to_string(blocked.member) + " (" +
                    kHolds[static_cast<int>(blocked.why)] + ")");
  }
  return lines;
}

struct Case {
  const char* sentence;
  Limits limits;
  std::vector<Member> members;
  std::vector<std::string> expected;
  bool hold_ready = false;
};

void Check(const Case& c) {
  SCOPED_TRACE(c.sentence);
  EXPECT_THAT(Describe(PlanRemoval(c.limits, c.members, c.hold_ready)),
              ElementsAreArray(c.expected));
}

Limits Workers(int desired) { return LimitsOf(desired, 1, 1, 0); }
Limits Surging(int desired) { return LimitsOf(desired, 1, 0, 1); }

TEST(Limits, AreThoseOfTheFormulas) {
  struct LimitsCase {
    const char* sentence;
    Limits limits;
    int floor, ceiling;
  };
  const LimitsCase cases[] = {
      {"one may be missing", LimitsOf(4, 1, 1, 0), 3, 4},
      {"minReady is kept", LimitsOf(4, 3, 2, 0), 3, 4},
      {"with surge none has to be missing", LimitsOf(4, 1, 0, 1), 4, 5},
      {"two may be missing, one may be more", LimitsOf(4, 1, 2, 1), 2, 5},
      {"a lone one is replaced without a stand-in where there is no surge", LimitsOf(1, 1, 1, 0), 0,
       1},
      {"a lone one is never missing where there is", LimitsOf(1, 1, 1, 1), 1, 2},
      {"minReady of all without surge would let nothing go", LimitsOf(3, 3, 1, 0), 2, 3},
      {"with nothing wanted nothing is kept", LimitsOf(0, 1, 1, 0), 0, 0},
      {"nor with surge", LimitsOf(0, 1, 0, 1), 0, 1},
  };
  for (const LimitsCase& c : cases) {
    SCOPED_TRACE(c.sentence);
    EXPECT_EQ(c.limits.floor, c.floor);
    EXPECT_EQ(c.limits.ceiling, c.ceiling);
  }
}

TEST(Removal, WithoutSurgeLetsOneGoBeforeItsSuccessorComes) {
  const Case cases[] = {
      {"nothing to do", Workers(2), {Ready(0), Ready(1)}, {}},
      {"missing ones are made", Workers(3), {Ready(1)}, {"make 2"}},
      {"the higher one goes, its successor comes, the other one waits",
       Workers(2),
       {Leaving(Ready(0)), Leaving(Ready(1))},
       {"drop 1 (outdated)", "make 1", "hold 0 (floor)"}},
      {"while the successor starts the other one waits",
       Workers(2),
       {Leaving(Ready(0)), Starting(1, 2)},
       {"hold 0 (floor)"}},
      {"when it is ready the other one goes",
       Workers(2),
       {Leaving(Ready(0)), Ready(1, 2)},
       {"drop 0 (outdated)", "make 1"}},
      {"as many go at a time as may be missing",
       LimitsOf(4, 1, 2, 0),
       {Leaving(Ready(0)), Leaving(Ready(1)), Leaving(Ready(2)), Leaving(Ready(3))},
       {"drop 3 (outdated)", "drop 2 (outdated)", "make 2", "hold 1 (floor)"}},
      {"what is not ready serves nothing and goes at once",
       Workers(3),
       {Leaving(Ready(0)), Leaving(Pending(1)), Leaving(Starting(2))},
       {"drop 1 (outdated)", "drop 2 (outdated)", "make 2", "hold 0 (floor)"}},
      {"one that is away for a moment is waited for",
       Workers(2),
       {Leaving(Ready(0)), Leaving(Blinking(Ready(1)))},
       {"hold 1 (moment)"}},
      {"one that cannot be read may serve",
       Workers(2),
       {Leaving(Unread(0)), Ready(1)},
       {"hold 0 (unread)"}},
      {"a caller may hold the ready ones",
       Workers(1),
       {Leaving(Ready(0))},
       {"hold 0 (held)"},
       /*hold_ready=*/true},
      {"but not for what serves nothing",
       Workers(1),
       {Leaving(Starting(0))},
       {"drop 0 (outdated)", "make 1"},
       /*hold_ready=*/true},
  };
  for (const Case& c : cases) Check(c);
}

TEST(Removal, WithSurgeHasTheSuccessorReadyFirst) {
  const Case cases[] = {
      {"one more is made, and nothing goes",
       Surging(2),
       {Leaving(Ready(0)), Leaving(Ready(1))},
       {"make 1", "hold 1 (floor)"}},
      {"no second one while it starts",
       Surging(2),
       {Leaving(Ready(0)), Starting(0, 2), Leaving(Ready(1))},
       {"hold 2 (floor)"}},
      {"when it is ready one goes, and the next one is not made beside it",
       Surging(2),
       {Leaving(Ready(0)), Ready(0, 2), Leaving(Ready(1))},
       {"drop 2 (outdated)", "hold 0 (floor)"}},
      {"but once that one is gone",
       Surging(2),
       {Leaving(Ready(0)), Ready(0, 2)},
       {"make 1", "hold 0 (floor)"}},
      {"the last one goes",
       Surging(2),
       {Leaving(Ready(0)), Ready(0, 2), Ready(1, 2)},
       {"drop 0 (outdated)"}},
      {"one that has served stays until its successor does",
       Surging(1),
       {Leaving(Served(Ready(0))), Starting(0, 2)},
       {"hold 0 (served)"}},
      {"and goes when that one does",
       Surging(1),
       {Leaving(Served(Ready(0))), Ready(0, 2)},
       {"drop 0 (outdated)"}},
      {"one that never served goes at once",
       Surging(1),
       {Leaving(Starting(0))},
       {"drop 0 (outdated)", "make 1"}},
      {"and its successor waits where both would be one too many",
       Surging(1),
       {Leaving(Ready(0)), Leaving(Starting(0, 2))},
       {"drop 1 (duplicate)", "hold 0 (floor)"}},
      {"one that stands in for one that was lost stays while its successor was never ready",
       Surging(1),
       {Leaving(Starting(0)), Starting(0, 2)},
       {"hold 0 (untried)"}},
      {"and goes where that one has served",
       Surging(1),
       {Leaving(Starting(0)), Served(Ready(0, 2))},
       {"drop 0 (outdated)"}},
      {"one on a node that is to be emptied is replaced in the same way",
       Surging(1),
       {Leaving(Ready(0), Reason::kNodeLeaving)},
       {"make 1", "hold 0 (floor)"}},
      {"and goes for that reason",
       Surging(1),
       {Leaving(Ready(0), Reason::kNodeLeaving), Ready(0, 2)},
       {"drop 0 (node)"}},
  };
  for (const Case& c : cases) Check(c);
}

TEST(Removal, KeepsOneGroupPerSlot) {
  const Case cases[] = {
      {"the ready one", Workers(1), {Ready(0), Starting(0, 2)}, {"drop 1 (duplicate)"}},
      {"the newer one of equals",
       Workers(1),
       {Starting(0), Starting(0, 2)},
       {"drop 0 (duplicate)"}},
      {"a duplicate is no second replica",
       Workers(2),
       {Ready(0), Starting(0, 2)},
       {"drop 1 (duplicate)", "make 1"}},
      {"a ready one stays while it is needed, and another slot is filled",
       Surging(2),
       {Ready(0), Ready(0, 2)},
       {"make 1", "hold 0 (floor)"}},
      {"then it goes", Surging(2), {Ready(0), Ready(0, 2), Ready(1)}, {"drop 0 (duplicate)"}},
  };
  for (const Case& c : cases) Check(c);
}

TEST(Removal, TakesSurplusInTheOrderOfWhatItCosts) {
  const Case cases[] = {
      {"the highest of equals", Workers(1), {Ready(0), Ready(1)}, {"drop 1 (surplus)"}},
      {"rather one of an older revision",
       Workers(1),
       {Leaving(Ready(0)), Ready(1)},
       {"drop 0 (surplus)"}},
      {"rather one on a leaving node",
       Workers(2),
       {Leaving(Ready(0)), OnLeavingNode(Ready(1)), Ready(2)},
       {"drop 1 (surplus)", "drop 0 (outdated)", "make 1"}},
      {"rather one that cannot be read",
       Workers(1),
       {Unread(0), OnLeavingNode(Ready(1))},
       {"drop 0 (surplus)"}},
      {"rather one that is not ready", Workers(1), {Starting(0), Unread(1)}, {"drop 0 (surplus)"}},
      {"rather one without a node", Workers(1), {Pending(0), Starting(1)}, {"drop 0 (surplus)"}},
      {"a slot goes with all that is in it",
       Surging(1),
       {Leaving(Ready(0)), Leaving(Ready(1)), Ready(1, 2)},
       {"drop 0 (surplus)", "drop 1 (outdated)"}},
      {"all of them when none is wanted",
       Workers(0),
       {Ready(0), Starting(1)},
       {"drop 1 (surplus)", "drop 0 (surplus)"}},
  };
  for (const Case& c : cases) Check(c);
}

TEST(Removal, SaysWhatItNeeds) {
  const Removal floor = PlanRemoval(Workers(4), {Leaving(Ready(0)), Ready(1)});
  ASSERT_EQ(floor.blocked.size(), 1u);
  EXPECT_EQ(floor.blocked[0].needs, 2) << "4 ready, so that 3 are left";
  const Removal moment = PlanRemoval(Workers(1), {Leaving(Blinking(Ready(0)))});
  ASSERT_EQ(moment.blocked.size(), 1u);
  EXPECT_EQ(moment.blocked[0].until, kSoon);
}

TEST(Surplus, TakesACrashLoopFirst) {
  Member loops = Starting(0);
  loops.fails = true;
  EXPECT_THAT(Surplus({loops, Pending(1), Ready(2)}, 2), ElementsAre(0u));
  EXPECT_THAT(Surplus({Ready(0), Ready(1)}, 2), IsEmpty());
}

}  // namespace
}  // namespace disagg::planning
