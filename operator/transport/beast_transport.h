#pragma once

// The operator's transport: Boost.Beast on one I/O thread that it owns.

#include <memory>

#include "operator/base/result.h"
#include "operator/kube/cluster_config.h"
#include "operator/transport/transport.h"

namespace transport {

struct BeastOptions {
  std::size_t max_connections = 64;                  // unary; streams have their own
  std::size_t max_body_bytes = 64u << 20;            // a page of 500 large objects fits
  std::size_t max_queued_requests = 4096;            // more end at once as kTooManyRequests
  std::chrono::milliseconds connect_timeout{5'000};  // resolve, connect and TLS together
  // Idle connections are closed after this: before the API server (90 s) and common load balancers
  // (60 s) do, so that no write meets a connection that is being closed.
  std::chrono::milliseconds keep_alive{45'000};
  std::string user_agent = "disagg-operator";
};

// Fails when the configuration holds an unusable certificate or key. The destructor cancels
// everything under way (callbacks run with kCancelled) and joins the thread.
base::Result<std::unique_ptr<Transport>> MakeBeastTransport(const kube::ClusterConfig& config,
                                                            BeastOptions options);

}  // namespace transport
