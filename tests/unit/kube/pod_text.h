#pragma once

// A pod as the API server sends it, of the size that serving pods have.

#include <string>

namespace kube {

// 8 GPUs in the container "worker", an RDMA device in the sidecar "agent", an init container,
// managedFields.
std::string ServingPodJson(const std::string& name);

}  // namespace kube
