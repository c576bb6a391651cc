#include "operator/cmd/kubectl-disagg/snapshot_reader.h"

#include <utility>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/reconcile/revision_object.h"
#include "controllers/render/objects.h"

namespace kubectl_disagg {
namespace {

namespace api = disagg::api;
namespace planning = disagg::planning;
namespace reconcile = disagg::reconcile;
namespace render = disagg::render;

kube::KeepKeys OwnKeys() { return {.prefixes = {std::string(api::kGroup) + "/"}}; }

// Children carry the name of their deployment; whose they are says their owner.
Query ChildrenOf(const planning::Snapshot& snapshot) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  return {meta.namespace_name, std::string(api::kLabelDeployment) + "=" + meta.name};
}

bool IsOurs(const kube::Object& object, const planning::Snapshot& snapshot) {
  return object.meta.controller_uid == snapshot.deployment->meta.uid;
}

}  // namespace

base::Result<planning::Snapshot> SnapshotReader::Read(
    std::shared_ptr<const api::DisaggDeployment> deployment, std::int64_t now) {
  planning::Snapshot snapshot;
  snapshot.deployment = std::move(deployment);
  snapshot.now = now;
  using Part = base::Status (SnapshotReader::*)(planning::Snapshot&);
  for (const Part part : {&SnapshotReader::ReadCatalogue, &SnapshotReader::ReadPods,
                          &SnapshotReader::ReadRevisions, &SnapshotReader::ReadNodes}) {
    if (const auto read = (this->*part)(snapshot); !read) return read.error();
  }
  return snapshot;
}

base::Status SnapshotReader::ReadPayloads(const planning::Plan& plan,
                                          planning::Snapshot& snapshot) {
  const kube::ObjectMeta& meta = snapshot.deployment->meta;
  for (const std::string& name : plan.needs_payloads) {
    const kube::ObjectKey key{meta.namespace_name, render::RevisionName(meta.name, name)};
    const auto object = cluster_.Get(kube::kControllerRevisions, key, kube::RawDecoder({}));
    if (!object) return object.error();
    const auto& raw = static_cast<const kube::RawObject&>(**object);
    auto revision = render::RevisionOf(raw.json.Unpack());
    if (!revision) {
      return base::MakeError(
          base::ErrorCode::kInvalid, "DamagedRevision",
          "ControllerRevision " + key.ToString() + " does not hold what the operator wrote");
    }
    snapshot.payloads[name] = std::make_shared<const render::Revision>(std::move(*revision));
  }
  return {};
}

base::Status SnapshotReader::ReadCatalogue(planning::Snapshot& snapshot) {
  auto models =
      cluster_.ListOf<api::ServingModel>(api::kServingModels, {}, api::ServingModelDecoder());
  if (!models) return models.error();
  auto classes = cluster_.ListOf<api::AcceleratorClass>(api::kAcceleratorClasses, {},
                                                        api::AcceleratorClassDecoder());
  if (!classes) return classes.error();
  auto owner = cluster_.Get(kube::kNamespaces, {"", snapshot.deployment->meta.namespace_name},
                            kube::MetadataDecoder({}));
  if (!owner) return owner.error();
  snapshot.catalogue.models = std::move(*models);
  snapshot.catalogue.classes = std::move(*classes);
  snapshot.namespace_labels = (*owner)->meta.labels.ToMap();
  return {};
}

base::Status SnapshotReader::ReadPods(planning::Snapshot& snapshot) {
  auto pods =
      cluster_.ListOf<kube::Pod>(kube::kPods, ChildrenOf(snapshot), kube::PodDecoder(OwnKeys()));
  if (!pods) return pods.error();
  for (auto& pod : *pods) {
    if (IsOurs(*pod, snapshot)) snapshot.pods.push_back(std::move(pod));
  }
  return {};
}

base::Status SnapshotReader::ReadRevisions(planning::Snapshot& snapshot) {
  const auto revisions = cluster_.ListOf<reconcile::RevisionObject>(
      kube::kControllerRevisions, ChildrenOf(snapshot), reconcile::RevisionDecoder(OwnKeys()));
  if (!revisions) return revisions.error();
  for (const auto& revision : *revisions) {
    if (IsOurs(*revision, snapshot)) reconcile::AddRevision(*revision, snapshot);
  }
  return {};
}

base::Status SnapshotReader::ReadNodes(planning::Snapshot& snapshot) {
  const auto nodes = cluster_.ListOf<kube::Node>(kube::kNodes, {}, kube::NodeDecoder());
  if (!nodes && nodes.error().code != base::ErrorCode::kForbidden) return nodes.error();
  if (!nodes) {
    snapshot.not_live[kube::kNodes.ToString()] = nodes.error().message;
    return {};
  }
  for (const auto& node : *nodes) {
    // What pods of other deployments hold is not known: a node may look free that is not.
    planning::NodeCapacity capacity{node, {}};
    for (const auto& pod : snapshot.pods) {
      if (pod->node_name != node->meta.name) continue;
      snapshot.nodes[pod->node_name] = node;
      for (const auto& [device, count] : pod->extended_resources) capacity.used[device] += count;
    }
    if (!node->ready) snapshot.not_ready_seen[node->meta.name] = node->ready_changed_at;
    snapshot.capacity.push_back(std::move(capacity));
  }
  return {};
}

}  // namespace kubectl_disagg
