#pragma once

// The requests of a reflector. Pure.

#include <chrono>
#include <string>

#include "operator/runtime/reflector.h"
#include "operator/transport/transport.h"

namespace runtime {

// One page. Without resourceVersion: at least as new as the newest write that etcd has
// acknowledged.
transport::Request MakeList(const WatchSpec& spec, const ReflectorOptions& options,
                            const ReflectorAction& page);

transport::Request MakeWatch(const WatchSpec& spec, const ReflectorOptions& options,
                             const std::string& resource_version, std::chrono::seconds duration);

}  // namespace runtime
