// The two kinds that the platform team writes.

#include "controllers/api/decode_parts.h"

namespace disagg::api {
namespace {

enum class Only { kOnly };

ModelArtifact DecodeArtifact(const JsonReader& artifact) {
  ModelArtifact decoded;
  decoded.type = artifact.Choice<ArtifactType>(
      "type",
      {{"HostPath", ArtifactType::kHostPath},
       {"PersistentVolumeClaim", ArtifactType::kPersistentVolumeClaim},
       {"Image", ArtifactType::kImage}},
      ArtifactType::kHostPath);
  decoded.accelerators = artifact.Texts("accelerators");
  decoded.path = artifact.Text("path");
  decoded.node_selector = artifact.TextMap("nodeSelector");
  decoded.claim_name = artifact.Text("claimName");
  decoded.sub_path = artifact.Text("subPath");
  decoded.reference = artifact.Text("reference");
  return decoded;
}

LabelSelector DecodeSelector(const JsonReader& selector) {
  LabelSelector decoded;
  decoded.match_labels = selector.TextMap("matchLabels");
  for (const JsonReader& requirement : selector.Children("matchExpressions")) {
    decoded.match_expressions.push_back({.key = requirement.Text("key"),
                                         .op = requirement.Text("operator"),
                                         .values = requirement.Texts("values")});
  }
  return decoded;
}

RdmaSpec DecodeRdma(const JsonReader& rdma) {
  rdma.Choice<Only>("type", {{"DevicePlugin", Only::kOnly}}, Only::kOnly);
  RdmaSpec decoded;
  decoded.resource_name = rdma.Text("resourceName");
  const JsonReader quantity = rdma.Child("quantity");
  decoded.mode = quantity.Choice<RdmaMode>(
      "mode", {{"PerGPU", RdmaMode::kPerGpu}, {"PerPod", RdmaMode::kPerPod}}, decoded.mode);
  decoded.value = quantity.Integer("value", decoded.value);
  return decoded;
}

}  // namespace

void DecodeInto(const nlohmann::json& object, ServingModel* decoded,
                std::vector<std::string>* errors) {
  const JsonReader spec = JsonReader(&object, "", errors).Child("spec");
  decoded->repository = spec.Text("repository");
  decoded->revision = spec.Text("revision");
  decoded->aliases = spec.Texts("aliases");
  decoded->precision = spec.Text("precision");
  decoded->served_name = spec.Text("servedName");
  for (const JsonReader& artifact : spec.Children("artifacts")) {
    decoded->artifacts.push_back(DecodeArtifact(artifact));
  }
  decoded->allowed_namespaces = DecodeSelector(spec.Child("allowedNamespaces"));
  if (object.contains("status")) decoded->conditions = DecodeConditions(object["status"]);
}

void DecodeInto(const nlohmann::json& object, AcceleratorClass* decoded,
                std::vector<std::string>* errors) {
  const JsonReader spec = JsonReader(&object, "", errors).Child("spec");
  decoded->node_selector = spec.TextMap("nodeSelector");
  decoded->tolerations = spec.Fragments("tolerations");
  const JsonReader gpu = spec.Child("gpu");
  gpu.Choice<Only>("type", {{"DevicePlugin", Only::kOnly}}, Only::kOnly);
  decoded->gpu_resource = gpu.Text("resourceName");
  decoded->gpus_per_node = gpu.Integer("perNode", 0);
  if (spec.Has("rdma")) decoded->rdma = DecodeRdma(spec.Child("rdma"));
  decoded->precisions = spec.Texts("precisions");
  decoded->architecture = spec.Text("architecture");
  const JsonReader per_gpu = spec.Child("perGPU");
  decoded->cpu_per_gpu = per_gpu.QuantityText("cpu");
  decoded->memory_per_gpu = per_gpu.QuantityText("memory");
  decoded->shared_memory = spec.QuantityText("sharedMemory");
  decoded->annotations = spec.TextMap("annotations");
  decoded->env = DecodeEnv(spec);
  decoded->whole_node_env = DecodeEnv(spec, "wholeNodeEnv");
  decoded->security = spec.Choice<SecurityProfile>(
      "securityProfile", {{"none", SecurityProfile::kNone}, {"rdma", SecurityProfile::kRdma}},
      SecurityProfile::kNone);
}

}  // namespace disagg::api
