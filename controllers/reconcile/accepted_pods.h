#pragma once

// Pods that the API server has accepted in a dry run less than a minute ago, known by what
// admission can tell them by (planning::Write::likeness). Of a hundred equal deployments that are
// applied to a namespace at once the first asks, the others wait for its answer.
//
// Only good answers are remembered, and only as long as nothing of that namespace is refused: a
// refusal is an answer to one deployment alone. Bounded. Thread-safe.

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "controllers/planning/plan.h"
#include "operator/base/clock.h"
#include "operator/base/cond_var.h"
#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace disagg::reconcile {

class AcceptedPods {
 public:
  enum class Answer {
    kAccepted,  // a moment ago
    kAwaited,   // another pass asks just now: see Await
    kUnknown,   // the caller asks, and tells the answer to Settle
  };

  // `clock` outlives this.
  explicit AcceptedPods(const base::Clock& clock) : clock_(clock) {}

  // Of a dry run that is about to be sent; one without a likeness is always kUnknown.
  Answer Look(const planning::Write& dry_run);
  void Settle(const planning::Write& dry_run, bool accepted);
  // Waits until the other pass has its answer, for two seconds at most: nobody is held up by a dry
  // run that is slow. True: accepted. To be called by who owes no answer.
  bool Await(const planning::Write& dry_run);
  // A pod, or a dry run of one, was refused there.
  void Forget(const std::string& namespace_name);

  static constexpr std::size_t kMost = 1024;

 private:
  using Key = std::pair<std::string, std::string>;  // namespace, likeness
  struct Entry {
    bool accepted = false;  // false: being asked
    base::SteadyTime since{};
  };

  static Key KeyOf(const planning::Write& dry_run);
  Answer Find(const Key& key) const REQUIRES(mutex_);
  void MakeRoom() REQUIRES(mutex_);

  const base::Clock& clock_;
  base::Mutex mutex_;
  base::CondVar settled_;
  std::map<Key, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
