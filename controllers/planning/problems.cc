#include "controllers/planning/problems.h"

#include <algorithm>

#include "controllers/planning/pod_problems.h"
#include "controllers/planning/request_problems.h"
#include "operator/base/text.h"

namespace disagg::planning {

std::string FinalizerClause(const kube::ObjectMeta& meta) {
  return "its finalizers keep it: " + meta.finalizers + "; whoever set them has to remove them";
}

void ProblemList::Add(Problem problem, const std::string& cause) {
  const auto key = std::tuple(problem.role, problem.reason, cause);
  problem.message = base::Printable(problem.message);
  if (seen_.insert(key).second) problems_.push_back(std::move(problem));
}

bool ProblemList::Tells(const std::string& words) const {
  const std::string printable = base::Printable(words);
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    return problem.message.find(printable) != std::string::npos;
  });
}

void ProblemList::WakeAt(std::int64_t time) { wake_at_ = std::min(wake_at_.value_or(time), time); }

std::vector<Problem> ProblemList::Take(std::size_t limit) {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const Problem& a, const Problem& b) { return a.severity < b.severity; });
  if (problems_.size() > limit) problems_.resize(limit);
  return std::move(problems_);
}

const Problem* ProblemReport::First(Severity severity) const {
  const auto found = std::find_if(problems.begin(), problems.end(), [&](const Problem& problem) {
    return problem.severity == severity;
  });
  return found == problems.end() ? nullptr : &*found;
}

ProblemReport FindProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                           const std::vector<PodState>& states, std::size_t limit) {
  ProblemList list;
  AddRequestProblems(snapshot, plan, outcome, list);
  AddPodProblems(snapshot, plan, outcome, states, list);
  return {list.Take(limit), list.wake_at()};
}

}  // namespace disagg::planning
