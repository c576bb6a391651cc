#pragma once

// What a command knows of its surroundings, and what it may end with.

#include <cstdint>
#include <ostream>

#include "controllers/status_view/grid.h"
#include "operator/base/result.h"

namespace kubectl_disagg {

struct Session {
  std::ostream& out;
  std::ostream& err;
  disagg::status_view::Style style;
  std::int64_t now = 0;  // Unix seconds
};

enum ExitCode {
  kOk = 0,
  kNegative = 1,   // not found, or not valid
  kUsage = 2,      // flags, arguments, files that cannot be read
  kNoCluster = 3,  // no answer from the cluster, or none that may be seen
};

// One line on stderr, and the code to end with.
ExitCode Fail(Session& session, const base::Error& error);

}  // namespace kubectl_disagg
