#include "operator/transport/beast_transport.h"
#include "tests/integration/conformance/backend.h"

namespace transport {

const BackendTraits& Traits() {
  static constexpr BackendTraits kTraits{"beast", true, true, true, true};
  return kTraits;
}

base::Result<std::unique_ptr<Transport>> MakeBackend(const kube::ClusterConfig& config,
                                                     const BackendOptions& options) {
  BeastOptions beast;
  beast.max_connections = options.max_connections;
  beast.max_queued_requests = options.max_queued_requests;
  beast.connect_timeout = options.connect_timeout;
  beast.keep_alive = options.keep_alive;
  return MakeBeastTransport(config, beast);
}

}  // namespace transport
