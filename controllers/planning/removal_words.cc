#include "controllers/planning/removal_words.h"

namespace disagg::planning {
namespace {

std::string FloorClause(const Blocked& blocked, const Limits& limits) {
  const bool surges = limits.ceiling > limits.desired;
  const std::string ready = std::to_string(limits.floor + 1 - blocked.needs) + " of " +
                            std::to_string(limits.floor + 1) + " ready";
  return (surges ? "its successor is not ready, " : "the role is not complete, ") + ready;
}

std::string HeldClause(const RollHold& hold, const std::string& role_revision) {
  return hold.released->slot() + " of revision " + role_revision +
         " was not ready when fewer replicas were asked for; to roll on, change the spec or set "
         "spec.restart.token";
}

std::string WhyBlocked(const Blocked& blocked, const Limits& limits,
                       const std::optional<RollHold>& hold, const std::string& role_revision) {
  switch (blocked.why) {
    case Hold::kFloor:
      return FloorClause(blocked, limits);
    case Hold::kMoment:
      return "it was ready a moment ago, and its engine runs on";
    case Hold::kUnread:
      return "it cannot be read, so it may serve";
    case Hold::kUntried:
      return "its successor was never ready";
    case Hold::kServed:
      return "it serves again when the workers are ready";
    case Hold::kHeld:
      return HeldClause(*hold, role_revision);
  }
  return "";
}

}  // namespace

std::string WhyDropped(const GroupState& group, Reason reason, const Limits& limits,
                       const std::string& role_revision) {
  switch (reason) {
    case Reason::kSurplus:
      return "surplus: " + std::to_string(limits.desired) + " wanted";
    case Reason::kDuplicate:
      return "another pod of its slot is alive";
    case Reason::kNodeLeaving:
      return "its node is to be emptied";
    case Reason::kRestart:
      return "a restart was asked for";
    case Reason::kOutdated:
      break;
  }
  if (!group.ready && !group.unread()) return "of an older revision and not ready";
  return "revision " + role_revision + " replaces " + group.role_revision();
}

Explanation ExplainBlocked(const GroupState& group, const Blocked& blocked, const Limits& limits,
                           const std::optional<RollHold>& hold, const std::string& role_revision) {
  const bool duplicate = blocked.reason == Reason::kDuplicate;
  return {group.slot(), duplicate ? "keeps a second pod in its slot" : "keeps the older revision",
          WhyBlocked(blocked, limits, hold, role_revision)};
}

}  // namespace disagg::planning
