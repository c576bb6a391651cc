#pragma once

// The kinds of objects that belong to a DisaggDeployment, and what is kept of each. Pure.

#include <vector>

#include "operator/kube/decode.h"
#include "operator/kube/resource.h"

namespace disagg::reconcile {

// Pods and revisions first.
const std::vector<kube::Resource>& ChildKinds();

// What a cache of the kind holds: Pod, RevisionObject, else RawObject. Of labels and annotations
// only ours are kept: nothing is decided by others.
kube::Decoder ChildDecoder(const kube::Resource& resource);

}  // namespace disagg::reconcile
