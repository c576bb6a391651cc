#include "controllers/reconcile/caches.h"

#include <nlohmann/json.hpp>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"

namespace disagg::reconcile {
namespace {

const std::string kOurs = std::string(api::kLabelManagedBy) + "=" + api::kManagedByValue;

// What is kept of the labels and annotations of children: nothing is decided by others.
kube::KeepKeys OwnKeys() { return {{"disagg.dev/"}}; }

runtime::ObjectStore& WatchPods(runtime::Manager& manager) {
  runtime::ObjectStore& pods =
      manager.Watch({kube::kPods, kube::PodDecoder(OwnKeys()), kOurs, "", false});
  pods.AddIndex(kByDeployment, [](const kube::Object& pod) -> std::vector<std::string> {
    const std::string& deployment = pod.meta.label(api::kLabelDeployment);
    if (deployment.empty()) return {};
    return {pod.meta.namespace_name + "/" + deployment};
  });
  pods.AddIndex(kByNode, [](const kube::Object& object) -> std::vector<std::string> {
    const auto& pod = static_cast<const kube::Pod&>(object);
    if (pod.node_name.empty()) return {};
    return {pod.node_name};
  });
  return pods;
}

runtime::ObjectStore& WatchChild(runtime::Manager& manager, const kube::Resource& resource) {
  return manager.Watch({resource, kube::RawDecoder(OwnKeys()), kOurs, "", false});
}

}  // namespace

kube::Decoder RevisionDecoder() {
  const auto packer = std::make_shared<kube::TextPacker>();
  return [packer](const simdjson::dom::element& element) -> base::Result<kube::ObjectPtr> {
    auto meta = kube::DecodeMeta(element, OwnKeys());
    if (!meta) return meta.error();
    auto object = std::make_shared<RevisionObject>();
    object->meta = std::move(*meta);
    object->stored.uid = object->meta.uid;
    simdjson::dom::element router;
    const bool has_router = element["data"]["rendered"]["router"].get(router) == simdjson::SUCCESS;
    if (has_router) object->stored.router_template = packer->Pack(simdjson::minify(router));
    if (auto identity = render::IdentityOf(object->meta); identity && has_router) {
      object->stored.identity = std::move(*identity);
      object->ours = true;
    }
    // They are in `stored` now.
    object->meta.annotations.clear();
    return kube::ObjectPtr(std::move(object));
  };
}

Caches::Caches(runtime::Manager& manager)
    : deployment_objects(
          manager.Watch({api::kDisaggDeployments, api::DisaggDeploymentDecoder(), "", "", false})),
      model_objects(
          manager.Watch({api::kServingModels, api::ServingModelDecoder(), "", "", false})),
      class_objects(
          manager.Watch({api::kAcceleratorClasses, api::AcceleratorClassDecoder(), "", "", false})),
      namespace_objects(
          manager.Watch({kube::kNamespaces, kube::MetadataDecoder({}), "", "", true})),
      node_objects(manager.Watch({kube::kNodes, kube::NodeDecoder(), "", "", false})),
      pod_objects(WatchPods(manager)),
      revision_objects(
          manager.Watch({kube::kControllerRevisions, RevisionDecoder(), kOurs, "", false})),
      router_objects(manager.Watch(
          {kube::kDeployments, kube::DeploymentDecoder(OwnKeys()), kOurs, "", false})),
      deployments(deployment_objects),
      models(model_objects),
      classes(class_objects),
      namespaces(namespace_objects),
      nodes(node_objects),
      pods(pod_objects),
      revisions(revision_objects),
      routers(router_objects) {
  children.push_back({kube::kDeployments, &router_objects});
  for (const kube::Resource& resource : {kube::kServices, kube::kServiceAccounts,
                                         kube::kRoleBindings, kube::kPodDisruptionBudgets}) {
    children.push_back({resource, &WatchChild(manager, resource)});
  }
}

}  // namespace disagg::reconcile
