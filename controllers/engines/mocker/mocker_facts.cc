// dynamo.mocker 1.6; `python3 -m dynamo.mocker --help` lists the flags.

#include "controllers/engines/mocker/mocker_facts.h"

namespace disagg::api {
namespace {

constexpr std::string_view kRole = "the role (spec.prefill, spec.decode or spec.aggregated)";

constexpr TypedFlag kTyped[] = {
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

constexpr std::string_view kLocal[] = {
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

constexpr std::string_view kShared[] = {
    "aic-perf-model", "block-size",        "disagg-port",   "dp-size",
    "engine-type",    "extra-engine-args", "max-model-len",
};

}  // namespace

constinit const EngineFacts kMockerFacts{.type = EngineType::kMocker,
                                         .name = "mocker",
                                         .startup = "starting",
                                         .flags = {{}, kTyped, kLocal, kShared},
                                         .reserved = {},
                                         .reserved_over_nodes = {}};

}  // namespace disagg::api
