#pragma once

#include "operator/transport/transport.h"

namespace disagg::bench {

struct BenchOptions {
  int deployments = 100;
  int prefill = 4, decode = 2;  // workers of one GPU per deployment
  int concurrency = 16;         // of the loader, and the operator's writes in flight

  int workers() const { return deployments * (prefill + decode); }
  int pods() const { return workers() + deployments; }  // with a router each
};

// Makes the fleet, then POSTs the same objects without an operator; reports both and their ratio.
void BenchCreate(transport::Transport& transport, const BenchOptions& options);

// Restarts the operator over an existing fleet; reports time to sync and to the first full pass,
// memory, and writes.
void BenchRestart(transport::Transport& transport, const BenchOptions& options);

}  // namespace disagg::bench
