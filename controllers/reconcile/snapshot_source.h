#pragma once

// Where a Snapshot is read from: the operator's caches, or an API server at this moment. Reads do
// not fail here: what cannot be read is missing, and NotLive says of what kind and why.
//
// One thread at a time.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"

namespace disagg::reconcile {

class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;

  virtual api::Catalogue Catalogue() = 0;
  virtual std::map<std::string, std::string> NamespaceLabels(const std::string& name) = 0;

  // Objects of one of ChildKinds, as ChildDecoder makes them.
  virtual std::vector<kube::ObjectPtr> Controlled(const kube::Resource& kind,
                                                  const kube::ObjectMeta& owner) = 0;
  // Those that carry the owner's name in our label, whoever controls them.
  virtual std::vector<kube::ObjectPtr> Labelled(const kube::Resource& kind,
                                                const kube::ObjectMeta& owner) = 0;

  virtual std::shared_ptr<const kube::Node> Node(const std::string& name) = 0;
  virtual std::vector<std::shared_ptr<const kube::Node>> Nodes() = 0;
  // Pods of any deployment, in any phase.
  virtual std::vector<std::shared_ptr<const kube::Pod>> PodsOn(const std::string& node) = 0;
  // As Snapshot::not_ready_seen.
  virtual std::optional<std::int64_t> NotReadySince(const std::string& node) = 0;

  // As Snapshot::not_live. Asked last.
  virtual std::map<std::string, std::string> NotLive() = 0;
};

}  // namespace disagg::reconcile
