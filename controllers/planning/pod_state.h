#pragma once

// What a pod is to its slot. A slot is one replica of one role; its pods follow one another as
// incarnations.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/planning/node_bans.h"
#include "controllers/planning/snapshot.h"
#include "operator/kube/object.h"

namespace disagg::planning {

enum class Life {
  kAlive,   // counts: running, starting, or waiting for a node
  kFailed,  // ended for good, or replaced like a failed one (crash loop)
  kEnding,  // has a deletionTimestamp and a node that can end it
  kLost,    // its node is gone, or has been NotReady for too long
};

struct PodState {
  std::shared_ptr<const kube::Pod> pod;
  Life life = Life::kAlive;
  api::RoleName role = api::RoleName::kPrefill;
  int replica = 0;
  int incarnation = 0;
  int rank = 0, ranks = 1;              // of the pods of its group
  bool registers = true;                // with the router
  int retries = 0;                      // short lives in a row before this pod
  std::map<std::string, int> failures;  // of predecessors, by node
  NodeFaultMap faults;                  // of the last hour, of predecessors
  std::string role_revision, contract, revision;
  // Labels that somebody took or changed, with the values that they should have.
  std::map<std::string, std::string> lost_labels;
  // A label by which requests find it was taken away: it may run, but gets none.
  bool hidden = false;
  bool crash_looping = false;  // kFailed although the kubelet would go on
  // No Node object, or tainted out-of-service: nothing will ever end the pod.
  bool node_gone = false;
  // Of the two the former, as far as our cache tells: to be asked for before it is acted upon.
  bool node_absent = false;
  bool node_leaving = false;  // cordoned: whoever may choose takes a pod of another node
  // Not all of it could be read, so nobody knows whether it serves: it is alive, not ready, and
  // nothing that is not known of it is a reason to delete it.
  bool unread = false;
  bool released = false;                   // deleted by this very plan, before everything else
  std::optional<std::int64_t> lost_at;     // NotReady node: when the pod will count as lost
  std::optional<std::int64_t> settles_at;  // NotReady for moments only: when that will count
  std::string why;                         // for kFailed and kLost, one clause

  bool alive() const { return life == Life::kAlive; }
  bool ready() const { return alive() && pod->ready && !hidden && !unread; }
  // Its node is not in our cache, and nothing has ended the pod yet: it may well run.
  bool in_doubt() const { return life == Life::kLost && node_absent && !pod->meta.deleting(); }
};

// Nothing for a pod whose name is of no slot (see pod_identity.h).
std::optional<PodState> Classify(const std::shared_ptr<const kube::Pod>& pod,
                                 const Snapshot& snapshot);

// In the order of role, replica, incarnation, role revision and rank, so that the ranks of a group
// are together. They share one fate: when one has failed, is gone or ends, the others end as well
// (kEnding, though nobody has deleted them yet).
std::vector<PodState> ClassifyPods(const Snapshot& snapshot);

// The history of pods that are gone, in the same order: of its slot each was the newest.
std::vector<PodState> ClassifyGone(const Snapshot& snapshot);

// "b200-1=2,b200-3=1"; anything else is empty.
std::map<std::string, int> ParseFailures(const std::string& text);

// True when a failed pod had run for so long that failures before it tell nothing any more.
bool LivedLong(const PodState& failed);

// Failures by node that a failed pod hands on to its successor: its own and those of its
// predecessors.
std::map<std::string, int> FailuresWith(const PodState& failed);

// Seconds to wait after the `retries`-th failure in a row: 10 x 2^retries, at most 600.
// 0 -> 10, 1 -> 20, 6 -> 600.
int BackoffSeconds(int retries);

}  // namespace disagg::planning
