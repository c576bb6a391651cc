#pragma once

// What is wrong, for a person on call: which pod, which node, which resource, what to do. Root
// causes, each told once, the worst first.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

inline constexpr std::size_t kLongestProblem = 1024;  // bytes of a message, the schema's bound

// So long the operator retries what failed before it reports it: most failures pass by themselves.
inline constexpr int kTroubleSeconds = 30;

// The worst first.
enum class Severity {
  kSpec,     // the spec is not accepted: nothing that it changes happens
  kRefused,  // the cluster refuses an object, or another object has its name
  kRequest,  // a request of the operator has failed for long, or a cache of it is not live
  kService,  // replicas of a role that has too few of them to serve
  kReplica,  // other replicas
  kPassing,  // what ends without anybody's help
  kNote,     // as somebody asked for
};

struct Problem {
  std::string role, pod, node;  // empty where it is about none
  std::string reason;           // API: Unschedulable, ImagePullFailed, CrashLoop, NodeLost, ...
  std::string message;
  Severity severity = Severity::kReplica;
};

// Whose finalizers keep an object that should be gone, and what to do; one clause.
std::string FinalizerClause(const kube::ObjectMeta& meta);

// Problems as they are found.
class ProblemList {
 public:
  // The same cause in the same role is one problem, whichever object shows it first. `cause` is
  // what all of them have in common.
  void Add(Problem problem, const std::string& cause);

  // Whether a problem contains these words of the API server already.
  bool Tells(const std::string& words) const;

  // Time alone adds a problem, in Unix seconds.
  void WakeAt(std::int64_t time);

  // The worst first, then in the order in which they were found, at most `limit`.
  std::vector<Problem> Take(std::size_t limit);
  std::optional<std::int64_t> wake_at() const { return wake_at_; }

 private:
  std::set<std::tuple<std::string, std::string, std::string>> seen_;
  std::vector<Problem> problems_;
  std::optional<std::int64_t> wake_at_;
};

struct ProblemReport {
  std::vector<Problem> problems;
  std::optional<std::int64_t> wake_at;  // Unix seconds, as Snapshot::now

  // The worst of this severity; null: there is none.
  const Problem* First(Severity severity) const;
};

// At most `limit` problems.
ProblemReport FindProblems(const Snapshot& snapshot, const Plan& plan, const Outcome& outcome,
                           const std::vector<PodState>& states, std::size_t limit);

}  // namespace disagg::planning
