#include <utility>

#include "operator/runtime/manager.h"
#include "operator/transport/beast_transport.h"

namespace runtime {
namespace {

// Connections that writes, however long they take, leave to lists, looks and events.
constexpr std::size_t kMostReads = 32;

}  // namespace

base::Result<std::unique_ptr<Manager>> Manager::Create(const kube::ClusterConfig& config,
                                                       const base::Clock& clock,
                                                       ManagerOptions options) {
  if (options.lease_namespace.empty()) {
    // Not the namespace of a kubeconfig's context: two people with different contexts would both
    // lead.
    options.lease_namespace = config.source == "in-cluster" ? config.default_namespace : "default";
  }
  transport::BeastOptions many;
  many.max_connections = static_cast<std::size_t>(options.max_in_flight_writes) + kMostReads;
  auto transport = transport::MakeBeastTransport(config, many);
  if (!transport) return transport.error();
  transport::BeastOptions one;
  one.max_connections = 1;
  auto lease_transport = transport::MakeBeastTransport(config, one);
  if (!lease_transport) return lease_transport.error();
  return Assemble({std::move(*transport), std::move(*lease_transport),
                   config.host + ":" + config.port, transport::Listen},
                  clock, std::move(options));
}

}  // namespace runtime
