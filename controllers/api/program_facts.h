#pragma once

// What validation and display know of each engine and router, as data: names, command lines,
// variables that are not a user's to set. An engine is one folder of controllers/engines, a router
// one of controllers/routers; no other file names one. All of it lives as long as the process.

#include <span>
#include <string_view>

#include "controllers/api/reserved_env.h"
#include "controllers/api/types.h"

namespace disagg::api {

// In place of a field's path, for flags that only the operator can know: ports, addresses, the
// roles of processes.
inline constexpr std::string_view kTheOperator = "the operator";

struct Spelling {
  std::string_view written, flag;
};

struct TypedFlag {
  std::string_view flag, field;
};

struct FlagTable {
  std::span<const Spelling> spellings;
  std::span<const TypedFlag> typed;
  // Without the "no-" of their negations.
  std::span<const std::string_view> local;
  // Others that are known, to recognise a misspelt one; never complete, and nothing else is judged
  // by it.
  std::span<const std::string_view> shared;
};

struct EngineFacts {
  EngineType type;
  std::string_view name;     // spec.engine.type
  std::string_view startup;  // what its pods do before they are ready: "loading weights"
  FlagTable flags;
  std::span<const ReservedVariable> reserved;
  // Those that only a replica over several nodes may not have.
  std::span<const ReservedVariable> reserved_over_nodes;
};

struct RouterFacts {
  RouterType type;
  std::string_view name;  // spec.router.type and spec.engine.runtime
  FlagTable flags;
  std::string_view mode_flag;  // how it chooses a worker
  std::span<const ReservedVariable>
      reserved;  // in workers as well: the two find each other by them
};

// In the order of their enumerators.
std::span<const EngineFacts* const> Engines();
std::span<const RouterFacts* const> Routers();

const EngineFacts& FactsOf(EngineType type);
const RouterFacts& FactsOf(RouterType type);

}  // namespace disagg::api
