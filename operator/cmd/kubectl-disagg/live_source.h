#pragma once

// The API server at this moment as the source of a Snapshot, so that the operator's own planner
// says what the operator would do. Reads when it is asked, each thing once.
//
// What only the memory of the operator holds is not in it: pods that left no trace, requests that
// failed before. Since when a node is NotReady is taken from the Node.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controllers/reconcile/snapshot_source.h"
#include "operator/cmd/kubectl-disagg/cluster_reader.h"

namespace kubectl_disagg {

class LiveSource : public disagg::reconcile::SnapshotSource {
 public:
  // The reader outlives this.
  explicit LiveSource(ClusterReader& cluster) : cluster_(cluster) {}

  disagg::api::Catalogue Catalogue() override;
  std::map<std::string, std::string> NamespaceLabels(const std::string& name) override;
  std::vector<kube::ObjectPtr> Controlled(const kube::Resource& kind,
                                          const kube::ObjectMeta& owner) override;
  std::vector<kube::ObjectPtr> Labelled(const kube::Resource& kind,
                                        const kube::ObjectMeta& owner) override;
  std::shared_ptr<const kube::Node> Node(const std::string& name) override;
  std::vector<std::shared_ptr<const kube::Node>> Nodes() override;
  // A user who may list pods in one namespace sees only those, so that a node may look free that
  // is not.
  std::vector<std::shared_ptr<const kube::Pod>> PodsOn(const std::string& node) override;
  std::optional<std::int64_t> NotReadySince(const std::string& node) override;
  std::map<std::string, std::string> NotLive() override { return not_live_; }

  // The first read that failed: what was resolved is not to be used. Nodes and what a plan about
  // pods can do without may be forbidden: those are not live.
  base::Status status() const;

 private:
  using Pods = std::vector<std::shared_ptr<const kube::Pod>>;

  std::vector<kube::ObjectPtr> List(const kube::Resource& kind, const Query& query,
                                    const kube::Decoder& decoder);
  void Note(const kube::Resource& kind, const base::Error& error);
  std::map<std::string, Pods> ReadPodsByNode();

  ClusterReader& cluster_;
  std::string namespace_name_;                                    // of the owner that was asked for
  std::map<std::string, std::vector<kube::ObjectPtr>> labelled_;  // by kind
  std::optional<std::vector<std::shared_ptr<const kube::Node>>> nodes_;
  std::optional<std::map<std::string, Pods>> pods_by_node_;
  std::map<std::string, std::string> not_live_;
  std::optional<base::Error> error_;
};

}  // namespace kubectl_disagg
