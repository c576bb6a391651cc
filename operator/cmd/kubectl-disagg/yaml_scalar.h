#pragma once

// What an unquoted word of YAML means, as kubectl reads it (YAML 1.1 in the dialect of go-yaml v2):
// `yes` is true, 0x10 is 16, 010 is 8, 1_000 is 1000; times and everything else are strings. Pure.

#include <string>

#include <nlohmann/json.hpp>

namespace kubectl_disagg {

nlohmann::json ResolvePlainScalar(const std::string& word);

}  // namespace kubectl_disagg
