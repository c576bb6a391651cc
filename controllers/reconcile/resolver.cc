#include "controllers/reconcile/resolver.h"

#include <algorithm>

#include "controllers/planning/node_bans.h"
#include "controllers/reconcile/leftovers.h"

namespace disagg::reconcile {
namespace {

bool FindsNoNode(const kube::Pod& pod) {
  return !pod.scheduled && !pod.unschedulable_message.empty();
}

// Whoever is told why a pod finds no node, or decides whether its successor may avoid one.
bool AsksForNodes(const kube::Pod& pod) { return FindsNoNode(pod) || planning::IsNodesFault(pod); }

// A watch may have shown again what was looked at a moment ago.
bool IsThere(const std::vector<std::shared_ptr<const kube::Pod>>& pods, const std::string& uid) {
  return std::any_of(pods.begin(), pods.end(),
                     [&](const auto& pod) { return pod->meta.uid == uid; });
}

void ResolvePods(const Sources& sources, planning::Snapshot& snapshot) {
  snapshot.pods = sources.caches.pods.ByController(snapshot.deployment->meta.uid);
  for (const LostChildren::Child& child : sources.lost) {
    if (!(child.resource == kube::kPods)) continue;
    if (IsThere(snapshot.pods, child.object->meta.uid)) continue;
    snapshot.pods.push_back(std::static_pointer_cast<const kube::Pod>(child.object));
  }
}

void ResolveNodes(const Sources& sources, planning::Snapshot& snapshot) {
  for (const auto& pod : snapshot.pods) {
    if (pod->node_name.empty()) continue;
    if (auto node = sources.caches.nodes.Get({"", pod->node_name})) {
      snapshot.nodes[pod->node_name] = std::move(node);
    }
    if (const auto since = sources.readiness.NotReadySince(pod->node_name)) {
      snapshot.not_ready_seen[pod->node_name] = *since;
    }
  }
}

void AddChild(const kube::Resource& resource, const kube::ObjectPtr& object,
              planning::Snapshot& snapshot) {
  if (resource == kube::kPods) return;
  if (resource == kube::kControllerRevisions) {
    AddRevision(static_cast<const RevisionObject&>(*object), snapshot);
    return;
  }
  snapshot.children.push_back({resource, std::static_pointer_cast<const kube::RawObject>(object)});
}

void ResolveChildren(const Sources& sources, planning::Snapshot& snapshot) {
  const std::string& uid = snapshot.deployment->meta.uid;
  for (const Caches::Cache& cache : sources.caches.children) {
    if (cache.resource == kube::kPods) continue;
    for (const auto& object : cache.objects->ObjectsByIndex(runtime::kByController, uid)) {
      AddChild(cache.resource, object, snapshot);
    }
  }
  for (const LostChildren::Child& child : sources.lost) {
    if (sources.caches.Shows(child.resource, child.object->meta.uid)) continue;
    AddChild(child.resource, child.object, snapshot);
  }
}

// Looks at every node: done only while a pod finds none, or failed by the fault of its node.
void ResolveCapacity(const Caches& caches, planning::Snapshot& snapshot) {
  if (std::none_of(snapshot.pods.begin(), snapshot.pods.end(),
                   [](const auto& pod) { return AsksForNodes(*pod); })) {
    return;
  }
  for (const auto& node : caches.nodes.All()) {
    planning::NodeCapacity capacity{node, {}};
    for (const auto& pod : caches.pods.ByIndex(kByNode, node->meta.name)) {
      if (pod->phase == kube::PodPhase::kFailed || pod->phase == kube::PodPhase::kSucceeded) {
        continue;
      }
      for (const auto& [resource, count] : pod->extended_resources) {
        capacity.used[resource] += count;
      }
    }
    snapshot.capacity.push_back(std::move(capacity));
  }
}

}  // namespace

planning::Snapshot ResolveSnapshot(const Sources& sources,
                                   std::shared_ptr<const api::DisaggDeployment> deployment,
                                   std::int64_t now, const planning::Settings& settings) {
  const Caches& caches = sources.caches;
  planning::Snapshot snapshot;
  snapshot.deployment = std::move(deployment);
  snapshot.catalogue.models = caches.models.All();
  snapshot.catalogue.classes = caches.classes.All();
  if (auto owner = caches.namespaces.Get({"", snapshot.deployment->meta.namespace_name})) {
    snapshot.namespace_labels = owner->meta.labels.ToMap();
  }
  ResolvePods(sources, snapshot);
  ResolveNodes(sources, snapshot);
  ResolveChildren(sources, snapshot);
  ResolveCapacity(caches, snapshot);
  snapshot.leftovers = FindLeftovers(caches, snapshot.deployment->meta);
  for (const Caches::Cache& cache : caches.all) {
    if (cache.objects->live()) continue;
    snapshot.not_live[cache.resource.ToString()] = cache.objects->trouble();
  }
  snapshot.now = now;
  snapshot.settings = settings;
  return snapshot;
}

}  // namespace disagg::reconcile
