#pragma once

// What was tried for an object and has failed in every pass since, with the time since when: a
// trouble that lasts is told in the object's status. Bounded by what one pass tries. Thread-safe;
// one pass per object at a time.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"

namespace disagg::reconcile {

class Troubles {
 public:
  // After a pass over `owner_uid`: `failures` are what it could not do. A trouble of before that is
  // not among them is over, unless `untried` says that the pass never came to try it. `now` as
  // Snapshot::now; `since` of `failures` is ignored.
  void Settle(const std::string& owner_uid, std::vector<planning::Trouble> failures,
              const std::function<bool(const planning::Trouble&)>& untried, std::int64_t now);

  // The oldest first.
  std::vector<planning::Trouble> Of(const std::string& owner_uid) const;
  void Forget(const std::string& owner_uid);

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, std::vector<planning::Trouble>> owners_ GUARDED_BY(mutex_);
};

// "create Pod minimax-m3-decode-w7c3h5dn-0-1".
std::string WhatOf(const planning::Write& write);

planning::Trouble TroubleOf(const planning::Write& write, const base::Error& error,
                            const planning::Snapshot& snapshot);
planning::Trouble TroubleOf(const std::string& what, const base::Error& error);

}  // namespace disagg::reconcile
