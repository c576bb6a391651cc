#include <algorithm>
#include <iterator>
#include <set>

#include <gmock/gmock.h>

#include "controllers/api/reserved_env.h"
#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;
using testing::ElementsAre;

std::vector<std::string> ArgsOf(const json& pod) { return ContainerOf(pod)["args"]; }

json VolumeOf(const json& pod, const std::string& name) {
  for (const json& volume : pod["spec"]["volumes"]) {
    if (volume["name"] == name) return volume;
  }
  return nullptr;
}

std::vector<std::string> PortsOf(const json& pod) {
  std::vector<std::string> ports;
  for (const json& port : ContainerOf(pod)["ports"]) {
    ports.push_back(port["name"].get<std::string>() + ":" + port["containerPort"].dump());
  }
  return ports;
}

TEST(Vllm, OfTheSeedStartsAllRanksOfItsPodInOneProcess) {
  const json pod = Seed().Worker(RoleName::kPrefill);
  EXPECT_EQ(ContainerOf(pod)["command"], json({"python3", "-m", "dynamo.vllm"}));
  EXPECT_THAT(ArgsOf(pod),
              ElementsAre("--model", "/model", "--served-model-name", "nvidia/MiniMax-M3-NVFP4",
                          "--disaggregation-mode", "prefill", "--kv-transfer-config",
                          R"({"kv_connector":"NixlConnector","kv_role":"kv_both"})",
                          "--tensor-parallel-size", "1", "--data-parallel-size", "2",
                          "--data-parallel-size-local", "2", "--data-parallel-start-rank", "0",
                          "--data-parallel-hybrid-lb", "--enable-expert-parallel",
                          "--request-plane", "tcp", "--block-size", "128", "--enforce-eager",
                          "--max-num-seqs", "16", "--trust-remote-code"));
}

TEST(Vllm, WithoutDataParallelismNeedsNoneOfItsFlags) {
  Fixture seed = Seed();
  seed.decode().parallelism = {.tensor = 4, .pipeline = 2, .decode_context = 2};
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_EQ(FlagOf(pod, "--tensor-parallel-size"), "4");
  EXPECT_EQ(FlagOf(pod, "--pipeline-parallel-size"), "2");
  EXPECT_EQ(FlagOf(pod, "--decode-context-parallel-size"), "2");
  for (const char* flag : {"--data-parallel-size", "--data-parallel-hybrid-lb",
                           "--enable-expert-parallel", "--prefill-context-parallel-size"}) {
    EXPECT_EQ(FlagOf(pod, flag), "<none>") << flag;
  }
}

TEST(Vllm, AggregatedTransfersNothing) {
  Fixture seed = Seed();
  seed.Aggregate();
  const json pod = seed.Worker(RoleName::kAggregated);
  EXPECT_EQ(FlagOf(pod, "--disaggregation-mode"), "<none>");
  EXPECT_EQ(FlagOf(pod, "--kv-transfer-config"), "<none>");
  EXPECT_EQ(EnvOf(pod, "VLLM_NIXL_SIDE_CHANNEL_HOST"), "<none>");
  EXPECT_FALSE(ContainerOf(pod)["resources"]["limits"].contains("rdma/ib"));
  EXPECT_FALSE(ContainerOf(pod)["securityContext"]["capabilities"].contains("add"));
  EXPECT_EQ(pod["metadata"]["labels"]["llm-d.ai/role"], "both");
  EXPECT_THAT(PortsOf(pod), ElementsAre("system:9090", "rpc:9091"));
}

TEST(Vllm, OverRdmaAsksForDevicesAndMayPinMemory) {
  const json pod = Seed().Worker(RoleName::kDecode);
  EXPECT_EQ(ContainerOf(pod)["resources"]["limits"]["rdma/ib"], "8");
  EXPECT_EQ(ContainerOf(pod)["securityContext"]["capabilities"],
            (json{{"add", json::array({"IPC_LOCK"})}, {"drop", json::array({"ALL"})}}));
  EXPECT_EQ(EnvOf(pod, "UCX_TLS"), "rc,cuda_copy,cuda_ipc");
  EXPECT_EQ(EnvOf(pod, "VLLM_NIXL_SIDE_CHANNEL_HOST"),
            R"({"fieldRef":{"fieldPath":"status.podIP"}})");
  EXPECT_THAT(PortsOf(pod), ElementsAre("system:9090", "rpc:9091", "nixl:5600"));
}

