#pragma once

// A planned write as the request that carries it out. Pure.

#include "controllers/planning/plan.h"
#include "operator/kube/object.h"
#include "operator/runtime/api_client.h"

namespace disagg::reconcile {

// Of a plan for `owner`, whose requests share one flow. Deletes, merge patches and applies of what
// is cached carry its UID: they can neither touch nor take over another object of this name.
runtime::WriteRequest ToRequest(const planning::Write& write, const kube::ObjectMeta& owner);

}  // namespace disagg::reconcile
