#include "controllers/reconcile/resolver.h"

#include <algorithm>

#include "controllers/api/labels.h"
#include "controllers/planning/node_bans.h"

namespace disagg::reconcile {
namespace {

bool FindsNoNode(const kube::Pod& pod) {
  return !pod.scheduled && !pod.unschedulable_message.empty();
}

// Whoever is told why a pod finds no node, or decides whether its successor may avoid one.
bool AsksForNodes(const kube::Pod& pod) { return FindsNoNode(pod) || planning::IsNodesFault(pod); }

void ResolvePods(const Caches& caches, planning::Snapshot& snapshot) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  snapshot.pods = caches.pods.ByController(meta.uid);
  for (const auto& pod : caches.pods.ByIndex(kByDeployment, meta.key().ToString())) {
    if (pod->meta.label(api::kLabelRole) == "router") snapshot.router_pods.push_back(pod);
  }
  for (const auto& pod : snapshot.pods) {
    if (pod->node_name.empty()) continue;
    if (auto node = caches.nodes.Get({"", pod->node_name})) {
      snapshot.nodes[pod->node_name] = std::move(node);
    }
  }
}

void ResolveChildren(const Caches& caches, planning::Snapshot& snapshot) {
  const std::string& uid = snapshot.deployment->meta.uid;
  for (const auto& revision : caches.revisions.ByController(uid)) {
    if (revision->ours && !revision->meta.deleting()) {
      snapshot.revisions.push_back(revision->stored);
    }
  }
  snapshot.routers = caches.routers.ByController(uid);
  for (const Caches::ChildCache& cache : caches.children) {
    for (const auto& object : cache.objects->ObjectsByIndex(runtime::kByController, uid)) {
      snapshot.children.push_back(
          {cache.resource, std::static_pointer_cast<const kube::RawObject>(object)});
    }
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

planning::Snapshot ResolveSnapshot(const Caches& caches,
                                   std::shared_ptr<const api::DisaggDeployment> deployment,
                                   const base::Clock& clock, const planning::Settings& settings) {
  planning::Snapshot snapshot;
  snapshot.deployment = std::move(deployment);
  snapshot.catalogue.models = caches.models.All();
  snapshot.catalogue.classes = caches.classes.All();
  if (auto owner = caches.namespaces.Get({"", snapshot.deployment->meta.namespace_name})) {
    snapshot.namespace_labels = owner->meta.labels.ToMap();
  }
  ResolvePods(caches, snapshot);
  ResolveChildren(caches, snapshot);
  ResolveCapacity(caches, snapshot);
  snapshot.now = std::chrono::floor<std::chrono::seconds>(clock.Now()).time_since_epoch().count();
  snapshot.settings = settings;
  return snapshot;
}

}  // namespace disagg::reconcile
