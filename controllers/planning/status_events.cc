#include "controllers/planning/status_events.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "controllers/api/labels.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

bool WasCreated(const Write& write, const Outcome& outcome) {
  if (write.verb != Verb::kCreate || !(write.resource == kube::kPods)) return false;
  return WasCarriedOut(write, outcome);
}

bool IsTrue(const api::Condition* condition) {
  return condition != nullptr && condition->status == "True";
}

// "reason/role" of what the status tells already.
std::set<std::string> KnownProblems(const api::StatusView& view) {
  std::set<std::string> known;
  const json status = json::parse(view.json.Unpack(), nullptr, false);
  if (!status.is_object() || !status.contains("problems")) return known;
  for (const json& problem : status["problems"]) {
    known.insert(problem.value("reason", "") + "/" + problem.value("role", ""));
  }
  return known;
}

bool IsKnown(const api::CapacityWait& wait, const api::StatusView& view) {
  return std::any_of(view.capacity.begin(), view.capacity.end(),
                     [&](const api::CapacityWait& known) {
                       return known.unit == wait.unit && known.retry_at == wait.retry_at;
                     });
}

// Stopping as the spec asks is no reason for a warning.
Note ReadyNote(const api::DisaggDeployment& deployment, const api::Condition* ready) {
  if (IsTrue(ready)) return {false, "Ready", "Serve", ready->message};
  if (ready == nullptr) {
    return {false, deployment.spec.suspend ? "Suspended" : "ScaledToZero", "Serve",
            "requests are refused: no replica is wanted"};
  }
  const bool asked = ready->reason == "Suspended" || ready->reason == "ScaledToZero";
  return {!asked, ready->reason, "Serve", ready->message};
}

}  // namespace

std::vector<Note> ActionsOf(const Plan& plan, const Outcome& outcome) {
  std::map<api::RoleName, int> created;
  for (const Write& write : plan.writes) {
    if (!WasCreated(write, outcome)) continue;
    const json& labels = write.body.at("metadata").at("labels");
    const auto role = api::ParseRoleName(labels.at(api::kLabelRole).get<std::string>());
    if (role) ++created[*role];
  }
  const auto& revision = outcome.accepted() ? plan.target : plan.accepted;
  if (created.empty() || !revision) return {};
  std::string text;
  for (const auto& [role, count] : created) {
    const bool last = role == created.rbegin()->first;
    text += (text.empty() ? ""
             : last       ? " and "
                          : ", ") +
            std::to_string(count) + " " + std::string(api::ToString(role));
  }
  const bool one = created.size() == 1 && created.begin()->second == 1;
  return {{false, "Created", "Create",
           "created " + text + (one ? " pod" : " pods") + " of revision " + revision->name}};
}

std::vector<Note> Transitions(const api::DisaggDeployment& deployment, const CapacityWaits& waits,
                              const ConditionSet& conditions,
                              const std::vector<Problem>& problems) {
  std::vector<Note> notes;
  const api::Condition* ready = conditions.Find("Ready");
  if (IsTrue(ready) != IsTrue(deployment.status.Find("Ready"))) {
    notes.push_back(ReadyNote(deployment, ready));
  }
  const api::Condition* stalled = conditions.Find("Stalled");
  const api::Condition* before = deployment.status.Find("Stalled");
  if (stalled != nullptr && (before == nullptr || before->message != stalled->message)) {
    notes.push_back({true, stalled->reason, "Reconcile", stalled->message});
  }
  for (const auto& [unit, wait] : waits) {
    if (IsKnown(wait, deployment.status)) continue;
    notes.push_back({true, "WaitingForCapacity", "Release", wait.message});
  }
  const std::set<std::string> known = KnownProblems(deployment.status);
  for (const Problem& problem : problems) {
    if (problem.pod.empty() || known.contains(problem.reason + "/" + problem.role)) continue;
    notes.push_back({true, problem.reason, "Observe", problem.message});
  }
  return notes;
}

}  // namespace disagg::planning
