#include "controllers/api/reserved_env.h"

namespace disagg::api {
namespace {

constexpr std::string_view kDiscovery = "workers and router find each other by it";
constexpr std::string_view kPlane = "workers and router have to speak alike";
constexpr std::string_view kProbes = "probes and Services use fixed ports";
constexpr std::string_view kDevices = "a container sees the GPUs that Kubernetes gave it";
constexpr std::string_view kOffline = "nothing is downloaded; weights come from the ServingModel";
constexpr std::string_view kPeers = "decode reads KV blocks at this address";
constexpr std::string_view kRanks = "the ranks of a replica find each other by it";
constexpr std::string_view kDrain = "it follows from spec.rollout.drainSeconds";
constexpr std::string_view kFields = "spec.model and spec.router stand for it";

constexpr ReservedVariable kReserved[] = {
    {"CUDA_VISIBLE_DEVICES", kDevices},
    {"DISAGG_DATA_START_RANK", kRanks},
    {"DISAGG_LEADER_ADDRESS", kRanks},
    {"DISAGG_RANK", kRanks},
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
    {"DYN_VLLM_KV_EVENT_PORT", kProbes},
    {"HF_HUB_OFFLINE", kOffline},
    {"NVIDIA_VISIBLE_DEVICES", kDevices},
    {"POD_IP", kDiscovery},
    {"POD_NAME", kDiscovery},
    {"POD_NAMESPACE", kDiscovery},
    {"POD_UID", kDiscovery},
    {"TRANSFORMERS_OFFLINE", kOffline},
    {"VLLM_NIXL_SIDE_CHANNEL_HOST", kPeers},
    {"VLLM_NIXL_SIDE_CHANNEL_PORT", kPeers},
};

constexpr ReservedVariable kOverNodes[] = {
    {"VLLM_PORT", "ranks that count their ports from it take each other's"},
};

std::string_view WhyIn(std::span<const ReservedVariable> variables, std::string_view name) {
  for (const ReservedVariable& variable : variables) {
    if (variable.name == name) return variable.why;
  }
  return "";
}

}  // namespace

std::span<const ReservedVariable> ReservedEnv() { return kReserved; }
std::string_view WhyReserved(std::string_view name) { return WhyIn(kReserved, name); }

std::span<const ReservedVariable> ReservedOverNodes() { return kOverNodes; }
std::string_view WhyReservedOverNodes(std::string_view name) { return WhyIn(kOverNodes, name); }

}  // namespace disagg::api
