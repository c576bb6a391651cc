#pragma once

// The main job from the first apply to the last trace, done by somebody who knows nothing of the
// scene that it runs in.

#include <chrono>
#include <string>

#include <nlohmann/json.hpp>

namespace disagg::testing {

// Creates a deployment, scales it, changes it, loses a pod, suspends, resumes and deletes it. Every
// step must be done within `step` and leave exactly the pods that it asks for. `spec` as in
// Deployment.
void RunMainJob(const std::string& name, std::chrono::seconds step = std::chrono::seconds(60),
                const nlohmann::json& spec = nlohmann::json::object());

}  // namespace disagg::testing