TEST(Vllm, OverRdmaWithASharedPluginAsksForOneShare) {
  Fixture seed = Seed();
  seed.accelerator.rdma->mode = api::RdmaMode::kPerPod;
  EXPECT_EQ(ContainerOf(seed.Worker(RoleName::kDecode))["resources"]["limits"]["rdma/ib"], "1");
}

TEST(Vllm, OverTcpAsksForNoDeviceAndIgnoresTheClassesFabric) {
  Fixture seed = Seed();
  seed.deployment.spec.kv_backend = api::KvBackend::kTcp;
  seed.accelerator.env.push_back({"UCX_NET_DEVICES", "mlx5_0:1", ""});
  seed.accelerator.env.push_back({"UCX_IB_GID_INDEX", "3", ""});
  seed.accelerator.env.push_back({"UCX_TCP_AF_PRIO", "inet", ""});
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_FALSE(ContainerOf(pod)["resources"]["limits"].contains("rdma/ib"));
  EXPECT_FALSE(ContainerOf(pod)["securityContext"]["capabilities"].contains("add"));
  EXPECT_EQ(EnvOf(pod, "UCX_TLS"), "tcp,cuda_copy,cuda_ipc,sm,self");
  EXPECT_EQ(EnvOf(pod, "UCX_NET_DEVICES"), "<none>");
  EXPECT_EQ(EnvOf(pod, "UCX_IB_GID_INDEX"), "<none>");
  EXPECT_EQ(EnvOf(pod, "UCX_TCP_AF_PRIO"), "inet");
}

TEST(Vllm, PublishesKvEventsOnlyWhereTheRouterFollowsThem) {
  Fixture seed = Seed();
  EXPECT_EQ(FlagOf(seed.Worker(RoleName::kPrefill), "--kv-events-config"), "<none>");
  seed.deployment.spec.router.args["router-mode"] = Text("kv");
  const json prefill = seed.Worker(RoleName::kPrefill);
  EXPECT_EQ(FlagOf(prefill, "--kv-events-config"),
            R"({"enable_kv_cache_events":true,"endpoint":"tcp://*:5557","publisher":"zmq",)"
            R"("topic":"kv-events"})");
  EXPECT_THAT(PortsOf(prefill), testing::Contains("kv-events:5557"));
  EXPECT_EQ(FlagOf(seed.Worker(RoleName::kDecode), "--kv-events-config"), "<none>");
  seed.prefill().args["no-enable-prefix-caching"] = Flag(true);
  EXPECT_EQ(FlagOf(seed.Worker(RoleName::kPrefill), "--kv-events-config"), "<none>");
  seed.prefill().args.erase("no-enable-prefix-caching");
  seed.deployment.spec.router.args["no-router-kv-events"] = Flag(true);
  EXPECT_EQ(FlagOf(seed.Worker(RoleName::kPrefill), "--kv-events-config"), "<none>");
}

TEST(Vllm, RunsAsItsImageSays) {
  const json pod = Seed().Worker(RoleName::kDecode);
  EXPECT_FALSE(pod["spec"]["securityContext"].contains("runAsNonRoot"));
  EXPECT_EQ(ContainerOf(pod)["securityContext"]["allowPrivilegeEscalation"], false);
}

TEST(Mocker, IsRestrictedAndTakesTheSameDevices) {
  Fixture seed = Seed();
  seed.deployment.spec.engine = api::EngineType::kMocker;
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_THAT(ArgsOf(pod),
              ElementsAre("--model-path", "/model", "--model-name", "nvidia/MiniMax-M3-NVFP4",
                          "--disaggregation-mode", "decode", "--data-parallel-size", "8",
                          "--block-size", "128", "--max-num-seqs", "512", "--trust-remote-code"));
  EXPECT_EQ(pod["spec"]["securityContext"]["runAsUser"], 1000);
  EXPECT_EQ(ContainerOf(pod)["securityContext"]["readOnlyRootFilesystem"], true);
  EXPECT_EQ(ContainerOf(pod)["securityContext"]["capabilities"],
            (json{{"drop", json::array({"ALL"})}}));
  EXPECT_EQ(ContainerOf(pod)["resources"]["limits"]["nvidia.com/gpu"], "8");
}

