#pragma once

// Labels and owner references that all children have in common. Pure.

#include <string>

#include <nlohmann/json.hpp>

#include "controllers/api/types.h"

namespace disagg::render {

// app.kubernetes.io/part-of; also the name of objects that are no program.
inline constexpr char kAppName[] = "disagg-serving";

// Free text as a label value: characters that are not allowed become "-", both ends are letters or
// digits, and what is longer than 63 characters keeps a hash of the whole at its end. The text
// itself belongs into an annotation.
std::string LabelValue(const std::string& text);

// app.kubernetes.io/* and disagg.dev/deployment. `name` is the program, `component` its part.
nlohmann::json CommonLabels(const std::string& deployment, const std::string& name,
                            const std::string& component);

// One controller reference to the deployment, blocking its deletion in the foreground.
nlohmann::json OwnerReferences(const api::DisaggDeployment& deployment);

// {"name", "namespace", "labels", "ownerReferences"}
nlohmann::json ChildMetadata(const api::DisaggDeployment& deployment, const std::string& name,
                             const std::string& component);

}  // namespace disagg::render
