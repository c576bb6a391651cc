#pragma once

// The transport under test: which one is decided by what the binary is linked with.

#include <chrono>
#include <cstddef>
#include <memory>

#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"
#include "operator/transport/transport.h"

namespace transport {

// Where a library cannot keep a promise, the suite says so here and not in its cases.
struct BackendTraits {
  const char* name;
  bool ipv6_addresses;       // https://[::1]
  bool skips_informational;  // 1xx answers
  bool bounds_heads;         // of answers
  bool fences_the_socket;    // asks Request::may_send again before each piece
};

const BackendTraits& Traits();

struct BackendOptions {
  std::size_t max_connections = 64;
  std::size_t max_queued_requests = 4096;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds keep_alive{45'000};
};

// Options that a backend does not have are ignored.
base::Result<std::unique_ptr<Transport>> MakeBackend(const kube::ClusterConfig& config,
                                                     const BackendOptions& options = {});

}  // namespace transport
