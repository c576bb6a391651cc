#include "tests/unit/render/fixture.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;

api::DisaggDeployment SeedDeployment() {
  api::DisaggDeployment deployment;
  deployment.meta.name = "minimax-m3";
  deployment.meta.namespace_name = "serving";
  deployment.meta.uid = "uid-1";
  api::DeploymentSpec& spec = deployment.spec;
  spec.model_ref = "nvidia/MiniMax-M3-NVFP4";
  spec.image = "vllm/vllm-openai:1";
  spec.precision = "fp4";
  spec.accelerator = "b200";
  spec.engine_args = {{"block-size", Text("128")}, {"trust-remote-code", Flag(true)}};
  spec.engine_env = {{"NCCL_CUMEM_ENABLE", "1", ""}};
  spec.roles[RoleName::kPrefill].replicas = 2;
  spec.roles[RoleName::kPrefill].parallelism = {.data = 2, .expert = 2};
  spec.roles[RoleName::kPrefill].args = {{"enforce-eager", Flag(true)},
                                         {"max-num-seqs", Text("16")}};
  spec.roles[RoleName::kDecode].replicas = 1;
  spec.roles[RoleName::kDecode].parallelism = {.data = 8, .expert = 8};
  spec.roles[RoleName::kDecode].args = {{"max-num-seqs", Text("512")}};
  return deployment;
}

api::ServingModel SeedModel() {
  api::ServingModel model;
  model.meta.name = "minimax-m3-nvfp4";
  model.repository = model.served_name = "nvidia/MiniMax-M3-NVFP4";
  model.revision = "main";
  model.precision = "fp4";
  model.artifacts.resize(1);
  model.artifacts[0].path = "/models/MiniMax-M3-NVFP4";
  model.artifacts[0].node_selector = {{"models.disagg.dev/minimax-m3-nvfp4", "staged"}};
  return model;
}

api::AcceleratorClass SeedClass() {
  api::AcceleratorClass type;
  type.meta.name = "b200";
  type.node_selector = {{"nvidia.com/gpu.product", "NVIDIA-B200"}};
  type.tolerations = {R"({"key":"nvidia.com/gpu","operator":"Exists"})"};
  type.gpu_resource = "nvidia.com/gpu";
  type.gpus_per_node = 8;
  type.rdma = api::RdmaSpec{.resource_name = "rdma/ib", .mode = api::RdmaMode::kPerGpu, .value = 1};
  type.architecture = "amd64";
  type.cpu_per_gpu = "12";
  type.memory_per_gpu = "120Gi";
  type.shared_memory = "64Gi";
  type.env = {{"UCX_TLS", "rc,cuda_copy,cuda_ipc", ""}};
  type.security = api::SecurityProfile::kRdma;
  return type;
}

}  // namespace

void Fixture::Aggregate() {
  api::RoleSpec role = decode();
  deployment.spec.roles = {{RoleName::kAggregated, std::move(role)}};
}

api::Resolution Fixture::Resolve() const {
  api::Resolution resolution;
  resolution.model = std::make_shared<const api::ServingModel>(model);
  resolution.served_name =
      deployment.spec.served_name.empty() ? model.served_name : deployment.spec.served_name;
  for (const auto& [name, role] : deployment.spec.roles) {
    auto type = accelerator;
    type.meta.name = role.accelerator.empty() ? deployment.spec.accelerator : role.accelerator;
    type.node_selector["accelerator"] = type.meta.name;
    resolution.roles[name] = {std::make_shared<const api::AcceleratorClass>(std::move(type)),
                              model.artifacts.at(0)};
  }
  return resolution;
}

Revision Fixture::Make(const Revision* previous) const {
  return MakeRevision(deployment, Resolve(), previous, {}, 1);
}

json Fixture::Worker(RoleName role) const { return Make().Template(role); }

json Fixture::Router() const { return Make().Template(RoleName::kRouter); }

Fixture Seed() { return {SeedDeployment(), SeedModel(), SeedClass()}; }

api::ArgValue Text(const std::string& text) {
  return {.kind = api::ArgValue::Kind::kString, .flag = false, .texts = {text}};
}

api::ArgValue Flag(bool on) {
  return {.kind = api::ArgValue::Kind::kBool, .flag = on, .texts = {}};
}

const json& ContainerOf(const json& pod) { return pod["spec"]["containers"][0]; }

std::string EnvOf(const json& pod, const std::string& name) {
  for (const json& entry : ContainerOf(pod)["env"]) {
    if (entry["name"] != name) continue;
    return entry.contains("valueFrom") ? entry["valueFrom"].dump() : entry.value("value", "");
  }
  return "<none>";
}

std::string FlagOf(const json& pod, const std::string& flag) {
  const json& args = ContainerOf(pod)["args"];
  const auto found = std::find(args.begin(), args.end(), flag);
  if (found == args.end()) return "<none>";
  const auto next = std::next(found);
  const bool has_value =
      next != args.end() && !next->get_ref<const std::string&>().starts_with("--");
  return has_value ? next->get<std::string>() : "";
}

}  // namespace disagg::render
