#include "controllers/reconcile/resolver.h"

#include <algorithm>

#include "controllers/planning/node_bans.h"
#include "controllers/reconcile/child_kinds.h"
#include "controllers/reconcile/leftovers.h"
#include "controllers/reconcile/revision_object.h"

namespace disagg::reconcile {
namespace {

bool FindsNoNode(const kube::Pod& pod) {
  return !pod.scheduled && !pod.unschedulable_message.empty();
}

// Whoever is told why a pod finds no node, or decides whether its successor may avoid one.
bool AsksForNodes(const kube::Pod& pod) { return FindsNoNode(pod) || planning::IsNodesFault(pod); }

bool HoldsDevices(const kube::Pod& pod) {
  return pod.phase != kube::PodPhase::kFailed && pod.phase != kube::PodPhase::kSucceeded;
}

void AddChild(const kube::Resource& kind, const kube::ObjectPtr& object,
              planning::Snapshot& snapshot) {
  if (kind == kube::kPods) {
    snapshot.pods.push_back(std::static_pointer_cast<const kube::Pod>(object));
  } else if (kind == kube::kControllerRevisions) {
    AddRevision(static_cast<const RevisionObject&>(*object), snapshot);
  } else {
    snapshot.children.push_back({kind, std::static_pointer_cast<const kube::RawObject>(object)});
  }
}

void ResolveChildren(SnapshotSource& source, planning::Snapshot& snapshot) {
  for (const kube::Resource& kind : ChildKinds()) {
    for (const auto& object : source.Controlled(kind, snapshot.deployment->meta)) {
      AddChild(kind, object, snapshot);
    }
  }
}

void ResolveNodes(SnapshotSource& source, planning::Snapshot& snapshot) {
  for (const auto& pod : snapshot.pods) {
    if (pod->node_name.empty()) continue;
    if (auto node = source.Node(pod->node_name)) snapshot.nodes[pod->node_name] = std::move(node);
    if (const auto since = source.NotReadySince(pod->node_name)) {
      snapshot.not_ready_seen[pod->node_name] = *since;
    }
  }
}

// Looks at every node: done only while a pod finds none, or failed by the fault of its node.
void ResolveCapacity(SnapshotSource& source, planning::Snapshot& snapshot) {
  if (std::none_of(snapshot.pods.begin(), snapshot.pods.end(),
                   [](const auto& pod) { return AsksForNodes(*pod); })) {
    return;
  }
  for (const auto& node : source.Nodes()) {
    planning::NodeCapacity capacity{node, {}};
    for (const auto& pod : source.PodsOn(node->meta.name)) {
      if (!HoldsDevices(*pod)) continue;
      for (const auto& [resource, count] : pod->extended_resources) {
        capacity.used[resource] += count;
      }
    }
    snapshot.capacity.push_back(std::move(capacity));
  }
}

}  // namespace

planning::Snapshot ResolveSnapshot(SnapshotSource& source,
                                   std::shared_ptr<const api::DisaggDeployment> deployment,
                                   std::int64_t now, const planning::Settings& settings) {
  planning::Snapshot snapshot;
  snapshot.deployment = std::move(deployment);
  snapshot.catalogue = source.Catalogue();
  snapshot.namespace_labels = source.NamespaceLabels(snapshot.deployment->meta.namespace_name);
  ResolveChildren(source, snapshot);
  ResolveNodes(source, snapshot);
  ResolveCapacity(source, snapshot);
  snapshot.leftovers = FindLeftovers(source, snapshot.deployment->meta);
  snapshot.not_live = source.NotLive();
  snapshot.now = now;
  snapshot.settings = settings;
  return snapshot;
}

}  // namespace disagg::reconcile
