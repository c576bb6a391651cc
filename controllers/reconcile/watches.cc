#include "controllers/reconcile/watches.h"

#include <set>

#include "controllers/api/labels.h"
#include "controllers/reconcile/live_object.h"

namespace disagg::reconcile {
namespace {

using runtime::Change;
using runtime::Priority;
using std::chrono::milliseconds;

// Children change in bursts (six pods are bound, started and ready within a second): one pass for a
// burst.
constexpr milliseconds kBurst{25};
// For what is only counted: mostly something else happens to the deployment before.
constexpr milliseconds kCounted{500};

void WakeOwner(runtime::WorkQueue& queue, const kube::ObjectPtr& object, milliseconds after) {
  if (object == nullptr || !IsOfDeployment(object->meta)) return;
  queue.AddAfter({object->meta.namespace_name, object->meta.controller_name}, after);
}

// Of an object that names a deployment by its label: what may be in the way of a deployment of that
// name.
void WakeByLabel(runtime::WorkQueue& queue, const kube::ObjectPtr& object, milliseconds after) {
  if (object == nullptr) return;
  const std::string& deployment = object->meta.label(api::kLabelDeployment);
  if (!deployment.empty()) queue.AddAfter({object->meta.namespace_name, deployment}, after);
}

void WakeAll(const Caches& caches, runtime::WorkQueue& queue, const std::string& namespace_name) {
  for (const auto& deployment : caches.deployments.All()) {
    if (!namespace_name.empty() && deployment->meta.namespace_name != namespace_name) continue;
    queue.Add(deployment->meta.key(), Priority::kLow);
  }
}

bool SameSpec(const Change& change) {
  return change.before != nullptr && change.after != nullptr &&
         change.before->meta.generation == change.after->meta.generation;
}

bool SameMetadata(const kube::ObjectMeta& before, const kube::ObjectMeta& after) {
  return before.uid == after.uid && before.deletion_time == after.deletion_time &&
         before.finalizers == after.finalizers && before.labels == after.labels &&
         before.annotations == after.annotations && before.controller_uid == after.controller_uid &&
         before.decode_error == after.decode_error;
}

// A change of the status, where the kind counts changes of the rest: a disruption budget has one
// for every pod that becomes ready.
bool OnlyStatusChanged(const Change& change) {
  if (change.before == nullptr || change.after == nullptr) return false;
  return change.after->meta.generation > 0 && SameSpec(change) &&
         SameMetadata(change.before->meta, change.after->meta);
}

// Nothing follows from it but a count.
bool OnlyGotItsNode(const Change& change) {
  if (change.before == nullptr || change.after == nullptr) return false;
  const auto& before = static_cast<const kube::Pod&>(*change.before);
  const auto& after = static_cast<const kube::Pod&>(*change.after);
  return !before.scheduled && after.scheduled && SameMetadata(before.meta, after.meta) &&
         before.phase == after.phase && before.ready == after.ready &&
         before.containers.size() == after.containers.size();
}

// What of a Node decides about its pods. Everything else of it changes every few seconds.
bool SameNode(const Change& change) {
  if (change.before == nullptr || change.after == nullptr) return false;
  const auto& before = static_cast<const kube::Node&>(*change.before);
  const auto& after = static_cast<const kube::Node&>(*change.after);
  const auto taints = [](const kube::Node& node) {
    std::set<std::string> keys;
    for (const kube::Taint& taint : node.taints) keys.insert(taint.key);
    return keys;
  };
  return before.ready == after.ready && before.unschedulable == after.unschedulable &&
         taints(before) == taints(after);
}

void WakePodsOf(const Caches& caches, runtime::WorkQueue& queue, const std::string& node) {
  for (const auto& pod : caches.pods.ByIndex(kByNode, node)) WakeOwner(queue, pod, kBurst);
}

const kube::ObjectMeta& MetaOf(const Change& change) {
  return change.after != nullptr ? change.after->meta : change.before->meta;
}

void WireCatalogue(Caches& caches, runtime::WorkQueue& deployments, runtime::WorkQueue& models) {
  caches.model_objects.AddHandler([&caches, &deployments, &models](const Change& change) {
    if (SameSpec(change)) return;
    // An alias that one entry gives up may become another's.
    for (const auto& model : caches.models.All()) models.Add(model->meta.key());
    WakeAll(caches, deployments, "");
  });
  caches.class_objects.AddHandler([&caches, &deployments](const Change& change) {
    if (!SameSpec(change)) WakeAll(caches, deployments, "");
  });
  caches.namespace_objects.AddHandler([&caches, &deployments](const Change& change) {
    if (change.before != nullptr && change.after != nullptr &&
        change.before->meta.labels == change.after->meta.labels) {
      return;
    }
    WakeAll(caches, deployments, MetaOf(change).name);
  });
}

// A watch shows the loss of its label as a deletion. An object that was being deleted is believed
// to be gone.
void NoteDisappearance(const Watched& watched, const kube::Resource& resource,
                       const kube::ObjectPtr& last_known) {
  const kube::ObjectMeta& meta = last_known->meta;
  const auto owner = watched.caches.deployments.Get({meta.namespace_name, meta.controller_name});
  const bool owned = owner != nullptr && owner->meta.uid == meta.controller_uid.get();
  if (owned && !meta.deleting()) watched.lost.Suspect(resource, last_known);
  // A name that was in the way may be free now.
  const kube::ObjectKey named{meta.namespace_name, meta.label(api::kLabelDeployment)};
  if (const auto deployment = watched.caches.deployments.Get(named)) {
    watched.backoff.TryNow(deployment->meta.uid);
  }
}

void NoteReadiness(const Watched& watched, const Change& change) {
  if (change.after == nullptr) {
    watched.readiness.Drop(change.before->meta.name);
  } else {
    watched.readiness.See(static_cast<const kube::Node&>(*change.after), watched.now());
  }
}

}  // namespace

void WireWatches(const Watched& watched, runtime::Controller& deployments,
                 runtime::Controller& models) {
  Caches& caches = watched.caches;
  runtime::WorkQueue& queue = deployments.queue();
  caches.deployment_objects.AddHandler(
      [&queue](const Change& change) { queue.Add(MetaOf(change).key()); });
  for (const Caches::Cache& child : caches.children) {
    child.objects->AddHandler([&, watched, resource = child.resource](const Change& change) {
      if (change.after == nullptr) NoteDisappearance(watched, resource, change.before);
      const bool pod = resource == kube::kPods;
      if (!pod && OnlyStatusChanged(change)) return;
      const milliseconds after = pod && OnlyGotItsNode(change) ? kCounted : kBurst;
      for (const kube::ObjectPtr& object : {change.before, change.after}) {
        WakeOwner(queue, object, after);
        WakeByLabel(queue, object, after);
      }
    });
  }
  caches.node_objects.AddHandler([&, watched](const Change& change) {
    NoteReadiness(watched, change);
    if (!SameNode(change)) WakePodsOf(caches, queue, MetaOf(change).name);
  });
  WireCatalogue(caches, queue, models.queue());
  // What a deployment does and tells depends on which absences prove something.
  for (const Caches::Cache& cache : caches.all) {
    cache.objects->AddLivenessHandler([&caches, &queue] { WakeAll(caches, queue, ""); });
  }
}

}  // namespace disagg::reconcile
