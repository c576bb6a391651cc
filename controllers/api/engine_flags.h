#pragma once

// The tables behind engine_args.h: what is known of each program's command line. Pure data.

#include <span>
#include <string_view>

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

extern const FlagTable kVllmFlags;
extern const FlagTable kMockerFlags;
extern const FlagTable kRouterFlags;

inline const FlagTable& EngineFlags(EngineType engine) {
  return engine == EngineType::kMocker ? kMockerFlags : kVllmFlags;
}

}  // namespace disagg::api
