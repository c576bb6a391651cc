#pragma once

// The operator's caches as the source of a Snapshot, with what stands beside them: children that no
// cache shows, and since when nodes are NotReady.

#include <vector>

#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/node_readiness.h"
#include "controllers/reconcile/snapshot_source.h"

namespace disagg::reconcile {

class CachedSource : public SnapshotSource {
 public:
  // `lost`: those of the owner that the snapshot is of. All outlive this.
  CachedSource(const Caches& caches, const NodeReadiness& readiness,
               const std::vector<LostChildren::Child>& lost)
      : caches_(caches), readiness_(readiness), lost_(lost) {}

  api::Catalogue Catalogue() override;
  std::map<std::string, std::string> NamespaceLabels(const std::string& name) override;
  std::vector<kube::ObjectPtr> Controlled(const kube::Resource& kind,
                                          const kube::ObjectMeta& owner) override;
  std::vector<kube::ObjectPtr> Labelled(const kube::Resource& kind,
                                        const kube::ObjectMeta& owner) override;
  std::shared_ptr<const kube::Node> Node(const std::string& name) override;
  std::vector<std::shared_ptr<const kube::Node>> Nodes() override;
  std::vector<std::shared_ptr<const kube::Pod>> PodsOn(const std::string& node) override;
  std::optional<std::int64_t> NotReadySince(const std::string& node) override;
  std::map<std::string, std::string> NotLive() override;

 private:
  const Caches& caches_;
  const NodeReadiness& readiness_;
  const std::vector<LostChildren::Child>& lost_;
};

}  // namespace disagg::reconcile
