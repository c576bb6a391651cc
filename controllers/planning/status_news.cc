#include "controllers/planning/status_news.h"

#include <string>

#include <nlohmann/json.hpp>

namespace disagg::planning {
namespace {

using nlohmann::json;

bool FollowsPods(const json& condition) {
  const std::string type = condition.value("type", "");
  return type == "Scheduled" || type == "RouterReady";
}

// What of a condition is news. Of one that is not true the reason names what is waited for next,
// and problems are in their own list. The words of Stalled are an event each.
json TurnOf(const json& condition) {
  json turn = {{"type", condition.value("type", "")}, {"status", condition.value("status", "")}};
  if (turn["status"] != "True") return turn;
  turn["reason"] = condition.value("reason", "");
  if (turn["type"] == "Stalled") turn["message"] = condition.value("message", "");
  return turn;
}

json TurnsOf(const json& conditions) {
  json turns = json::array();
  for (const json& condition : conditions) {
    if (!FollowsPods(condition)) turns.push_back(TurnOf(condition));
  }
  return turns;
}

json WithoutCounts(json roles) {
  for (json& role : roles) {
    for (const char* count : {"created", "scheduled", "ready", "updated"}) role.erase(count);
  }
  return roles;
}

// `first`: nothing was accepted before.
json NewsIn(json status, bool first) {
  if (!status.is_object()) return status;
  status.erase("summary");
  if (first) {
    for (const char* accepted : {"targetRevision", "endpoint", "roles"}) status.erase(accepted);
  }
  if (status.contains("roles")) status["roles"] = WithoutCounts(std::move(status["roles"]));
  if (status.contains("conditions")) status["conditions"] = TurnsOf(status["conditions"]);
  return status;
}

}  // namespace

bool IsNews(const json& before, const json& after) {
  const bool first = before.is_object() && !before.contains("targetRevision");
  return NewsIn(before, first) != NewsIn(after, first);
}

}  // namespace disagg::planning