TEST(WorkerArgs, OfARoleTakeAwayWhatTheEngineGives) {
  Fixture seed = Seed();
  seed.decode().args["trust_remote_code"] = Flag(false);
  EXPECT_EQ(FlagOf(seed.Worker(RoleName::kDecode), "--trust-remote-code"), "<none>");
  EXPECT_EQ(FlagOf(seed.Worker(RoleName::kPrefill), "--trust-remote-code"), "");
}

TEST(WorkerArgs, ReachTheEngineCharacterByCharacter) {
  Fixture seed = Seed();
  seed.decode().args = {{"a", Text("$(POD_NAME)")}, {"b", Text("$5 \n\"{}\"")}, {"c", Text("$$")}};
  seed.deployment.spec.router.args = {{"a", Text("-$(POD_NAME)")}};
  const json pod = seed.Worker(RoleName::kDecode);
  // As the kubelet undoes it.
  EXPECT_EQ(FlagOf(pod, "--a"), "$$(POD_NAME)");
  EXPECT_EQ(FlagOf(pod, "--b"), "$5 \n\"{}\"");
  EXPECT_EQ(FlagOf(pod, "--c"), "$$$");
  EXPECT_THAT(ArgsOf(seed.Router()), testing::Contains("--a=-$$(POD_NAME)"));
}

TEST(WorkerCommand, TakesAwayWhatIsReservedAndMayComeFromASecret) {
  Fixture seed = Seed();
  seed.decode().env_from = {R"({"secretRef":{"name":"anything"}})"};
  const json pod = seed.Worker(RoleName::kDecode);
  const std::vector<std::string> command = ContainerOf(pod)["command"];
  ASSERT_EQ(command.front(), "env");
  for (const api::ReservedVariable& reserved : api::ReservedEnv()) {
    const std::string name(reserved.name);
    if (name == "NVIDIA_VISIBLE_DEVICES") continue;  // read before any program of ours runs
    if (name.starts_with("DISAGG_")) continue;       // set by RenderPod
    const bool set = EnvOf(pod, name) != "<none>";
    const auto at = std::find(command.begin(), command.end(), name);
    const bool taken_away = at != command.end() && *std::prev(at) == "-u";
    EXPECT_NE(set, taken_away) << name;
  }
  EXPECT_THAT(std::vector<std::string>(command.end() - 3, command.end()),
              ElementsAre("python3", "-m", "dynamo.vllm"));
}

TEST(WorkerEnv, ReferencesAreDefinedBefore) {
  Fixture seed = Seed();
  seed.deployment.spec.engine_env = {{"ADDRESS", "none", ""}};
  seed.decode().env = {{"PORT", "1", ""}, {"ADDRESS", "$(POD_NAME):$(PORT)", ""}};
  const json pod = seed.Worker(RoleName::kDecode);
  std::vector<std::string> names;
  for (const json& entry : ContainerOf(pod)["env"]) {
    names.push_back(entry["name"]);
  }
  const auto place = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) - names.begin();
  };
  EXPECT_LT(place("PORT"), place("ADDRESS"));
  EXPECT_LT(place("POD_NAME"), place("ADDRESS"));
  EXPECT_EQ(EnvOf(pod, "ADDRESS"), "$(POD_NAME):$(PORT)");
}

TEST(WorkerEnv, IsOverriddenInDocumentedOrder) {
  Fixture seed = Seed();
  seed.accelerator.env = {{"HOME", "/class", ""},
                          {"A", "class", ""},
                          {"B", "class", ""},
                          {"C", "class", ""},
                          {"D", "class", ""}};
  seed.accelerator.whole_node_env = {{"B", "node", ""}, {"C", "node", ""}, {"D", "node", ""}};
  seed.deployment.spec.engine_env = {{"C", "engine", ""}, {"D", "engine", ""}};
  seed.decode().env = {{"D", "role", ""}};
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_EQ(EnvOf(pod, "HOME"), "/class");
  EXPECT_EQ(EnvOf(pod, "A"), "class");
  EXPECT_EQ(EnvOf(pod, "B"), "node");
  EXPECT_EQ(EnvOf(pod, "C"), "engine");
  EXPECT_EQ(EnvOf(pod, "D"), "role");
  // Two of eight GPUs: not a whole node.
  EXPECT_EQ(EnvOf(seed.Worker(RoleName::kPrefill), "B"), "class");
}

