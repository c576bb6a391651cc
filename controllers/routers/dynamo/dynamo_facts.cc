// dynamo.frontend 1.6; `python3 -m dynamo.frontend --help` lists the flags.

#include "controllers/routers/dynamo/dynamo_facts.h"

namespace disagg::api {
namespace {

constexpr TypedFlag kTyped[] = {
    {"help", kTheOperator},
    {"version", kTheOperator},
    {"namespace", kTheOperator},
    {"namespace-prefix", kTheOperator},
    {"http-host", kTheOperator},
    {"http-port", "spec.router.service.port"},
    {"model-name", "spec.model.servedName"},
    {"model-path", "spec.model.ref"},
    {"router-replica-sync", "spec.router.replicas"},
    {"discovery-backend", "spec.engine.runtime"},
    {"request-plane", "spec.engine.runtime"},
    {"response-plane", "spec.engine.runtime"},
    {"event-plane", "spec.engine.runtime"},
    // Probes and Service speak plain HTTP.
    {"tls-cert-path", kTheOperator},
    {"tls-key-path", kTheOperator},
    {"tls-client-ca-cert-path", kTheOperator},
};

constexpr std::string_view kShared[] = {
    "active-decode-blocks-threshold",
    "active-prefill-tokens-threshold",
    "busy-threshold",
    "chat-processor",
    "custom-jinja-template",
    "decode-fallback",
    "dyn-debug-perf",
    "dyn-preprocess-workers",
    "enable-anthropic-api",
    "enforce-disagg",
    "grpc-metrics-port",
    "interactive",
    "kserve-grpc-server",
    "kv-cache-block-size",
    "kv-overlap-score-weight",
    "metrics-prefix",
    "migration-limit",
    "namespace-filter",
    "router-assume-kv-reuse",
    "router-durable-kv-events",
    "router-enable-cache-control",
    "router-event-threads",
    "router-kv-events",
    "router-kv-overlap-score-weight",
    "router-max-tree-size",
    "router-min-initial-workers",
    "router-mode",
    "router-policy-config",
    "router-prune-target-ratio",
    "router-queue-policy",
    "router-queue-threshold",
    "router-reset-states",
    "router-snapshot-threshold",
    "router-temperature",
    "router-track-active-blocks",
    "router-track-output-blocks",
    "router-ttl-secs",
    "router-use-remote-indexer",
};

constexpr std::string_view kDiscovery = "workers and router find each other by it";
constexpr std::string_view kPlane = "workers and router have to speak alike";
constexpr std::string_view kProbes = "probes and Services use fixed ports";
constexpr std::string_view kDrain = "it follows from spec.rollout.drainSeconds";
constexpr std::string_view kFields = "spec.model and spec.router stand for it";

constexpr ReservedVariable kReserved[] = {
    {"DYN_COMPONENT", kDiscovery},
    {"DYN_DISCOVERY_BACKEND", kDiscovery},
    {"DYN_ENDPOINT", kDiscovery},
    {"DYN_ENFORCE_DISAGG", "decode must not answer alone while no prefill is there"},
    {"DYN_EVENT_PLANE", kPlane},
    {"DYN_HTTP_GRACEFUL_SHUTDOWN_TIMEOUT_SECS", kDrain},
    {"DYN_HTTP_HOST", kProbes},
    {"DYN_HTTP_PORT", kProbes},
    {"DYN_KUBE_DISCOVERY_MODE", kDiscovery},
    {"DYN_MODEL_NAME", kFields},
    {"DYN_MODEL_PATH", kFields},
    {"DYN_NAMESPACE", kDiscovery},
    {"DYN_NAMESPACE_PREFIX", kDiscovery},
    {"DYN_NAMESPACE_PREFIX_STRICT", kDiscovery},
    {"DYN_NAMESPACE_WORKER_SUFFIX", kDiscovery},
    {"DYN_REQUEST_PLANE", kPlane},
    {"DYN_RESPONSE_PLANE", kPlane},
    {"DYN_ROUTER_REPLICA_SYNC", kFields},
    {"DYN_SYSTEM_ENABLED", kProbes},
    {"DYN_SYSTEM_HOST", kProbes},
    {"DYN_SYSTEM_PORT", kProbes},
    {"DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", kProbes},
    {"DYN_TCP_RESPONSE_STREAM_PORT", kProbes},
    {"DYN_TCP_RPC_HOST", kDiscovery},
    {"DYN_TCP_RPC_PORT", kProbes},
    {"DYN_TLS_CERT_PATH", kProbes},
    {"DYN_TLS_KEY_PATH", kProbes},
    {"POD_IP", kDiscovery},
    {"POD_NAME", kDiscovery},
    {"POD_NAMESPACE", kDiscovery},
    {"POD_UID", kDiscovery},
};

}  // namespace

constinit const RouterFacts kDynamoFacts{.type = RouterType::kDynamo,
                                         .name = "dynamo",
                                         .flags = {{}, kTyped, {}, kShared},
                                         .mode_flag = "router-mode",
                                         .reserved = kReserved};

}  // namespace disagg::api
