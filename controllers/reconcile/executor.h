#pragma once

// Carries out a plan: stage after stage, the writes of a stage side by side, each with the checks
// that make it safe to repeat (architecture, rules 1-4). What an answer claims about another object
// is believed only when a look at that object agrees:
//
//   answer                          what the look says       outcome
//   create, 409 or unknown          ours                     done; labels that it lacks are given back
//                                   ours, being deleted      BeingDeleted, tried again
//                                   of an earlier owner      PreviousOwner, tried again
//                                   orphaned by one          Leftover, tried again
//                                   somebody else's          NameConflict
//                                   absent, or no answer     the error, tried again
//   delete, 404, 409 or 410         absent, another UID      done
//                                   still there              NotDeleted, tried again
//   merge patch, 404, 409 or 422    absent, another UID      nothing to do any more
//   apply of ours, 422              ours                     replaced by a merge patch
//   first apply, 409                ours                     applied to this very object
//                                   absent                   applied
//                                   anybody else's           as for a create
//   anything else                                            the error
//
// A revision that was created is kept as the answer shows it: the router's pod is created from it
// a moment later. A dry run is not sent where a pod like it was accepted a moment ago
// (accepted_pods.h). A delete with `because_absent` is preceded by a look at that object. A write
// that keeps failing is held back (request_backoff.h). Notes every write with Freshness, and what
// our watches cannot see with LostChildren.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/reconcile/accepted_pods.h"
#include "controllers/reconcile/live_object.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/request_backoff.h"
#include "controllers/reconcile/revision_payloads.h"
#include "operator/kube/object.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/freshness.h"

namespace disagg::reconcile {

// What is remembered of requests and their answers.
struct Memories {
  LostChildren& lost;
  RequestBackoff& backoff;
  RevisionPayloads& payloads;
  AcceptedPods& accepted;
};

class Executor {
 public:
  // All outlive the executor.
  Executor(runtime::ApiClient& client, runtime::Freshness& freshness, const Memories& memories)
      : client_(client), freshness_(freshness), memories_(memories) {}

  // `plan` outlives the outcome, which points into it. Stops before the next stage when a write
  // that the rest stands on failed (planning::Outcome::stands).
  planning::Outcome Execute(const planning::Plan& plan, const kube::ObjectMeta& owner);

 private:
  runtime::ApiClient& client_;
  runtime::Freshness& freshness_;
  const Memories memories_;
};

}  // namespace disagg::reconcile
