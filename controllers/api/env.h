#pragma once

// Environment variables in layers, and the references that Kubernetes expands in them. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/types.h"

namespace disagg::api {

// Names that a variable's value refers to as $(NAME), in order; "$$(NAME)" is no reference.
std::vector<std::string> ReferencesIn(std::string_view value);

// Later wins. Order of first appearance is kept, but for a variable whose value refers to one
// further down: that one comes first, because Kubernetes expands only what is defined before.
std::vector<EnvVar> MergeEnv(const std::vector<std::vector<EnvVar>>& layers);

// A word of a command line in the form that Kubernetes expands to exactly `word`: "$(x)" becomes
// "$$(x)".
std::string EscapeReferences(std::string_view word);

}  // namespace disagg::api
