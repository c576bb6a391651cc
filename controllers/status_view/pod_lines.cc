#include "controllers/status_view/pod_lines.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "controllers/api/labels.h"
#include "controllers/planning/pod_state.h"
#include "controllers/status_view/text.h"
#include "operator/base/parse_number.h"

namespace disagg::status_view {
namespace {

using PodPtr = std::shared_ptr<const kube::Pod>;

int Number(const kube::Pod& pod, const char* label) {
  const std::string& text = pod.meta.label(label);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

auto Order(const kube::Pod& pod) {
  return std::tuple(Number(pod, api::kLabelReplica), Number(pod, api::kLabelIncarnation),
                    Number(pod, api::kLabelRank), pod.meta.name);
}

// Of the same revision: after a roll-out nothing had gone wrong.
bool IsPredecessor(const kube::Pod& before, const kube::Pod& pod) {
  return before.meta.label(api::kLabelReplica) == pod.meta.label(api::kLabelReplica) &&
         before.meta.label(api::kLabelRoleRevision) == pod.meta.label(api::kLabelRoleRevision) &&
         Number(before, api::kLabelIncarnation) < Number(pod, api::kLabelIncarnation);
}

// "NodeLost b200-3"; empty when nothing is known of why the pod goes.
std::string CauseOf(const kube::Pod& pod, const std::vector<Problem>& problems) {
  const auto told = std::find_if(problems.begin(), problems.end(), [&](const Problem& problem) {
    return problem.pod == pod.meta.name;
  });
  const std::string reason = told == problems.end() ? pod.reason.get() : told->reason;
  return reason.empty() || pod.node_name.empty() ? reason : reason + " " + pod.node_name;
}

// "2 failed on b200-1, 1 on b200-3"
std::string FailuresByNode(const std::map<std::string, int>& failures) {
  std::string text;
  for (const auto& [node, count] : failures) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) +
            (text.empty() ? " failed on " : " on ") + node;
  }
  return text;
}

// "replaced 1 (NodeLost b200-3)": what is left of a slot's earlier pods, which is the pods
// themselves for a while, and for good the failures that the operator writes on their successors.
std::string Replaced(const kube::Pod& pod, const PodGroup& group,
                     const std::vector<Problem>& problems) {
  const auto failures = planning::ParseFailures(pod.meta.annotation(api::kAnnotationFailures));
  int failed = 0, seen = 0;
  for (const auto& [node, count] : failures) failed += count;
  std::string cause = FailuresByNode(failures);
  for (const PodPtr& before : group.pods) {
    if (!IsPredecessor(*before, pod)) continue;
    ++seen;
    if (const std::string last = CauseOf(*before, problems); !last.empty()) cause = last;
  }
  return cause.empty() ? ""
                       : "replaced " + std::to_string(std::max(failed, seen)) + " (" + cause + ")";
}

Branch PodLine(const kube::Pod& pod, const PodGroup& group, const std::vector<Problem>& problems,
               std::int64_t now) {
  Situation situation = Judge(pod, group.startup, now);
  const bool told = std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
    return problem.role == group.role && problem.reason == situation.state;
  });
  if (told) situation.note.clear();
  const std::string replaced = Replaced(pod, group, problems);
  if (!replaced.empty()) situation.note += (situation.note.empty() ? "" : ", ") + replaced;
  return {{{pod.meta.name},
           {situation.state, situation.tone},
           {pod.node_name.empty() ? "-" : pod.node_name.get()},
           {"restarts " + std::to_string(Restarts(pod))},
           {Age(now - pod.meta.creation_time)},
           {situation.note}},
          {}};
}

}  // namespace

void SortPods(std::vector<PodPtr>* pods) {
  std::sort(pods->begin(), pods->end(),
            [](const PodPtr& a, const PodPtr& b) { return Order(*a) < Order(*b); });
}

bool Counts(const kube::Pod& pod) {
  return !pod.meta.deleting() && pod.phase != kube::PodPhase::kFailed &&
         pod.phase != kube::PodPhase::kSucceeded;
}

int ReadyReplicas(const std::vector<PodPtr>& pods) {
  int ready = 0;
  std::map<std::string, int> ranks;  // that are ready, by name of the replica
  for (const PodPtr& pod : pods) {
    if (!Counts(*pod) || !pod->ready) continue;
    const std::string& name = pod->meta.name;
    const int of = base::ParseNumber<int>(pod->meta.annotation(api::kAnnotationRanks)).value_or(1);
    if (of <= 1 || ++ranks[name.substr(0, name.rfind('-'))] == of) ++ready;
  }
  return ready;
}

std::vector<Branch> PodLines(const PodGroup& group, const std::vector<Problem>& problems,
                             std::int64_t now) {
  std::vector<Branch> lines;
  lines.reserve(group.pods.size());
  for (const PodPtr& pod : group.pods) lines.push_back(PodLine(*pod, group, problems, now));
  return lines;
}

std::string WhatIsWaitedFor(const std::vector<PodPtr>& pods, const Startup& startup,
                            std::int64_t now) {
  const auto waits = [](const PodPtr& pod) { return !pod->ready; };
  const auto first = std::find_if(pods.begin(), pods.end(), waits);
  if (first == pods.end()) return "";
  const Situation situation = Judge(**first, startup, now);
  std::string state = situation.state == "Starting" ? "starting" : situation.state;
  if (situation.state == "Starting") state += ": " + situation.note;
  return std::to_string(std::count_if(pods.begin(), pods.end(), waits)) + " new " + state;
}

}  // namespace disagg::status_view
