// What a replica needs against what a node has.
//
//   GPUs per replica = tensor x pipeline x data x context
//   e.g. {data: 8, expert: 8} = 1 x 1 x 8 x 1 = 8: one node of eight; {data: 12} fits none

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

void CheckGpus(const std::string& path, const Parallelism& widths, const AcceleratorClass& type,
               Errors* errors) {
  if (type.gpus_per_node < 1 || widths.gpus() <= type.gpus_per_node) return;
  const std::string node = std::to_string(type.gpus_per_node);
  errors->push_back(ErrorAt(
      path, "needs tensor x pipeline x data x context = " + std::to_string(widths.tensor) + " x " +
                std::to_string(widths.pipeline) + " x " + std::to_string(widths.data) + " x " +
                std::to_string(widths.context) + " = " + std::to_string(widths.gpus()) +
                " GPUs; a " + type.meta.name + " node has " + node +
                ", and a replica is at most one node; choose widths of at most " + node + " GPUs"));
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
  for (const auto& [name, resolved] : resolution.roles) {
    const AcceleratorClass& type = *resolved.accelerator;
    CheckGpus(RolePath(name) + ".parallelism", spec.roles.at(name).parallelism, type, errors);
    if (!checked.insert(type.meta.name).second) continue;
    CheckClass(AcceleratorPath(spec, name), type, errors);
    CheckPrecision(spec, type, errors);
    CheckNetwork(spec, type, errors);
  }
}

}  // namespace disagg::api
