#pragma once

// Where a transport connects to.

#include <string>

#include "operator/kube/cluster_config.h"

namespace transport {

struct Endpoint {
  std::string host;  // a name or an address, IPv6 without brackets
  std::string port;
  bool tls = true;

  // "[::1]:6443": for messages.
  std::string ToString() const { return BracketedHost() + ":" + port; }

  // The value of the header Host, where the default port is left out.
  std::string HostHeader() const {
    return port == (tls ? "443" : "80") ? BracketedHost() : ToString();
  }

 private:
  std::string BracketedHost() const {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
  }
};

inline Endpoint EndpointOf(const kube::ClusterConfig& config) {
  return {config.host, config.port, config.scheme == "https"};
}

}  // namespace transport
