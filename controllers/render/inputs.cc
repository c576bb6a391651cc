#include "controllers/render/inputs.h"

#include <algorithm>

#include "controllers/api/engine_args.h"
#include "controllers/api/env.h"
#include "controllers/api/rdma.h"
#include "controllers/api/reserved_env.h"
#include "controllers/render/engine_renderer.h"
#include "controllers/render/revision.h"
#include "controllers/render/router_renderer.h"

namespace disagg::render {
namespace {

// A flag that `false` took away is as if it had never been named.
void DropOmitted(api::Args* args) {
  std::erase_if(*args, [](const auto& entry) { return entry.second.omits(); });
}

// What the operator sets itself wins: validation refuses it in a spec, but a class can hold it too.
std::vector<api::EnvVar> WithoutReserved(std::vector<api::EnvVar> env) {
  std::erase_if(env, [](const auto& entry) { return !api::WhyReserved(entry.name).empty(); });
  return env;
}

api::Args RouterArgs(const api::RouterSpec& router) {
  api::Args args;
  for (const auto& [key, value] : router.args) {
    args.emplace(api::NormalizeFlag(router.type, key), value);
  }
  DropOmitted(&args);
  return args;
}

// Only prefill and aggregated workers publish what their caches hold, where they hold anything.
bool PublishesKvEvents(api::RoleName role, const ContractInputs& contract, const api::Args& args,
                       const api::Args& router_args) {
  return role != api::RoleName::kDecode && RouterOf(contract.router).FollowsCaches(router_args) &&
         EngineOf(contract.engine).CachesPrefixes(args);
}

PodInputs MakePodInputs(const api::DeploymentSpec& spec) {
  return {.image_pull_policy = spec.image_pull_policy,
          .image_pull_secrets = spec.image_pull_secrets,
          .service_account = spec.service_account_name,
          .placement = spec.placement,
          .drain_seconds = spec.drain_seconds,
          .restart_token = spec.restart_token};
}

RoleInputs MakeRoleInputs(const api::DeploymentSpec& spec, api::RoleName name,
                          const api::RoleSpec& role) {
  RoleInputs inputs;
  inputs.role = name;
  inputs.accelerator_name = role.accelerator.empty() ? spec.accelerator : role.accelerator;
  inputs.parallelism = role.parallelism;
  inputs.env = WithoutReserved(api::MergeEnv({spec.engine_env, role.env}));
  inputs.env_from = spec.engine_env_from;
  inputs.env_from.insert(inputs.env_from.end(), role.env_from.begin(), role.env_from.end());
  inputs.resources = role.resources;
  inputs.pod_template = role.pod_template;
  inputs.startup_timeout_seconds = spec.startup_timeout_seconds;
  inputs.pod = MakePodInputs(spec);
  return inputs;
}

// Deals out a role's merged arguments: what both roles must agree on goes into the contract.
void SplitArgs(api::EngineType engine, const api::Args& merged, api::Args* local,
               api::Args* shared) {
  for (const auto& [flag, value] : merged) {
    (api::IsLocalFlag(engine, flag) ? local : shared)->emplace(flag, value);
  }
}

// A class's list of transports and HCAs, which UCX would look for in vain in a pod without any, or
// use where the user wants TCP.
bool NamesRdmaDevices(const std::string& variable) {
  return variable == "UCX_TLS" || variable == "UCX_NET_DEVICES" || variable.starts_with("UCX_IB_");
}

AcceleratorInputs MakeAcceleratorInputs(const api::DeploymentSpec& spec,
                                        const api::AcceleratorClass& type, const RoleInputs& role) {
  AcceleratorInputs inputs;
  inputs.node_selector = type.node_selector;
  inputs.tolerations = type.tolerations;
  inputs.gpu_resource = type.gpu_resource;
  if (api::UsesRdma(spec, role.parallelism, type)) inputs.rdma = type.rdma;
  inputs.architecture = type.architecture;
  if (role.resources.cpu.empty()) inputs.cpu_per_gpu = type.cpu_per_gpu;
  if (role.resources.memory.empty()) inputs.memory_per_gpu = type.memory_per_gpu;
  if (role.resources.shared_memory.empty()) inputs.shared_memory = type.shared_memory;
  inputs.annotations = type.annotations;
  inputs.nodes = role.parallelism.nodes(type.gpus_per_node);
  const bool whole_node = role.parallelism.gpus() == inputs.nodes * type.gpus_per_node;
  inputs.env =
      WithoutReserved(whole_node ? api::MergeEnv({type.env, type.whole_node_env}) : type.env);
  if (inputs.nodes > 1) {
    std::erase_if(inputs.env,
                  [](const auto& entry) { return !api::WhyReservedOverNodes(entry.name).empty(); });
  }
  // UCX carries KV blocks; what nodes exchange goes by NCCL, which reads none of these.
  if (!inputs.rdma || !spec.uses_rdma()) {
    std::erase_if(inputs.env, [](const auto& entry) { return NamesRdmaDevices(entry.name); });
  }
  if (inputs.rdma) inputs.security = type.security;
  return inputs;
}

// The architecture that all roles share; empty when they differ.
std::string CommonArchitecture(const std::map<api::RoleName, RoleInputs>& roles) {
  std::string common;
  for (const auto& [name, role] : roles) {
    if (!common.empty() && common != role.accelerator.architecture) return "";
    common = role.accelerator.architecture;
  }
  return common;
}

}  // namespace

Inputs SpecInputs(const api::DisaggDeployment& deployment) {
  const api::DeploymentSpec& spec = deployment.spec;
  Inputs inputs;
  inputs.model.ref = spec.model_ref;
  inputs.model.served_name = spec.served_name;
  inputs.contract.engine = spec.engine;
  inputs.contract.router = spec.router.type;
  inputs.contract.image = spec.image;
  inputs.contract.precision = spec.precision;
  inputs.contract.kv_backend = spec.kv_backend;
  inputs.router.image = spec.router.image;
  inputs.router.args = RouterArgs(spec.router);
  inputs.router.env = WithoutReserved(spec.router.env);
  inputs.router.pod_template = spec.router.pod_template;
  inputs.router.pod = MakePodInputs(spec);
  for (const auto& [name, role] : spec.roles) {
    RoleInputs& made = inputs.roles.emplace(name, MakeRoleInputs(spec, name, role)).first->second;
    api::Args merged = api::MergeArgs(spec.engine, spec.engine_args, role.args);
    DropOmitted(&merged);
    SplitArgs(spec.engine, merged, &made.args, &inputs.contract.args[name]);
    made.kv_events = PublishesKvEvents(name, inputs.contract, merged, inputs.router.args);
  }
  return inputs;
}

void ResolveInputs(const api::DisaggDeployment& deployment, const api::Resolution& resolution,
                   Inputs* inputs) {
  inputs->model = {};
  inputs->model.served_name = resolution.served_name;
  if (resolution.model) {
    inputs->model.repository = resolution.model->repository;
    inputs->model.revision = resolution.model->revision;
  }
  for (auto& [name, role] : inputs->roles) {
    role.epoch = kRenderEpoch;
    const auto resolved = resolution.roles.find(name);
    if (resolved == resolution.roles.end()) continue;
    role.artifact = resolved->second.artifact;
    // Which accelerators an artifact is for has done its work.
    role.artifact.accelerators.clear();
    if (resolved->second.accelerator) {
      role.accelerator =
          MakeAcceleratorInputs(deployment.spec, *resolved->second.accelerator, role);
    }
  }
  inputs->router.epoch = kRenderEpoch;
  if (inputs->router.image.empty()) inputs->router.architecture = CommonArchitecture(inputs->roles);
}

}  // namespace disagg::render
