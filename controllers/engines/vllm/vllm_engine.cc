#include "controllers/engines/vllm/vllm_engine.h"

namespace disagg::render {
namespace {

using nlohmann::json;

// Bases: a worker with several data-parallel ranks uses one port per rank from here on, the rank
// counted over the whole replica. They stay clear of each other's for the 16 ranks that a pod can
// hold, whichever these are.
constexpr int kKvEventsPort = 5557;
constexpr int kNixlPort = 5600;
// Of rank 0, where the ranks of all nodes meet; above the bases for the 1024 ranks that there can
// be.
constexpr int kDataRpcPort = 8400;

void AddWidth(std::vector<std::string>* flags, const char* flag, int width) {
  if (width > 1) flags->insert(flags->end(), {flag, std::to_string(width)});
}

void Append(std::vector<std::string>* flags, const std::vector<std::string>& more) {
  flags->insert(flags->end(), more.begin(), more.end());
}

std::string ValueOf(const char* variable) { return "$(" + std::string(variable) + ")"; }

bool IsDataParallel(const WorkerView& worker) { return worker.role.parallelism.data > 1; }

// Data-parallel ranks in the form in which one process starts all those of its pod: with
// --data-parallel-hybrid-lb the router chooses the rank (one registration, ranks inside it).
std::vector<std::string> DataFlags(const WorkerView& worker) {
  const bool several = worker.nodes() > 1;
  std::vector<std::string> flags{
      "--data-parallel-size",       std::to_string(worker.role.parallelism.data),
      "--data-parallel-size-local", std::to_string(worker.role.data_per_pod()),
      "--data-parallel-start-rank", several ? ValueOf(kDataStartRank) : "0"};
  if (several) {
    Append(&flags, {"--data-parallel-address", ValueOf(kLeaderAddress), "--data-parallel-rpc-port",
                    std::to_string(kDataRpcPort)});
  }
  flags.push_back("--data-parallel-hybrid-lb");
  return flags;
}

// One engine over several nodes.
std::vector<std::string> NodeFlags(const WorkerView& worker) {
  std::vector<std::string> flags{"--master-addr", ValueOf(kLeaderAddress),
                                 "--nnodes",      std::to_string(worker.nodes()),
                                 "--node-rank",   ValueOf(kRank)};
  if (worker.kind == RankKind::kFollower) flags.push_back("--headless");
  return flags;
}

std::vector<std::string> ParallelFlags(const WorkerView& worker) {
  const api::Parallelism& widths = worker.role.parallelism;
  std::vector<std::string> flags{"--tensor-parallel-size", std::to_string(widths.tensor)};
  AddWidth(&flags, "--pipeline-parallel-size", widths.pipeline);
  AddWidth(&flags, "--prefill-context-parallel-size", widths.context);
  AddWidth(&flags, "--decode-context-parallel-size", widths.decode_context);
  if (IsDataParallel(worker)) {
    Append(&flags, DataFlags(worker));
  } else if (worker.nodes() > 1) {
    Append(&flags, NodeFlags(worker));
  }
  // vLLM derives the width (tensor x data); validation has checked that it is the one asked for.
  if (widths.expert > 1) flags.push_back("--enable-expert-parallel");
  return flags;
}

std::vector<std::string> TransferFlags(const WorkerView& worker) {
  if (!worker.transfers_kv()) return {};
  return {"--disaggregation-mode", std::string(api::ToString(worker.role.role)),
          "--kv-transfer-config", R"({"kv_connector":"NixlConnector","kv_role":"kv_both"})"};
}

std::vector<std::string> KvEventFlags(const WorkerView& worker) {
  if (!worker.role.kv_events) return {};
  const json config{{"enable_kv_cache_events", true},
                    {"publisher", "zmq"},
                    {"topic", "kv-events"},
                    // With "*" the engine binds; with an address it would connect.
                    {"endpoint", "tcp://*:" + std::to_string(kKvEventsPort)}};
  return {"--kv-events-config", config.dump()};
}

}  // namespace

std::vector<std::string> VllmEngine::Command(const WorkerView&) const {
  return {"python3", "-m", "dynamo.vllm"};
}

bool VllmEngine::TakesArguments(const WorkerView&) const { return true; }

bool VllmEngine::CachesPrefixes(const api::Args& args) const {
  return !args.contains("no-enable-prefix-caching");
}

std::vector<std::string> VllmEngine::Flags(const WorkerView& worker) const {
  std::vector<std::string> flags{"--model", "/model", "--served-model-name",
                                 worker.model.served_name};
  Append(&flags, TransferFlags(worker));
  Append(&flags, ParallelFlags(worker));
  Append(&flags, {"--request-plane", "tcp"});
  Append(&flags, KvEventFlags(worker));
  return flags;
}

bool VllmEngine::RegistersEveryRank(const WorkerView& worker) const {
  return IsDataParallel(worker);
}

std::map<std::string, int> VllmEngine::Steps(const WorkerView& worker) const {
  if (!IsDataParallel(worker)) return {};
  return {{kDataStartRank, worker.role.data_per_pod()}};
}

std::vector<api::EnvVar> VllmEngine::Env(const WorkerView& worker) const {
  // vLLM's own limit of ten minutes would end a long start before the start-up probe does.
  std::vector<api::EnvVar> env{
      {"VLLM_ENGINE_READY_TIMEOUT_S", std::to_string(worker.role.startup_timeout_seconds), ""}};
  if (!worker.transfers_kv()) return env;
  // vLLM's default is localhost, which no other pod can reach.
  env.push_back({"VLLM_NIXL_SIDE_CHANNEL_HOST", "",
                 json{{"fieldRef", {{"fieldPath", "status.podIP"}}}}.dump()});
  if (worker.contract.kv_backend == api::KvBackend::kTcp) {
    // Without `rc`: UCX would take the first HCA that it sees and fail at the first transfer.
    env.push_back({"UCX_TLS", "tcp,cuda_copy,cuda_ipc,sm,self", ""});
  }
  return env;
}

std::vector<NamedPort> VllmEngine::Ports(const WorkerView& worker) const {
  // The scheduler listens on them all, and it is the leader's.
  if (worker.kind == RankKind::kFollower) return {};
  std::vector<NamedPort> ports;
  if (IsDataParallel(worker) && worker.nodes() > 1) ports.push_back({"dp-rpc", kDataRpcPort});
  if (worker.role.kv_events) ports.push_back({"kv-events", kKvEventsPort});
  if (worker.transfers_kv()) ports.push_back({"nixl", kNixlPort});
  return ports;
}

// No runAsNonRoot and no read-only root: vLLM's images are built to run as root, write into their
// own file system while they compile, and the capability below reaches only a root process.
json VllmEngine::PodSecurity(const WorkerView&) const {
  return {{"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

json VllmEngine::ContainerSecurity(const WorkerView& worker) const {
  json capabilities{{"drop", json::array({"ALL"})}};
  if (worker.role.accelerator.security == api::SecurityProfile::kRdma) {
    // Registered memory is locked memory, and a container's limit is 8 MiB. Kubernetes has no field
    // for limits; root with IPC_LOCK is exempt from this one.
    capabilities["add"] = json::array({"IPC_LOCK"});
  }
  return {{"allowPrivilegeEscalation", false}, {"capabilities", std::move(capabilities)}};
}

// Compiled graphs and kernels of large models take several GiB.
std::string VllmEngine::ScratchSize() const { return "64Gi"; }

}  // namespace disagg::render
