#pragma once

// A ControllerRevision in the cache: what its metadata tells. The templates of the roles are many
// times larger and rarely needed; they are read live (revision_payloads.h).

#include <optional>

#include "controllers/planning/snapshot.h"
#include "operator/kube/decode.h"
#include "operator/kube/object.h"

namespace disagg::reconcile {

struct RevisionObject : kube::Object {
  planning::StoredRevision stored;  // with `damage` only its UID
  std::optional<planning::DamagedRevision> damage;
};

// `keep`: which labels and annotations are looked at.
kube::Decoder RevisionDecoder(kube::KeepKeys keep);

// Into the one list or the other; an object whose name no revision of its owner has into neither.
void AddRevision(const RevisionObject& revision, planning::Snapshot& snapshot);

}  // namespace disagg::reconcile
