#pragma once

// Which revision a deployment works towards: the one accepted last, a stored one that was made from
// this very spec, or a new one.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/planning/pod_state.h"
#include "controllers/planning/snapshot.h"
#include "controllers/render/revision.h"

namespace disagg::planning {

// A revision to work towards, with what is known of it.
struct Candidate {
  render::RevisionIdentity identity;
  std::shared_ptr<const render::Revision> payload;  // null: not read
  bool stored = false;
  // Of the identity only the name is known, and what the pods that run tell. Nothing can be planned
  // towards it.
  bool damaged = false;
};

// Whether a pod of the revision is there that nobody has deleted.
bool HasPods(const std::vector<PodState>& states, const std::string& revision);

// What status says was accepted last; where status was lost, the newest revision that has pods. A
// damaged one while there are pods: without any nothing is lost by another revision.
std::optional<Candidate> AcceptedRevision(const Snapshot& snapshot,
                                          const std::vector<PodState>& states);

// What a valid spec asks for. Nothing: the payload of `accepted` has to be read first. Before any
// pod of the deployment ran, a class or a model that was corrected since is taken over. Instead of
// a damaged `accepted` only that same one: created again it gets back what somebody took. Where
// spec, class or model ask for another by now, `accepted` itself, damaged.
std::optional<Candidate> TargetRevision(const Snapshot& snapshot,
                                        const std::vector<PodState>& states,
                                        const api::Resolution& resolution,
                                        const std::optional<Candidate>& accepted);

}  // namespace disagg::planning
