// What the router's workers need of it.

#include <string>

#include "controllers/render/pod_parts.h"
#include "controllers/routers/dynamo/dynamo_router.h"
#include "controllers/routers/dynamo/dynamo_runtime.h"

namespace disagg::render {
namespace {

using nlohmann::json;

// Workers go on answering this long after they have withdrawn, so that a decode can still read the
// KV blocks of a prefill (DYN_GRACEFUL_SHUTDOWN_GRACE_PERIOD_SECS, its default).
constexpr int kWithdrawnSeconds = 5;

constexpr int kStartupPeriodSeconds = 10;
constexpr char kSystem[] = "system";

}  // namespace

std::vector<api::EnvVar> DynamoRouter::WorkerEnv(const TemplateContext& context,
                                                 bool registers) const {
  std::vector<api::EnvVar> env = DynamoIdentityEnv(context);
  if (!registers) return env;
  env.push_back({"DYN_SYSTEM_PORT", std::to_string(kSystemPort), ""});
  // Deprecated for engines, but the mocker is never ready without it.
  env.push_back({"DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", R"(["generate"])", ""});
  env.push_back({"DYN_TCP_RPC_PORT", std::to_string(kRpcPort), ""});
  return env;
}

std::vector<NamedPort> DynamoRouter::WorkerPorts() const {
  return {{kSystem, kSystemPort}, {"rpc", kRpcPort}};
}

json DynamoRouter::WorkerLifecycle(int startup_timeout_seconds) const {
  const int failures =
      (startup_timeout_seconds + kStartupPeriodSeconds - 1) / kStartupPeriodSeconds;
  return {// /live is 503 until the model is registered, so it tells the end of the start as well.
          {"startupProbe", HttpProbe("/live", kSystem, kStartupPeriodSeconds, 5, failures)},
          {"readinessProbe", HttpProbe("/health", kSystem, 2, 2, 2)},
          // Killing a frozen worker breaks its connections, and that is what lets the router
          // migrate the requests that hang in it.
          {"livenessProbe", HttpProbe("/live", kSystem, 10, 5, 3)},
          {"lifecycle", SleepBeforeStop(kPreStopSeconds)}};
}

int DynamoRouter::WorkerGraceSeconds(int drain_seconds) const {
  return kPreStopSeconds + kWithdrawnSeconds + drain_seconds + kExitSeconds;
}

// Kubernetes copies labels of a Service to its slices, which is where Dynamo looks for them.
std::map<std::string, std::string> DynamoRouter::DiscoveryLabels() const {
  return {{"nvidia.com/dynamo-discovery-backend", "kubernetes"},
          {"nvidia.com/dynamo-discovery-enabled", "true"}};
}

NamedPort DynamoRouter::DiscoveryPort() const { return {kSystem, kSystemPort}; }

}  // namespace disagg::render
