#pragma once

// A small plain-HTTP listener for metrics and health probes, which kubelet and Prometheus ask
// inside the pod network. GET only, one response per request, bounded: header 8 KiB, 64
// connections, 10 s per request, a quarter of a second while all places are taken.

#include <functional>
#include <memory>
#include <string>

#include "operator/base/result.h"

namespace transport {

struct PlainResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Called from the listener's thread with the path without its query.
using PlainHandler = std::function<PlainResponse(const std::string& path)>;

class HttpListener {
 public:
  virtual ~HttpListener() = default;  // stops listening and joins
  virtual int port() const = 0;       // the real one when 0 was asked for
};

// `address` is HOST:PORT; an empty host means all interfaces.
base::Result<std::unique_ptr<HttpListener>> Listen(const std::string& address,
                                                   PlainHandler handler);

}  // namespace transport
