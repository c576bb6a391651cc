#pragma once

// Requests as HTTP/1.1 text. Pure.

#include <string>

#include "operator/base/result.h"
#include "operator/transport/transport.h"

namespace transport {

// The method, target and headers of callers come from names of API objects at most; still, none of
// them may be able to end a line.
base::Status CheckRequest(const Request& request);

// `token` empty: no Authorization.
std::string SerializeRequest(const Request& request, const std::string& path_prefix,
                             const std::string& host_header, const std::string& user_agent,
                             const std::string& token);

}  // namespace transport
