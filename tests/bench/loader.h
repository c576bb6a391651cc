#pragma once

// The floor: a client that only sends requests, `concurrency` at a time, as fast as the API server
// answers.

#include <vector>

#include "operator/transport/transport.h"

namespace disagg::bench {

struct LoadResult {
  double seconds = 0;
  int failed = 0;
  std::string first_failure;
};

LoadResult SendAll(transport::Transport& transport, std::vector<transport::Request> requests,
                   int concurrency);

}  // namespace disagg::bench
