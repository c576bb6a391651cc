#include "controllers/render/routers/dynamo/dynamo_runtime.h"

#include <string>

#include "controllers/render/pod_parts.h"

namespace disagg::render {
namespace {

using nlohmann::json;

// Workers go on answering this long after they have withdrawn, so that a decode can still read the
// KV blocks of a prefill (DYN_GRACEFUL_SHUTDOWN_GRACE_PERIOD_SECS, its default).
constexpr int kWithdrawnSeconds = 5;
// Between the end of the drain and SIGKILL.
constexpr int kExitSeconds = 5;

constexpr int kStartupPeriodSeconds = 10;

api::EnvVar FromField(const char* name, const char* path) {
  return {name, "", json{{"fieldRef", {{"fieldPath", path}}}}.dump()};
}

}  // namespace

std::vector<api::EnvVar> DynamoIdentityEnv(const TemplateContext& context) {
  return {{"DYN_NAMESPACE", context.DynamoNamespace(), ""},
          {"DYN_DISCOVERY_BACKEND", "kubernetes", ""},
          {"DYN_REQUEST_PLANE", "tcp", ""},
          {"DYN_EVENT_PLANE", "zmq", ""},
          FromField("POD_NAME", "metadata.name"),
          FromField("POD_NAMESPACE", "metadata.namespace"),
          FromField("POD_UID", "metadata.uid"),
          // Nothing is downloaded: weights are mounted, tokenizers come from there.
          {"HF_HUB_OFFLINE", "1", ""}};
}

std::vector<api::EnvVar> DynamoWorkerEnv(const TemplateContext& context) {
  std::vector<api::EnvVar> env = DynamoIdentityEnv(context);
  env.push_back({"DYN_SYSTEM_PORT", std::to_string(kSystemPort), ""});
  // Deprecated for engines, but the mocker is never ready without it.
  env.push_back({"DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", R"(["generate"])", ""});
  env.push_back({"DYN_TCP_RPC_PORT", std::to_string(kRpcPort), ""});
  return env;
}

json DynamoWorkerLifecycle(int startup_timeout_seconds) {
  const int failures =
      (startup_timeout_seconds + kStartupPeriodSeconds - 1) / kStartupPeriodSeconds;
  return {// /live is 503 until the model is registered, so it tells the end of the start as well.
          {"startupProbe", HttpProbe("/live", "system", kStartupPeriodSeconds, 5, failures)},
          {"readinessProbe", HttpProbe("/health", "system", 2, 2, 2)},
          // Killing a frozen worker breaks its connections, and that is what lets the router
          // migrate the requests that hang in it.
          {"livenessProbe", HttpProbe("/live", "system", 10, 5, 3)},
          {"lifecycle", SleepBeforeStop(kPreStopSeconds)}};
}

int DynamoWorkerGraceSeconds(int drain_seconds) {
  return kPreStopSeconds + kWithdrawnSeconds + drain_seconds + kExitSeconds;
}

int DynamoRouterGraceSeconds(int drain_seconds) {
  return kPreStopSeconds + drain_seconds + kExitSeconds;
}

}  // namespace disagg::render
