#include "controllers/reconcile/leftovers.h"

#include <algorithm>
#include <cctype>

#include "controllers/planning/pod_identity.h"
#include "controllers/reconcile/child_kinds.h"
#include "controllers/reconcile/live_object.h"
#include "controllers/render/names.h"
#include "controllers/render/objects.h"

namespace disagg::reconcile {
namespace {

// Our prefix with a hash behind it; see base::ShortHash.
bool IsRevisionName(const std::string& name, const std::string& deployment) {
  const std::string prefix = render::RevisionName(deployment, "");
  return name.size() == prefix.size() + 8 && name.starts_with(prefix) &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0; });
}

bool IsBudgetName(const std::string& name, const std::string& deployment) {
  return name.starts_with(deployment + "-") &&
         api::ParseRoleName(name.substr(deployment.size() + 1)).has_value();
}

// Whether a deployment would ever use the name. The label is everybody's to put on things of their
// own; what has another name is in nobody's way.
bool IsChildName(const kube::Resource& resource, const std::string& name,
                 const std::string& deployment) {
  if (resource == kube::kPods) return planning::ParsePodName(name, deployment).has_value();
  if (resource == kube::kControllerRevisions) return IsRevisionName(name, deployment);
  if (resource == kube::kPodDisruptionBudgets) return IsBudgetName(name, deployment);
  if (resource == kube::kServices) {
    return name == deployment || name == render::WorkersServiceName(deployment) ||
           name == render::PeersServiceName(deployment);
  }
  return name == render::WorkerAccount(deployment, "");
}

}  // namespace

// Of a deleted deployment of the same name (the garbage collector is on its way), or of nobody: so
// leaves them a deletion with --cascade=orphan.
bool IsLeftover(const kube::Resource& resource, const kube::ObjectMeta& child,
                const kube::ObjectMeta& owner) {
  if (child.controller_uid.empty()) return IsChildName(resource, child.name, owner.name);
  return IsOfDeployment(child) && child.controller_name == owner.name &&
         child.controller_uid != owner.uid;
}

std::vector<planning::Leftover> FindLeftovers(SnapshotSource& source,
                                              const kube::ObjectMeta& owner) {
  std::vector<planning::Leftover> leftovers;
  for (const kube::Resource& kind : ChildKinds()) {
    for (const auto& child : source.Labelled(kind, owner)) {
      const kube::ObjectMeta& meta = child->meta;
      if (!IsLeftover(kind, meta, owner)) continue;
      leftovers.push_back({kind, meta.name, meta.uid, meta.controller_uid, meta.deleting()});
    }
  }
  return leftovers;
}

}  // namespace disagg::reconcile
