// dynamo.mocker and dynamo.frontend 1.6; `python3 -m dynamo.mocker --help` lists the flags.

#include "controllers/api/engine_flags.h"

namespace disagg::api {
namespace {

constexpr std::string_view kRole = "the role (spec.prefill, spec.decode or spec.aggregated)";

constexpr TypedFlag kMockerTyped[] = {
    {"model-path", "spec.model.ref"},
    {"model-name", "spec.model.servedName"},
    {"data-parallel-size", "spec.<role>.parallelism.data"},
    // It has none of these. They are vLLM's, and a spec is tried with this engine first.
    {"model", "spec.model.ref"},
    {"served-model-name", "spec.model.servedName"},
    {"tensor-parallel-size", "spec.<role>.parallelism.tensor"},
    {"pipeline-parallel-size", "spec.<role>.parallelism.pipeline"},
    {"enable-expert-parallel", "spec.<role>.parallelism.expert"},
    {"data-parallel-size-local", "spec.<role>.parallelism.data"},
    {"data-parallel-start-rank", "spec.<role>.parallelism.data"},
    {"data-parallel-address", "spec.<role>.parallelism.data"},
    {"data-parallel-rpc-port", "spec.<role>.parallelism.data"},
    {"data-parallel-hybrid-lb", "spec.<role>.parallelism.data"},
    {"nnodes", kTheOperator},
    {"node-rank", kTheOperator},
    {"master-addr", kTheOperator},
    {"master-port", kTheOperator},
    {"headless", kTheOperator},
    {"kv-transfer-config", "spec.kvTransfer"},
    {"host", kTheOperator},
    {"port", kTheOperator},
    {"help", kTheOperator},
    {"version", kTheOperator},
    // Each would be an instance of its own, behind one health check.
    {"num-workers", "spec.<role>.replicas"},
    {"disaggregation-mode", kRole},
    {"is-prefill-worker", kRole},
    {"is-decode-worker", kRole},
    {"bootstrap-ports", kTheOperator},
    {"zmq-kv-events-ports", kTheOperator},
    {"zmq-replay-ports", kTheOperator},
    {"namespace", kTheOperator},
    {"endpoint", kTheOperator},
    {"discovery-backend", "spec.engine.runtime"},
    {"request-plane", "spec.engine.runtime"},
    {"response-plane", "spec.engine.runtime"},
    {"event-plane", "spec.engine.runtime"},
};

constexpr std::string_view kMockerLocal[] = {
    "decode-speedup-ratio",
    "enable-chunked-prefill",
    "enable-prefix-caching",
    "free-gpu-memory-fraction",
    "gpu-memory-utilization",
    "host-offload-d2h-bandwidth-gbps",
    "host-offload-h2d-bandwidth-gbps",
    "kv-transfer-bandwidth",
    "kv-transfer-timing-mode",
    "max-num-batched-tokens",
    "max-num-seqs",
    "mem-fraction-static",
    "num-gpu-blocks-override",
    "num-host-blocks",
    "planner-profile-data",
    "preemption-mode",
    "response-replay-trace-path",
    "sglang-chunked-prefill-size",
    "sglang-clip-max-new-tokens",
    "sglang-max-prefill-tokens",
    "sglang-schedule-conservativeness",
    "sglang-schedule-policy",
    "speedup-ratio",
    "stagger-delay",
    "startup-time",
    "trtllm-capacity-scheduler-policy",
};

constexpr std::string_view kMockerShared[] = {
    "aic-perf-model", "block-size",        "disagg-port",   "dp-size",
    "engine-type",    "extra-engine-args", "max-model-len",
};

constexpr TypedFlag kRouterTyped[] = {
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

constexpr std::string_view kRouterShared[] = {
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

}  // namespace

constinit const FlagTable kMockerFlags{{}, kMockerTyped, kMockerLocal, kMockerShared};
constinit const FlagTable kRouterFlags{{}, kRouterTyped, {}, kRouterShared};

}  // namespace disagg::api
