// What a replica needs against what a node has.
//
//   GPUs per replica = tensor x pipeline x data x context
//   e.g. {data: 8, expert: 8} = 1 x 1 x 8 x 1 = 8: one node of eight; {data: 12} fits none
//
// A replica larger than a node takes whole nodes. Either it is one engine over all of them, or each
// of its data-parallel ranks lies within a node:
//
//   {tensor: 16}, {tensor: 8, pipeline: 2}     two nodes of eight
//   {tensor: 4, data: 4}                       two nodes of eight, two ranks on each
//   {tensor: 16, data: 2}, {tensor: 6, data: 4} refused: ranks of 16 and of 6 GPUs fill no node

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>

#include "controllers/api/messages.h"
#include "controllers/api/reserved_env.h"
#include "controllers/api/validation_checks.h"
#include "operator/base/quantity.h"

namespace disagg::api {
namespace {

constexpr int kWidest = 1024;

struct Width {
  const char* name;
  int value;
};

bool CheckWidths(const std::string& path, const Parallelism& widths, Errors* errors) {
  const std::size_t before = errors->size();
  for (const Width& width :
       std::initializer_list<Width>{{"tensor", widths.tensor},
                                    {"pipeline", widths.pipeline},
                                    {"data", widths.data},
                                    {"context", widths.context},
                                    {"expert", widths.expert},
                                    {"decodeContext", widths.decode_context}}) {
    if (width.value >= 1 && width.value <= kWidest) continue;
    errors->push_back(ErrorOf(path + "." + width.name, std::to_string(width.value),
                              "must be from 1 to " + std::to_string(kWidest) + "; 1 is off"));
  }
  return errors->size() == before;
}

void CheckExpressible(const std::string& path, const Parallelism& widths, EngineType type,
                      Errors* errors) {
  const std::string engine(ToString(type));
  const int ranks = widths.tensor * widths.data;
  if (widths.context > 1) {
    errors->push_back(ErrorOf(path + ".context", std::to_string(widths.context),
                              engine + " has no prefill context parallelism; remove it, or use "
                                       "tensor or data"));
  }
  if (widths.expert > 1 && widths.expert != ranks) {
    const std::string product = std::to_string(widths.tensor) + " x " + std::to_string(widths.data);
    errors->push_back(ErrorOf(path + ".expert", std::to_string(widths.expert),
                              engine + " spreads experts over tensor x data = " + product +
                                  " GPUs or not at all; write " + std::to_string(ranks) +
                                  ", or remove it"));
  }
  if (widths.tensor % widths.decode_context != 0) {
    errors->push_back(ErrorOf(path + ".decodeContext", std::to_string(widths.decode_context),
                              "does not divide tensor = " + std::to_string(widths.tensor) +
                                  "; it splits the tensor-parallel group; choose a divisor of "
                                  "tensor"));
  }
}

// "needs ... GPUs; a b200 node has 8"
std::string Need(const Parallelism& widths, const AcceleratorClass& type) {
  return "needs tensor x pipeline x data x context = " + std::to_string(widths.tensor) + " x " +
         std::to_string(widths.pipeline) + " x " + std::to_string(widths.data) + " x " +
         std::to_string(widths.context) + " = " + std::to_string(widths.gpus()) + " GPUs; a " +
         type.meta.name + " node has " + std::to_string(type.gpus_per_node);
}

// Empty: the replica fits a node, or fills some.
std::string WhyNotPlaced(const Parallelism& widths, const AcceleratorClass& type) {
  const int node = type.gpus_per_node, gpus = widths.gpus();
  if (gpus <= node) return "";
  if (gpus > node * kMostNodes) {
    return Need(widths, type) + ", and a replica is at most " + std::to_string(kMostNodes) +
           " nodes; choose widths of at most " + std::to_string(node * kMostNodes) +
           " GPUs, or add replicas";
  }
  if (gpus % node != 0) {
    const int fewer = gpus / node * node;
    return Need(widths, type) +
           ", and a replica larger than a node takes whole nodes; choose widths of " +
           std::to_string(fewer) + " or " + std::to_string(fewer + node) + " GPUs";
  }
  const int rank = widths.tensor * widths.pipeline;
  if (widths.data == 1 || node % rank == 0) return "";
  return Need(widths, type) + ", and each of its " + std::to_string(widths.data) +
         " data-parallel ranks, of tensor x pipeline = " + std::to_string(widths.tensor) + " x " +
         std::to_string(widths.pipeline) + " = " + std::to_string(rank) +
         " GPUs, has to lie within a node and fill it with others; choose tensor x pipeline that "
         "divides " +
         std::to_string(node) + ", or write data: 1";
}

void CheckGpus(const std::string& path, const Parallelism& widths, const AcceleratorClass& type,
               Errors* errors) {
  if (type.gpus_per_node < 1) return;
  const std::string why = WhyNotPlaced(widths, type);
  if (!why.empty()) errors->push_back(ErrorAt(path, why));
}

// Variables that are free on one node.
void CheckEnvOverNodes(const std::string& path, const std::vector<EnvVar>& env, Errors* errors) {
  for (std::size_t i = 0; i < env.size(); ++i) {
    const std::string_view why = WhyReservedOverNodes(env[i].name);
    if (why.empty()) continue;
    errors->push_back(
        ErrorOf(path + "[" + std::to_string(i) + "].name", env[i].name, NotOverNodes(why)));
  }
}

void CheckPrecision(const DeploymentSpec& spec, const AcceleratorClass& type, Errors* errors) {
  const auto& known = type.precisions;
  if (known.empty() || !IsPrecision(spec.precision)) return;
  if (std::find(known.begin(), known.end(), spec.precision) != known.end()) return;
  errors->push_back(ErrorOf("spec.precision", spec.precision,
                            "AcceleratorClass " + type.meta.name + " supports " + Listed(known) +
                                "; use a class that supports " + spec.precision +
                                ", or a model of another precision"));
}

// A class that the platform team got wrong is told to whoever runs into it, too.
void CheckClass(const std::string& path, const AcceleratorClass& type, Errors* errors) {
  const auto refuse = [&](const std::string& what) {
    errors->push_back(ErrorOf(
        path, type.meta.name,
        "AcceleratorClass " + type.meta.name + " " + what + "; ask the platform team to correct it",
        "AcceleratorInvalid"));
  };
  if (type.gpus_per_node < 1) refuse("has no GPUs on a node (spec.gpu.perNode)");
  if (type.gpu_resource.empty()) refuse("does not name its GPU resource (spec.gpu.resourceName)");
  if (type.rdma && type.rdma->resource_name.empty()) {
    refuse("does not name its RDMA resource (spec.rdma.resourceName)");
  }
  for (const auto& [field, env] :
       {std::pair("spec.env", &type.env), std::pair("spec.wholeNodeEnv", &type.whole_node_env)}) {
    for (const EnvVar& variable : *env) {
      const std::string_view why = WhyReserved(variable.name);
      if (why.empty()) continue;
      refuse("sets " + variable.name + " in " + field + ", which is the operator's to set (" +
             std::string(why) + ")");
    }
  }
  for (const auto& [field, text] : {std::pair("spec.perGPU.cpu", &type.cpu_per_gpu),
                                    std::pair("spec.perGPU.memory", &type.memory_per_gpu),
                                    std::pair("spec.sharedMemory", &type.shared_memory)}) {
    if (!text->empty() && !base::Quantity::Parse(*text)) {
      refuse("has " + std::string(field) + " " + Quoted(*text) + ", which is not a quantity");
    }
  }
}

void CheckNetwork(const DeploymentSpec& spec, const AcceleratorClass& type, Errors* errors) {
  if (!spec.uses_rdma() || type.rdma) return;
  errors->push_back(ErrorOf("spec.kvTransfer.backend", "rdma",
                            "AcceleratorClass " + type.meta.name +
                                " has no rdma; write kvTransfer.backend: tcp, or use a class with "
                                "rdma"));
}

void CheckModelPrecision(const DeploymentSpec& spec, const ServingModel& model, Errors* errors) {
  if (model.precision.empty() || model.precision == spec.precision) return;
  if (!IsPrecision(spec.precision)) return;
  errors->push_back(ErrorOf("spec.precision", spec.precision,
                            "ServingModel " + model.meta.name + " is " + model.precision +
                                "; write precision: " + model.precision + ", or name a " +
                                spec.precision + " model in spec.model.ref"));
}

}  // namespace

void CheckParallelism(const DeploymentSpec& spec, Errors* errors) {
  for (const auto& [name, role] : spec.roles) {
    const std::string path = RolePath(name) + ".parallelism";
    if (!CheckWidths(path, role.parallelism, errors)) continue;
    CheckExpressible(path, role.parallelism, spec.engine, errors);
  }
}

void CheckHardware(const DeploymentSpec& spec, const Resolution& resolution, Errors* errors) {
  if (resolution.model) CheckModelPrecision(spec, *resolution.model, errors);
  std::set<std::string> checked;
  bool over_nodes = false;
  for (const auto& [name, resolved] : resolution.roles) {
    const AcceleratorClass& type = *resolved.accelerator;
    const RoleSpec& role = spec.roles.at(name);
    CheckGpus(RolePath(name) + ".parallelism", role.parallelism, type, errors);
    if (role.parallelism.nodes(type.gpus_per_node) > 1) {
      over_nodes = true;
      CheckEnvOverNodes(RolePath(name) + ".env", role.env, errors);
    }
    if (!checked.insert(type.meta.name).second) continue;
    CheckClass(AcceleratorPath(spec, name), type, errors);
    CheckPrecision(spec, type, errors);
    CheckNetwork(spec, type, errors);
  }
  if (over_nodes) CheckEnvOverNodes("spec.engine.env", spec.engine_env, errors);
}

}  // namespace disagg::api
