#pragma once

// Holds back requests that fail again, or whose effect is undone again, so that no standing trouble
// makes more than a few requests a minute, however many events wake its object.
//
// Failures: requests for one owner to one resource with one verb are a group. The n-th failure in a
// row of a group holds it back for 0.25 s x 2^(n-1), at most 15 s; longer where the server asks for
// it (at most 60 s), and 30 s (10 s for a quota) for an answer that the object itself is wrong.
// From the third on, one request of the group is sent to find out whether the trouble is over; when
// it succeeds, the others follow at once. A request that has not failed yet is never held back.
//
// Repetitions: the sixth time that the same write is carried out within two minutes it waits for
// 1 s, then 2 s, 4 s ... 30 s: something undoes it each time. Pods of one slot count as the same.
//
// What is held back counts as failed, with the answer that it got last. Thread-safe; one pass per
// owner at a time.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "operator/base/clock.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"

namespace disagg::reconcile {

// What makes a request the same as one before.
struct RequestId {
  std::string group;  // verb and resource
  std::string id;  // of a write: name (of a pod that is created: its slot), UID, hash of the body
  friend auto operator<=>(const RequestId&, const RequestId&) = default;
};
RequestId IdOf(const planning::Write& write);

class RequestBackoff {
 public:
  // `clock` outlives this.
  explicit RequestBackoff(const base::Clock& clock) : clock_(clock) {}

  // A pass begins: nothing is held back yet.
  void Begin(const std::string& owner_uid);
  // Why each of a batch of writes is held back; nothing: it may be sent.
  std::vector<std::optional<base::Error>> Admit(const std::string& owner_uid,
                                                const std::vector<const planning::Write*>& writes);
  std::optional<base::Error> Admit(const std::string& owner_uid, const RequestId& id);
  // What became of a request that was sent.
  void NoteFailure(const std::string& owner_uid, const RequestId& id, const base::Error& error);
  void NoteSuccess(const std::string& owner_uid, const RequestId& id);
  // A write that was carried out; if it is again and again, something undoes it.
  void NoteWritten(const std::string& owner_uid, const planning::Write& write);

  // A dry run that was accepted is not asked again within a minute: while what it allows fails.
  void NoteAccepted(const std::string& owner_uid, const RequestId& id);
  bool IsAccepted(const std::string& owner_uid, const RequestId& id) const;
  // Whether the last answer to a request was a failure.
  bool HasFailed(const std::string& owner_uid, const RequestId& id) const;

  // After a plan was carried out: forgets failures of writes that are not in the plan any more.
  void Prune(const std::string& owner_uid, const std::vector<planning::Write>& plan);
  // How long until a request that was held back or has failed in this pass may be sent; nothing
  // while there is none.
  std::optional<std::chrono::milliseconds> DueIn(const std::string& owner_uid) const;

  // Something that the answers depend on has changed: what has failed may be sent at once.
  void TryNow(const std::string& owner_uid);
  void Forget(const std::string& owner_uid);

 private:
  struct Failed {
    base::Error error;
    base::SteadyTime tried{};
  };
  struct Group {
    std::map<std::string, Failed> failed;  // by RequestId::id
    int attempts = 0;
    base::SteadyTime due{};
    bool waiting = false;  // in this pass: something of it is held back or has failed
  };
  struct Repetition {
    int times = 0;
    base::SteadyTime last{};
    base::SteadyTime due{};
    bool waiting = false;
  };
  struct Owner {
    std::map<std::string, Group> groups;
    std::map<RequestId, Repetition> repetitions;
    std::map<RequestId, base::SteadyTime> accepted;
  };

  bool HasFailures(const std::string& owner_uid) const;
  std::optional<base::Error> HoldRepetition(Owner& owner, const RequestId& id,
                                            const planning::Write& write) const REQUIRES(mutex_);
  void HoldFailures(Owner& owner, const std::vector<RequestId>& ids,
                    std::vector<std::optional<base::Error>>& held) const REQUIRES(mutex_);

  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<std::string, Owner> owners_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
