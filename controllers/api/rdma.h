#pragma once

// Which pods ask for RDMA devices. Pure.

#include "controllers/api/types.h"

namespace disagg::api {

// KV blocks travel by RDMA where the spec says so; what the nodes of one replica exchange always
// does, where its class has devices.
inline bool UsesRdma(const DeploymentSpec& spec, const Parallelism& widths,
                     const AcceleratorClass& type) {
  return type.rdma && (spec.uses_rdma() || widths.nodes(type.gpus_per_node) > 1);
}

}  // namespace disagg::api