TEST(WorkerEnv, ThatHoldsTheDeploymentTogetherCannotBeOverridden) {
  Fixture seed = Seed();
  seed.accelerator.env = {{"DYN_NAMESPACE", "x", ""}};
  seed.decode().env = {
      {"POD_UID", "x", ""}, {"DYN_SYSTEM_PORT", "1", ""}, {"HF_HUB_OFFLINE", "0", ""}};
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_THAT(EnvOf(pod, "DYN_NAMESPACE"), testing::StartsWith("serving-minimax-m3-"));
  EXPECT_EQ(EnvOf(pod, "POD_UID"), R"({"fieldRef":{"fieldPath":"metadata.uid"}})");
  EXPECT_EQ(EnvOf(pod, "DYN_SYSTEM_PORT"), "9090");
  EXPECT_EQ(EnvOf(pod, "HF_HUB_OFFLINE"), "1");
}

TEST(WorkerEnv, OfOursIsReservedButForDefaultsThatMayBeOverridden) {
  Fixture seed = Seed();
  seed.accelerator.env = seed.deployment.spec.engine_env = {};
  seed.deployment.spec.kv_backend = api::KvBackend::kTcp;
  std::set<std::string> free;
  for (const json& pod : {seed.Worker(RoleName::kDecode), seed.Router()}) {
    for (const json& entry : ContainerOf(pod)["env"]) {
      const std::string name = entry["name"];
      if (api::WhyReserved(name).empty()) free.insert(name);
    }
  }
  EXPECT_THAT(free, ElementsAre("HOME", "UCX_TLS", "VLLM_ENGINE_READY_TIMEOUT_S"));
}

TEST(WorkerEnv, WithoutAValueIsWrittenAsTheServerStoresIt) {
  Fixture seed = Seed();
  seed.decode().env = {{"EMPTY", "", ""}};
  const json env = ContainerOf(seed.Worker(RoleName::kDecode))["env"];
  EXPECT_EQ(env.back(), (json{{"name", "EMPTY"}}));
}

TEST(WorkerResources, AreTheClassesPerGpuAndGuaranteed) {
  const json resources = ContainerOf(Seed().Worker(RoleName::kPrefill))["resources"];
  EXPECT_EQ(resources["requests"],
            (json{{"cpu", "24"}, {"memory", "240Gi"}, {"nvidia.com/gpu", "2"}, {"rdma/ib", "2"}}));
  EXPECT_EQ(resources["limits"], resources["requests"]);
}

TEST(WorkerResources, OfTheRoleAreForTheWholePod) {
  Fixture seed = Seed();
  seed.decode().resources = {.cpu = "96000m", .memory = "1024Gi", .shared_memory = "0.5Ti"};
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_EQ(ContainerOf(pod)["resources"]["limits"]["cpu"], "96");
  EXPECT_EQ(ContainerOf(pod)["resources"]["limits"]["memory"], "1Ti");
  EXPECT_EQ(VolumeOf(pod, "shm")["emptyDir"], (json{{"medium", "Memory"}, {"sizeLimit", "512Gi"}}));
}

TEST(WorkerResources, ThatNobodyStatesAreNotAskedFor) {
  Fixture seed = Seed();
  seed.accelerator.cpu_per_gpu = seed.accelerator.memory_per_gpu = "";
  seed.accelerator.shared_memory = "";
  const json pod = seed.Worker(RoleName::kPrefill);
  EXPECT_EQ(ContainerOf(pod)["resources"]["limits"],
            (json{{"nvidia.com/gpu", "2"}, {"rdma/ib", "2"}}));
  EXPECT_EQ(VolumeOf(pod, "shm"), nullptr);
}

