#pragma once

// Environment variables that the operator sets in worker and router pods, or that would undo what
// it promises. A spec that names one is refused: of two values one would win silently. Rendering
// uses these names; validation refuses them.

#include <span>
#include <string_view>

namespace disagg::api {

struct ReservedVariable {
  std::string_view name;
  std::string_view why;  // a clause: "workers and router find each other by it"
};

// Of every engine and router, by name: a spec that is tried with one engine and has to change for
// another would be no trial.
std::span<const ReservedVariable> ReservedEnv();

// Empty when a spec may set the variable.
std::string_view WhyReserved(std::string_view name);

// Those that only a replica over several nodes may not have.
std::span<const ReservedVariable> ReservedOverNodes();
std::string_view WhyReservedOverNodes(std::string_view name);

}  // namespace disagg::api
