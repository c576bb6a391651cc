#pragma once

// Which resource names are devices: what Kubernetes calls an extended resource. Pure.

#include <string_view>

namespace kube {

// As IsExtendedResourceName of k8s.io/kubernetes/pkg/apis/core/v1/helper: "nvidia.com/gpu" is one,
// "cpu", "hugepages-2Mi" and names under kubernetes.io are not.
inline bool IsExtendedResource(std::string_view name) {
  return name.find('/') != name.npos && name.find("kubernetes.io/") == name.npos;
}

}  // namespace kube
