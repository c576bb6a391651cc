#include "controllers/status_view/facts.h"

#include <algorithm>
#include <iterator>

namespace disagg::status_view {

planning::Snapshot SnapshotOf(const Facts& facts) {
  planning::Snapshot snapshot;
  snapshot.deployment = facts.deployment;
  snapshot.now = facts.now;
  if (facts.pods) {
    std::copy_if(
        facts.pods->begin(), facts.pods->end(), std::back_inserter(snapshot.pods),
        [&](const auto& pod) { return pod->meta.controller_uid == facts.deployment->meta.uid; });
  }
  if (!facts.nodes) {
    snapshot.not_live[kube::kNodes.ToString()] = "not read";
    return snapshot;
  }
  snapshot.nodes = *facts.nodes;
  for (const auto& [name, node] : *facts.nodes) {
    if (!node->ready) snapshot.not_ready_seen[name] = node->ready_changed_at;
  }
  return snapshot;
}

}  // namespace disagg::status_view
