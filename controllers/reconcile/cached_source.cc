#include "controllers/reconcile/cached_source.h"

#include <algorithm>

namespace disagg::reconcile {
namespace {

// A watch may have shown again what was looked at a moment ago.
bool IsThere(const std::vector<kube::ObjectPtr>& objects, const std::string& uid) {
  return std::any_of(objects.begin(), objects.end(),
                     [&](const auto& object) { return object->meta.uid == uid; });
}

}  // namespace

api::Catalogue CachedSource::Catalogue() { return {caches_.models.All(), caches_.classes.All()}; }

std::map<std::string, std::string> CachedSource::NamespaceLabels(const std::string& name) {
  const auto object = caches_.namespaces.Get({"", name});
  if (object == nullptr) return {};
  return object->meta.labels.ToMap();
}

std::vector<kube::ObjectPtr> CachedSource::Controlled(const kube::Resource& kind,
                                                      const kube::ObjectMeta& owner) {
  auto objects = caches_.ChildrenOf(kind).ObjectsByIndex(runtime::kByController, owner.uid);
  for (const LostChildren::Child& child : lost_) {
    if (!(child.resource == kind) || IsThere(objects, child.object->meta.uid)) continue;
    objects.push_back(child.object);
  }
  return objects;
}

std::vector<kube::ObjectPtr> CachedSource::Labelled(const kube::Resource& kind,
                                                    const kube::ObjectMeta& owner) {
  return caches_.ChildrenOf(kind).ObjectsByIndex(kByDeployment, owner.key().ToString());
}

std::shared_ptr<const kube::Node> CachedSource::Node(const std::string& name) {
  return caches_.nodes.Get({"", name});
}

std::vector<std::shared_ptr<const kube::Node>> CachedSource::Nodes() { return caches_.nodes.All(); }

std::vector<std::shared_ptr<const kube::Pod>> CachedSource::PodsOn(const std::string& node) {
  return caches_.pods.ByIndex(kByNode, node);
}

std::optional<std::int64_t> CachedSource::NotReadySince(const std::string& node) {
  return readiness_.NotReadySince(node);
}

std::map<std::string, std::string> CachedSource::NotLive() {
  std::map<std::string, std::string> troubles;
  for (const Caches::Cache& cache : caches_.all) {
    if (!cache.objects->live()) troubles[cache.resource.ToString()] = cache.objects->trouble();
  }
  return troubles;
}

}  // namespace disagg::reconcile
