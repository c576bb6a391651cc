#include "controllers/reconcile/caches.h"

#include <algorithm>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/reconcile/child_kinds.h"

namespace disagg::reconcile {
namespace {

// A label of ours alone: the well-known ones are everybody's to change.
const std::string kOurs = api::kLabelDeployment;

std::vector<std::string> NamedDeployment(const kube::Object& child) {
  const std::string& deployment = child.meta.label(api::kLabelDeployment);
  if (deployment.empty()) return {};
  return {child.meta.namespace_name + "/" + deployment};
}

runtime::ObjectStore& WatchChildren(runtime::Manager& manager, const kube::Resource& resource) {
  runtime::ObjectStore& objects =
      manager.Watch({resource, ChildDecoder(resource), kOurs, "", false});
  objects.AddIndex(kByDeployment, NamedDeployment);
  return objects;
}

runtime::ObjectStore& WatchPods(runtime::Manager& manager) {
  runtime::ObjectStore& pods = WatchChildren(manager, kube::kPods);
  pods.AddIndex(kByNode, [](const kube::Object& object) -> std::vector<std::string> {
    const auto& pod = static_cast<const kube::Pod&>(object);
    if (pod.node_name.empty()) return {};
    return {pod.node_name};
  });
  return pods;
}

}  // namespace

Caches::Caches(runtime::Manager& manager)
    : deployment_objects(
          manager.Watch({api::kDisaggDeployments, api::DisaggDeploymentDecoder(), "", "", false})),
      model_objects(
          manager.Watch({api::kServingModels, api::ServingModelDecoder(), "", "", false})),
      class_objects(
          manager.Watch({api::kAcceleratorClasses, api::AcceleratorClassDecoder(), "", "", false})),
      namespace_objects(
          manager.Watch({kube::kNamespaces, kube::MetadataDecoder({}), "", "", true})),
      node_objects(manager.Watch({kube::kNodes, kube::NodeDecoder(), "", "", false, true})),
      pod_objects(WatchPods(manager)),
      revision_objects(WatchChildren(manager, kube::kControllerRevisions)),
      deployments(deployment_objects),
      models(model_objects),
      classes(class_objects),
      namespaces(namespace_objects),
      nodes(node_objects),
      pods(pod_objects),
      revisions(revision_objects) {
  children = {{kube::kPods, &pod_objects}, {kube::kControllerRevisions, &revision_objects}};
  for (const kube::Resource& kind : ChildKinds()) {
    if (kind == kube::kPods || kind == kube::kControllerRevisions) continue;
    children.push_back({kind, &WatchChildren(manager, kind)});
  }
  all = children;
  all.insert(all.end(), {{api::kDisaggDeployments, &deployment_objects},
                         {api::kServingModels, &model_objects},
                         {api::kAcceleratorClasses, &class_objects},
                         {kube::kNamespaces, &namespace_objects},
                         {kube::kNodes, &node_objects}});
}

const runtime::ObjectStore& Caches::ChildrenOf(const kube::Resource& kind) const {
  return *std::find_if(children.begin(), children.end(), [&](const Cache& cache) {
            return cache.resource == kind;
          })->objects;
}

bool Caches::Shows(const kube::Resource& resource, const std::string& uid) const {
  return std::any_of(children.begin(), children.end(), [&](const Cache& cache) {
    return cache.resource == resource && cache.objects->HasUid(uid);
  });
}

}  // namespace disagg::reconcile
