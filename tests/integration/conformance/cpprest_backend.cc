#include "operator/transport/cpprest_transport.h"
#include "tests/integration/conformance/backend.h"

namespace transport {

const BackendTraits& Traits() {
  static constexpr BackendTraits kTraits{"cpprest", false, false, false, false};
  return kTraits;
}

base::Result<std::unique_ptr<Transport>> MakeBackend(const kube::ClusterConfig& config,
                                                     const BackendOptions&) {
  return MakeCpprestTransport(config);
}

}  // namespace transport
