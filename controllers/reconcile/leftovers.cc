#include "controllers/reconcile/leftovers.h"

namespace disagg::reconcile {
namespace {

// Of a deleted deployment of the same name (the garbage collector is on its way), or of nobody: so
// leaves them a deletion with --cascade=orphan. Pods of a router belong to its ReplicaSet.
bool IsLeftover(const kube::ObjectMeta& child, const kube::ObjectMeta& owner) {
  if (child.controller_uid.empty()) return true;
  return child.controller_kind == api::kDisaggDeployments.kind &&
         child.controller_name == owner.name && child.controller_uid != owner.uid;
}

}  // namespace

std::vector<planning::Leftover> FindLeftovers(const Caches& caches, const kube::ObjectMeta& owner) {
  std::vector<planning::Leftover> leftovers;
  for (const Caches::Cache& cache : caches.children) {
    for (const auto& child : cache.objects->ObjectsByIndex(kByDeployment, owner.key().ToString())) {
      const kube::ObjectMeta& meta = child->meta;
      if (!IsLeftover(meta, owner)) continue;
      leftovers.push_back(
          {cache.resource, meta.name, meta.uid, meta.deleting(), meta.controller_uid.empty()});
    }
  }
  return leftovers;
}

}  // namespace disagg::reconcile
