#pragma once

// Every cache that the domain reads, registered with the manager. Views only; the manager owns the
// stores.

#include <memory>
#include <string>
#include <vector>

#include "controllers/api/types.h"
#include "controllers/reconcile/revision_object.h"
#include "operator/kube/object.h"
#include "operator/runtime/manager.h"
#include "operator/runtime/store.h"

namespace disagg::reconcile {

// Index of children by "<namespace>/<deployment>" of the label disagg.dev/deployment.
inline constexpr char kByDeployment[] = "deployment";
// Index of pods by node name.
inline constexpr char kByNode[] = "node";

struct Caches {
  explicit Caches(runtime::Manager& manager);

  runtime::ObjectStore& deployment_objects;
  runtime::ObjectStore& model_objects;
  runtime::ObjectStore& class_objects;
  runtime::ObjectStore& namespace_objects;
  runtime::ObjectStore& node_objects;
  runtime::ObjectStore& pod_objects;
  runtime::ObjectStore& revision_objects;

  struct Cache {
    kube::Resource resource;
    runtime::ObjectStore* objects;
  };
  std::vector<Cache> children;  // of ChildKinds
  std::vector<Cache> all;

  // `kind` is one of ChildKinds.
  const runtime::ObjectStore& ChildrenOf(const kube::Resource& kind) const;
  // Whether the cache of a kind of child holds an object. Watches select by a label that anybody
  // can take off, so what no cache shows may exist (lost_children.h).
  bool Shows(const kube::Resource& resource, const std::string& uid) const;

  runtime::Store<api::DisaggDeployment> deployments;
  runtime::Store<api::ServingModel> models;
  runtime::Store<api::AcceleratorClass> classes;
  runtime::Store<kube::MetadataObject> namespaces;
  runtime::Store<kube::Node> nodes;
  runtime::Store<kube::Pod> pods;
  runtime::Store<RevisionObject> revisions;
};

}  // namespace disagg::reconcile
