#include "controllers/reconcile/child_kinds.h"

#include <string>

#include "controllers/api/labels.h"
#include "controllers/reconcile/revision_object.h"

namespace disagg::reconcile {

const std::vector<kube::Resource>& ChildKinds() {
  static const std::vector<kube::Resource> kKinds = {
      kube::kPods,         kube::kControllerRevisions, kube::kServices, kube::kServiceAccounts,
      kube::kRoleBindings, kube::kPodDisruptionBudgets};
  return kKinds;
}

kube::Decoder ChildDecoder(const kube::Resource& resource) {
  const kube::KeepKeys ours{.prefixes = {std::string(api::kGroup) + "/"}};
  if (resource == kube::kPods) return kube::PodDecoder(ours);
  if (resource == kube::kControllerRevisions) return RevisionDecoder(ours);
  return kube::RawDecoder(ours);
}

}  // namespace disagg::reconcile
