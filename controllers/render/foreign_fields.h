#pragma once

// Fields that others added to our children and that an apply cannot take away. Pure.

#include <nlohmann/json.hpp>

#include "operator/kube/resource.h"

namespace disagg::render {

// A JSON merge patch that removes what keeps requests from reaching a worker; empty: nothing does.
// Everything else that is beside `desired` is theirs and stays.
//
//   Service    keys of spec.selector; spec.internalTrafficPolicy Local (a node without an endpoint
//              drops requests); spec.publishNotReadyAddresses true (requests to what cannot answer)
//
// Example: a Service with the selector {"app": "x"} of which {"app": "x", "color": "blue"} is
// stored
// -> {"spec": {"selector": {"color": null}}}
nlohmann::json ForeignFields(const kube::Resource& resource, const nlohmann::json& desired,
                             const nlohmann::json& observed);

}  // namespace disagg::render
