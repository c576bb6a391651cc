#include "controllers/status_view/pod_lines.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "controllers/status_view/text.h"

namespace disagg::status_view {
namespace {

using planning::GroupState;
using planning::PodState;

// Of the same revision: after a roll-out nothing had gone wrong.
bool IsPredecessor(const PodState& before, const PodState& state) {
  return before.replica == state.replica && before.role_revision == state.role_revision &&
         before.incarnation < state.incarnation;
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
std::string Replaced(const PodState& state, const RolePods& pods,
                     const std::vector<Problem>& problems) {
  int failed = 0, seen = 0;
  for (const auto& [node, count] : state.failures) failed += count;
  std::string cause = FailuresByNode(state.failures);
  for (const PodState& before : pods.states) {
    if (!IsPredecessor(before, state)) continue;
    ++seen;
    if (const std::string last = CauseOf(*before.pod, problems); !last.empty()) cause = last;
  }
  return cause.empty() ? ""
                       : "replaced " + std::to_string(std::max(failed, seen)) + " (" + cause + ")";
}

Branch PodLine(const PodState& state, Situation situation, const RolePods& pods,
               const std::vector<Problem>& problems, std::int64_t now) {
  const kube::Pod& pod = *state.pod;
  const bool told = std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
    return problem.role == pods.role && problem.reason == situation.state;
  });
  if (told) situation.note.clear();
  const std::string replaced = Replaced(state, pods, problems);
  if (!replaced.empty()) situation.note += (situation.note.empty() ? "" : ", ") + replaced;
  return {{{pod.meta.name},
           {situation.state, situation.tone},
           {pod.node_name.empty() ? "-" : pod.node_name.get()},
           {"restarts " + std::to_string(Restarts(pod))},
           {Age(now - pod.meta.creation_time)},
           {situation.note}},
          {}};
}

// Of the first pod of a group that is not ready.
const Situation& SituationOf(const GroupState& group, const RolePods& pods) {
  const auto rank = std::find_if_not(group.ranks.begin(), group.ranks.end(),
                                     [](const PodState& state) { return state.ready(); });
  // All that are there are ready, and others are missing.
  const PodState& waits = rank == group.ranks.end() ? group.ranks.front() : *rank;
  return pods.situations[static_cast<std::size_t>(&waits - pods.states.data())];
}

}  // namespace

int ReadyReplicas(const std::vector<PodState>& states) {
  const std::vector<GroupState> groups = planning::FoldGroups(states);
  return static_cast<int>(std::count_if(groups.begin(), groups.end(),
                                        [](const GroupState& group) { return group.ready; }));
}

std::vector<Branch> PodLines(const RolePods& pods, const std::vector<Problem>& problems,
                             std::int64_t now) {
  std::vector<Branch> lines;
  lines.reserve(pods.states.size());
  for (std::size_t i = 0; i < pods.states.size(); ++i) {
    lines.push_back(PodLine(pods.states[i], pods.situations[i], pods, problems, now));
  }
  return lines;
}

std::string WhatIsWaitedFor(const RolePods& pods, const std::vector<GroupState>& groups) {
  const auto waits = [](const GroupState& group) { return !group.ready; };
  const auto first = std::find_if(groups.begin(), groups.end(), waits);
  if (first == groups.end()) return "";
  const Situation& situation = SituationOf(*first, pods);
  std::string state = situation.state == "Starting" ? "starting" : situation.state;
  if (situation.state == "Starting") state += ": " + situation.note;
  return std::to_string(std::count_if(groups.begin(), groups.end(), waits)) + " new " + state;
}

}  // namespace disagg::status_view
