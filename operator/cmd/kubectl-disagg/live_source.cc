#include "operator/cmd/kubectl-disagg/live_source.h"

#include <algorithm>
#include <utility>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"
#include "controllers/reconcile/child_kinds.h"

namespace kubectl_disagg {
namespace {

namespace api = disagg::api;
namespace reconcile = disagg::reconcile;

template <typename T>
std::vector<std::shared_ptr<const T>> As(const std::vector<kube::ObjectPtr>& objects) {
  std::vector<std::shared_ptr<const T>> typed;
  typed.reserve(objects.size());
  for (const auto& object : objects) typed.push_back(std::static_pointer_cast<const T>(object));
  return typed;
}

// Nothing is decided about pods without these.
bool IsIndispensable(const kube::Resource& kind) {
  return kind == kube::kPods || kind == kube::kControllerRevisions || kind == api::kServingModels ||
         kind == api::kAcceleratorClasses || kind == kube::kNamespaces;
}

}  // namespace

base::Status LiveSource::status() const {
  if (error_) return *error_;
  return {};
}

api::Catalogue LiveSource::Catalogue() {
  return {As<api::ServingModel>(List(api::kServingModels, {}, api::ServingModelDecoder())),
          As<api::AcceleratorClass>(
              List(api::kAcceleratorClasses, {}, api::AcceleratorClassDecoder()))};
}

std::map<std::string, std::string> LiveSource::NamespaceLabels(const std::string& name) {
  const auto object = cluster_.Get(kube::kNamespaces, {"", name}, kube::MetadataDecoder({}));
  if (object) return (*object)->meta.labels.ToMap();
  Note(kube::kNamespaces, object.error());
  return {};
}

std::vector<kube::ObjectPtr> LiveSource::Controlled(const kube::Resource& kind,
                                                    const kube::ObjectMeta& owner) {
  std::vector<kube::ObjectPtr> ours = Labelled(kind, owner);
  std::erase_if(ours, [&](const auto& child) { return child->meta.controller_uid != owner.uid; });
  return ours;
}

std::vector<kube::ObjectPtr> LiveSource::Labelled(const kube::Resource& kind,
                                                  const kube::ObjectMeta& owner) {
  namespace_name_ = owner.namespace_name;
  const auto [known, is_new] = labelled_.try_emplace(kind.ToString());
  if (is_new) {
    const Query query{owner.namespace_name, std::string(api::kLabelDeployment) + "=" + owner.name};
    known->second = List(kind, query, reconcile::ChildDecoder(kind));
  }
  return known->second;
}

std::shared_ptr<const kube::Node> LiveSource::Node(const std::string& name) {
  for (auto& node : Nodes()) {
    if (node->meta.name == name) return node;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const kube::Node>> LiveSource::Nodes() {
  if (!nodes_) nodes_ = As<kube::Node>(List(kube::kNodes, {}, kube::NodeDecoder()));
  return *nodes_;
}

std::vector<std::shared_ptr<const kube::Pod>> LiveSource::PodsOn(const std::string& node) {
  if (!pods_by_node_) pods_by_node_ = ReadPodsByNode();
  const auto pods = pods_by_node_->find(node);
  return pods == pods_by_node_->end() ? Pods() : pods->second;
}

std::optional<std::int64_t> LiveSource::NotReadySince(const std::string& node) {
  const auto found = Node(node);
  if (found == nullptr || found->ready) return std::nullopt;
  return found->ready_changed_at;
}

std::map<std::string, LiveSource::Pods> LiveSource::ReadPodsByNode() {
  const kube::Decoder decoder = reconcile::ChildDecoder(kube::kPods);
  const std::string every(api::kLabelDeployment);
  auto pods = cluster_.ListOf<kube::Pod>(kube::kPods, {"", every}, decoder);
  if (!pods && pods.error().code == base::ErrorCode::kForbidden) {
    pods = cluster_.ListOf<kube::Pod>(kube::kPods, {namespace_name_, every}, decoder);
  }
  if (!pods) {
    Note(kube::kPods, pods.error());
    return {};
  }
  std::map<std::string, Pods> by_node;
  for (auto& pod : *pods) by_node[pod->node_name].push_back(pod);
  return by_node;
}

std::vector<kube::ObjectPtr> LiveSource::List(const kube::Resource& kind, const Query& query,
                                              const kube::Decoder& decoder) {
  auto objects = cluster_.List(kind, query, decoder);
  if (objects) return std::move(*objects);
  Note(kind, objects.error());
  return {};
}

void LiveSource::Note(const kube::Resource& kind, const base::Error& error) {
  if (error.code == base::ErrorCode::kForbidden && !IsIndispensable(kind)) {
    not_live_[kind.ToString()] = error.message;
  } else if (!error_) {
    error_ = error;
  }
}

}  // namespace kubectl_disagg
