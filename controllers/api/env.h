#pragma once

// Environment variables in layers, and the references that Kubernetes expands in them. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/types.h"

namespace disagg::api {

// Names that a variable's value refers to as $(NAME), in order; "$$(NAME)" is no reference.
std::vector<std::string> ReferencesIn(std::string_view value);

// Later wins. Order of first appearance is kept.
std::vector<EnvVar> MergeEnv(const std::vector<std::vector<EnvVar>>& layers);

// The order that a container needs: a variable whose value refers to one further down comes behind
// it, because Kubernetes expands only what is defined before. For templates only: inputs of
// revisions keep the order of the spec, as every release has hashed it.
std::vector<EnvVar> InOrderOfReferences(std::vector<EnvVar> variables);

// A word of a command line in the form that Kubernetes expands to exactly `word`: "$(x)" becomes
// "$$(x)".
std::string EscapeReferences(std::string_view word);

}  // namespace disagg::api
