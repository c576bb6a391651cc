#pragma once

// YAML manifests as JSON values and back, for tests only.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace golden {

// Every document of a manifest, empty ones left out. Scalars are typed as Kubernetes types them.
std::vector<nlohmann::json> ParseYaml(const std::string& text);

// Block style, keys in byte order, strings quoted only where they have to be.
std::string ToYaml(const nlohmann::json& value);

}  // namespace golden
