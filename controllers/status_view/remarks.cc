#include "controllers/status_view/remarks.h"

#include <algorithm>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/api/warnings.h"

namespace disagg::status_view {
namespace {

// "  role decode, pod x, node y: Unschedulable: message"
std::string ProblemLine(const Problem& problem) {
  std::string where;
  const auto add = [&](const char* what, const std::string& name) {
    if (!name.empty()) where += (where.empty() ? "" : ", ") + std::string(what) + " " + name;
  };
  add("role", problem.role);
  add("pod", problem.pod);
  add("node", problem.node);
  return "  " + where + (where.empty() ? "" : ": ") + problem.reason + ": " + problem.message;
}

void AddProblems(const StatusFields& status, const std::string& stalled, std::vector<Row>* rows) {
  bool first = true;
  for (const Problem& problem : status.problems) {
    // The refusal of a spec is among the problems as well; it was told above.
    if (problem.role.empty() && stalled.find(problem.message) != std::string::npos) continue;
    if (first) rows->push_back({{"Problems:"}});
    first = false;
    rows->push_back({{ProblemLine(problem), Tone::kBad}});
  }
}

void AddFreshness(const api::DisaggDeployment& deployment, std::vector<Row>* rows) {
  const std::int64_t observed = deployment.status.observed_generation;
  if (observed < 0) {
    rows->push_back(
        {{"The operator has not looked at this object: does disagg-operator run, and does it watch "
          "namespace " +
              deployment.meta.namespace_name + "?",
          Tone::kBad}});
  } else if (observed < deployment.meta.generation) {
    rows->push_back({{"This is the state for generation " + std::to_string(observed) +
                          "; the operator has not acted on generation " +
                          std::to_string(deployment.meta.generation) + " yet.",
                      Tone::kWaiting}});
  }
}

// The condition says what is rolled out, which the roles show, and behind a colon what the roll-out
// waits for.
void AddRollout(const api::StatusView& status, std::vector<Row>* rows) {
  const api::Condition* reconciling = status.Find("Reconciling");
  const auto colon = reconciling == nullptr ? std::string::npos : reconciling->message.find(": ");
  if (colon != std::string::npos) {
    rows->push_back({{"Roll-out: " + reconciling->message.substr(colon + 2)}});
  }
}

}  // namespace

std::vector<Row> Remarks(const Facts& facts, const StatusFields& status) {
  const api::DisaggDeployment& deployment = *facts.deployment;
  std::vector<Row> rows;
  const std::string& undecodable = api::DecodeErrorOf(deployment.meta);
  if (!undecodable.empty()) {
    rows.push_back(
        {{"This version of kubectl-disagg cannot read the spec: " + undecodable, Tone::kBad}});
  }
  AddFreshness(deployment, &rows);
  const api::Condition* stalled = deployment.status.Find("Stalled");
  if (stalled != nullptr) rows.push_back({{"Stalled: " + stalled->message, Tone::kBad}});
  AddProblems(status, stalled == nullptr ? "" : stalled->message, &rows);
  for (const api::FieldError& warning : api::FindWarnings(deployment.spec)) {
    rows.push_back({{"Warning: " + warning.message, Tone::kWaiting}});
  }
  AddRollout(deployment.status, &rows);
  const api::Condition* update = deployment.status.Find("UpdateAvailable");
  if (update != nullptr && update->status == "True") {
    rows.push_back({{"Update available: " + update->message}});
  }
  if (deployment.meta.annotation(api::kAnnotationReconcile) == "disabled") {
    rows.push_back({{std::string("Paused by the annotation ") + api::kAnnotationReconcile +
                         "=disabled: nothing but this status is written.",
                     Tone::kWaiting}});
  }
  if (!facts.pods) {
    rows.push_back(
        {{"You may not list pods in namespace " + deployment.meta.namespace_name + "."}});
  }
  return rows;
}

}  // namespace disagg::status_view
