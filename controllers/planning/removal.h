#pragma once

// Which groups of one role may go, and how many are to be created: the one place that decides about
// every planned removal within one contract. On numbers only; knows neither pods nor names.
//
//   D   replicas wanted
//   C   ceiling = D + surge: the most groups at a time
//   F   floor of ready groups = max(minReady, D - unavailable), at most D, and at most C - 1: where
//       neither one more may be made nor one be missing, nothing could ever be replaced
//
//   duplicate        two groups side by side in one slot that are no older one and its successor:
//                    the better one stays; a ready one goes while ready > F
//   leaving, unready goes at once. Not so one that is unready for moments only, one that cannot be
//                    read, and with surge one that has served and may again, or whose successor was
//                    never ready: it stays until ready and leaving groups together are more than D
//   surplus          slots beyond D, the whole slot
//   leaving, ready   goes while ready > F; with surge its successor is ready by then
//   make           = min(D - slots with a group that stays, C - groups left), at least 0. With surge
//                    those that go count until a pass sees them gone: a deletion and a creation of
//                    one pass are sent side by side, and a quota has room for C, not for one more
//
// Who goes first: one that will never be ready, unscheduled, not ready, one that cannot be read, on
// a leaving node, of an older revision, the highest replica. So a ready group is never the victim
// while an unready one would do.
//
// Example, workers: D = 2, surge 0, unavailable 1, so F = 1 and C = 2. Two ready ones are outdated:
// the higher one goes and one is to be made; ready = 1 = F, so the other one is blocked until the
// new one is ready. Routers: D = 1, surge 1, unavailable 0, so F = 1 and C = 2. One is to be made,
// and the old one goes in the pass that sees both ready.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "controllers/planning/group_state.h"

namespace disagg::planning {

struct Limits {
  int desired = 0, floor = 0, ceiling = 0;
};

Limits LimitsOf(int desired, int min_ready, int unavailable, int surge);

enum class Reason {
  kOutdated,     // of an older revision
  kSurplus,      // fewer replicas are wanted
  kDuplicate,    // its slot has a better one
  kNodeLeaving,  // its node is to be emptied
  kRestart,      // somebody asked for it
};

// A group that is alive, as far as it matters to who may go.
struct Member {
  int replica = 0;
  int incarnation = 0;
  bool fails = false;  // it holds devices and will not be ready: a crash loop
  bool ready = false;
  bool unread = false;  // it may serve: nobody can read whether it does
  bool scheduled = false;
  bool node_leaving = false;
  bool served = false;  // it was ready once, and may be again without anybody's help
  std::optional<std::int64_t> settles_at;  // unready for moments only: when that will count
  std::optional<Reason> leaving;           // why it should go
};

// A group is outdated unless it is of `role_revision`.
Member MemberOf(const GroupState& group, const std::string& role_revision);

struct Drop {
  std::size_t member = 0;  // its index
  Reason reason = Reason::kSurplus;
};

enum class Hold {
  kFloor,    // no ready group may go now
  kMoment,   // it may be ready again in a moment
  kUnread,   // it may serve
  kUntried,  // its successor was never ready
  kServed,   // it will serve again when what it waits for is back
  kHeld,     // the caller says that no ready one goes for now
};

struct Blocked {
  std::size_t member = 0;
  Reason reason = Reason::kOutdated;  // for which it should go
  Hold why = Hold::kFloor;
  int needs = 0;                      // kFloor: ready groups more than there are
  std::optional<std::int64_t> until;  // kMoment
};

struct Removal {
  int make = 0;
  std::vector<Drop> drop;
  std::vector<Blocked> blocked;  // of the ready ones only the next to go
};

// `hold_ready`: ready groups that are leaving stay for now, whatever the numbers say.
Removal PlanRemoval(const Limits& limits, const std::vector<Member>& members,
                    bool hold_ready = false);

// The members of the slots beyond `desired`, the least worth first.
std::vector<std::size_t> Surplus(const std::vector<Member>& members, int desired);

}  // namespace disagg::planning
