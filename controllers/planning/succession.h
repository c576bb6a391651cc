#pragma once

// What the pod before means for the next one of its slot: when it may be created, and what it
// carries on. The predecessor may be gone; see SlotMemory.
//
//   failed               -> after its failure, 10 s x 2^retries, at most 10 minutes
//   crash looping        -> at once: the kubelet's own back-off has passed
//   deleted, lost, gone  -> at once; from the second short life in a row on, 20 s, 40 s and then 60 s
//                           after its creation: what deletes or loses every new pod costs a request
//                           a minute, and a minute after it has stopped all is well
//
// Whoever lived for ten minutes begins anew.

#include <cstdint>
#include <string>

#include "controllers/planning/explanation.h"
#include "controllers/planning/pod_state.h"
#include "controllers/render/objects.h"

namespace disagg::planning {

// Unix seconds by the API server's clock, as `now`.
std::int64_t SuccessorAt(const PodState& before, std::int64_t now);

// Why the successor in a slot waits: "decode-0 waits after a failure: Evicted".
Explanation ExplainBackoff(const std::string& slot, const PodState& before);

// Both without `avoid_strictly`. HistoryLike: for a pod beside `sibling` in its group.
render::PodHistory HistoryAfter(const PodState& before, std::int64_t now);
render::PodHistory HistoryLike(const PodState& sibling, std::int64_t now);

}  // namespace disagg::planning