TEST(WorkerModel, OnTheNodeIsADirectoryThatMustExist) {
  const json pod = Seed().Worker(RoleName::kDecode);
  EXPECT_EQ(VolumeOf(pod, "model")["hostPath"],
            (json{{"path", "/models/MiniMax-M3-NVFP4"}, {"type", "Directory"}}));
  EXPECT_EQ(ContainerOf(pod)["volumeMounts"][0],
            (json{{"name", "model"}, {"mountPath", "/model"}, {"readOnly", true}}));
}

TEST(WorkerModel, InAClaimIsMountedReadOnly) {
  Fixture seed = Seed();
  seed.model.artifacts[0] = {};
  seed.model.artifacts[0].type = api::ArtifactType::kPersistentVolumeClaim;
  seed.model.artifacts[0].claim_name = "models";
  seed.model.artifacts[0].sub_path = "m3";
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_EQ(VolumeOf(pod, "model")["persistentVolumeClaim"],
            (json{{"claimName", "models"}, {"readOnly", true}}));
  EXPECT_EQ(ContainerOf(pod)["volumeMounts"][0]["subPath"], "m3");
}

TEST(WorkerModel, InAnImageIsAnImageVolume) {
  Fixture seed = Seed();
  seed.model.artifacts[0] = {};
  seed.model.artifacts[0].type = api::ArtifactType::kImage;
  seed.model.artifacts[0].reference = "registry.example/m:1";
  EXPECT_EQ(VolumeOf(seed.Worker(RoleName::kDecode), "model")["image"]["reference"],
            "registry.example/m:1");
}

TEST(WorkerNodes, AreThoseOfClassArtifactAndPlacement) {
  Fixture seed = Seed();
  seed.deployment.spec.placement.node_selector = {{"pool", "a"}};
  seed.deployment.spec.placement.tolerations = {
      R"({"key":"team","operator":"Equal","value":"a b","effect":"NoExecute","tolerationSeconds":9})"};
  seed.deployment.spec.placement.scheduler_name = "gpu";
  const json pod = seed.Worker(RoleName::kDecode);
  EXPECT_EQ(pod["spec"]["nodeSelector"], (json{{"accelerator", "b200"},
                                               {"kubernetes.io/arch", "amd64"},
                                               {"models.disagg.dev/minimax-m3-nvfp4", "staged"},
                                               {"nvidia.com/gpu.product", "NVIDIA-B200"},
                                               {"pool", "a"}}));
  EXPECT_EQ(pod["spec"]["tolerations"],
            json::array({{{"key", "nvidia.com/gpu"}, {"operator", "Exists"}},
                         {{"key", "team"},
                          {"operator", "Equal"},
                          {"value", "a b"},
                          {"effect", "NoExecute"},
                          {"tolerationSeconds", 9}}}));
  EXPECT_EQ(pod["spec"]["schedulerName"], "gpu");
}

TEST(WorkerLife, HasTheMeasuredTimes) {
  Fixture seed = Seed();
  seed.deployment.spec.startup_timeout_seconds = 125;
  seed.deployment.spec.drain_seconds = 100;
  const json pod = seed.Worker(RoleName::kDecode);
  const json& container = ContainerOf(pod);
  EXPECT_EQ(pod["spec"]["terminationGracePeriodSeconds"], 3 + 5 + 100 + 5);
  EXPECT_EQ(container["lifecycle"]["preStop"]["sleep"]["seconds"], 3);
  EXPECT_EQ(container["startupProbe"]["periodSeconds"], 10);
  EXPECT_EQ(container["startupProbe"]["failureThreshold"], 13);
  EXPECT_EQ(container["readinessProbe"]["httpGet"]["path"], "/health");
  EXPECT_EQ(container["livenessProbe"]["httpGet"]["path"], "/live");
  EXPECT_EQ(container["terminationMessagePolicy"], "FallbackToLogsOnError");
}

TEST(WorkerLabels, HoldNoFreeText) {
  Fixture seed = Seed();
  seed.deployment.spec.served_name = "Team A: our model";
  const json metadata = seed.Worker(RoleName::kDecode)["metadata"];
  EXPECT_EQ(metadata["labels"]["llm-d.ai/model"], "Team-A--our-model");
  EXPECT_EQ(metadata["labels"]["llm-d.ai/role"], "decode");
  EXPECT_EQ(metadata["annotations"]["disagg.dev/model"], "Team A: our model");
}

}  // namespace
}  // namespace disagg::render
