#pragma once

// The requests of a reflector, and what answers a list. Pure.

#include <chrono>
#include <string>

#include "operator/runtime/reflector.h"
#include "operator/transport/transport.h"

namespace runtime {

// One page. Without resourceVersion: at least as new as the newest write that etcd has
// acknowledged.
transport::Request MakeList(const WatchSpec& spec, const ReflectorOptions& options,
                            const ReflectorAction& page);

// The body of the answer to a list, or the error that it stands for: kNotServed when an API server
// says that it has no such resource. A 404 of anybody else (a proxy) says nothing about objects.
base::Result<std::string> ReadList(base::Result<transport::Response> answer);

transport::Request MakeWatch(const WatchSpec& spec, const ReflectorOptions& options,
                             const std::string& resource_version, std::chrono::seconds duration);

}  // namespace runtime
