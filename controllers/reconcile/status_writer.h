#pragma once

// The one way in which the operator writes on users' objects: their status, as a whole, by
// server-side apply.

#include <nlohmann/json_fwd.hpp>

#include "operator/base/result.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"
#include "operator/runtime/manager.h"

namespace disagg::reconcile {

// OK also when the object is gone.
base::Status ApplyStatus(runtime::Manager& manager, const kube::Resource& resource,
                         const kube::ObjectMeta& meta, const nlohmann::json& status);

}  // namespace disagg::reconcile
