#include "controllers/planning/conditions.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "operator/base/clock.h"
#include "operator/base/text.h"

namespace disagg::planning {
namespace {

constexpr std::size_t kLongestMessage = 2048;  // the schema's bound

const api::Condition* FindIn(const std::vector<api::Condition>& conditions,
                             const std::string& type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const auto& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

}  // namespace

ConditionSet::ConditionSet(const std::vector<api::Condition>& before, std::int64_t generation,
                           std::int64_t now)
    : before_(before), generation_(generation), now_(now) {}

void ConditionSet::Set(const std::string& type, bool value, const std::string& reason,
                       const std::string& message) {
  api::Condition condition{
      type,   value ? "True" : "False",
      reason, std::string(base::CutUtf8(base::Printable(message), kLongestMessage)),
      now_,   generation_};
  const api::Condition* before = FindIn(before_, type);
  if (before != nullptr && before->status == condition.status) {
    condition.last_transition_time = before->last_transition_time;
  }
  conditions_.push_back(std::move(condition));
}

const api::Condition* ConditionSet::Find(const std::string& type) const {
  return FindIn(conditions_, type);
}

nlohmann::json ConditionSet::ToJson() const {
  auto sorted = conditions_;
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.type < b.type; });
  nlohmann::json list = nlohmann::json::array();
  for (const api::Condition& condition : sorted) {
    list.push_back({{"type", condition.type},
                    {"status", condition.status},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"lastTransitionTime", base::FormatTime(condition.last_transition_time)},
                    {"observedGeneration", condition.observed_generation}});
  }
  return list;
}

}  // namespace disagg::planning
