#include "controllers/render/inputs_json.h"

#include "controllers/render/fragments.h"

namespace disagg::render {
namespace {

using nlohmann::json;

constexpr int kDefaultStartupTimeoutSeconds = 3600;
constexpr int kDefaultDrainSeconds = 60;
constexpr char kDefaultPullPolicy[] = "IfNotPresent";

void PutNumber(json* object, const char* key, int value, int default_value) {
  if (value != default_value) (*object)[key] = value;
}

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

json ToJson(const api::ArgValue& value) {
  switch (value.kind) {
    case api::ArgValue::Kind::kBool:
      return value.flag;
    case api::ArgValue::Kind::kList:
      return value.texts;
    case api::ArgValue::Kind::kRepeat:
      return {{"repeat", value.texts}};
    default:
      return value.texts.empty() ? "" : value.texts.front();
  }
}

json ToJson(const api::Parallelism& widths) {
  json object = json::object();
  PutNumber(&object, "tensor", widths.tensor, 1);
  PutNumber(&object, "pipeline", widths.pipeline, 1);
  PutNumber(&object, "data", widths.data, 1);
  PutNumber(&object, "context", widths.context, 1);
  PutNumber(&object, "expert", widths.expert, 1);
  PutNumber(&object, "decodeContext", widths.decode_context, 1);
  return object;
}

json ToJson(const api::ResourceRequests& resources) {
  json object = json::object();
  PutText(&object, "cpu", CanonicalQuantity(resources.cpu));
  PutText(&object, "memory", CanonicalQuantity(resources.memory));
  PutText(&object, "sharedMemory", CanonicalQuantity(resources.shared_memory));
  return object;
}

json ToJson(const api::PodTemplate& pod_template) {
  json metadata = json::object();
  PutJson(&metadata, "labels", pod_template.labels);
  PutJson(&metadata, "annotations", pod_template.annotations);
  json object = json::object();
  PutJson(&object, "metadata", std::move(metadata));
  if (!pod_template.spec.empty()) object["spec"] = ParseFragment(pod_template.spec);
  return object;
}

json ToJson(const api::PlacementSpec& placement) {
  json object = json::object();
  PutJson(&object, "nodeSelector", placement.node_selector);
  PutJson(&object, "tolerations", ParseFragments(placement.tolerations));
  PutText(&object, "priorityClassName", placement.priority_class_name);
  PutText(&object, "schedulerName", placement.scheduler_name);
  return object;
}

json ToJson(const PodInputs& pod) {
  json object = json::object();
  if (pod.image_pull_policy != kDefaultPullPolicy) {
    PutText(&object, "imagePullPolicy", pod.image_pull_policy);
  }
  PutJson(&object, "imagePullSecrets", pod.image_pull_secrets);
  PutText(&object, "serviceAccountName", pod.service_account);
  PutJson(&object, "placement", ToJson(pod.placement));
  PutNumber(&object, "drainSeconds", pod.drain_seconds, kDefaultDrainSeconds);
  PutText(&object, "restartToken", pod.restart_token);
  return object;
}

json ToJson(const api::RdmaSpec& rdma) {
  json object{{"resourceName", rdma.resource_name}};
  if (rdma.mode == api::RdmaMode::kPerPod) object["mode"] = "PerPod";
  PutNumber(&object, "value", rdma.value, 1);
  return object;
}

json ToJson(const AcceleratorInputs& accelerator) {
  json object = json::object();
  PutJson(&object, "nodeSelector", accelerator.node_selector);
  PutJson(&object, "tolerations", ParseFragments(accelerator.tolerations));
  PutText(&object, "gpuResource", accelerator.gpu_resource);
  if (accelerator.rdma) object["rdma"] = ToJson(*accelerator.rdma);
  PutText(&object, "architecture", accelerator.architecture);
  PutText(&object, "cpuPerGpu", CanonicalQuantity(accelerator.cpu_per_gpu));
  PutText(&object, "memoryPerGpu", CanonicalQuantity(accelerator.memory_per_gpu));
  PutText(&object, "sharedMemory", CanonicalQuantity(accelerator.shared_memory));
  PutJson(&object, "annotations", accelerator.annotations);
  PutJson(&object, "env", EnvList(accelerator.env));
  PutNumber(&object, "nodes", accelerator.nodes, 1);
  if (accelerator.security == api::SecurityProfile::kRdma) object["securityProfile"] = "rdma";
  return object;
}

}  // namespace

json ToJson(const api::Args& args) {
  json object = json::object();
  for (const auto& [flag, value] : args) object[flag] = ToJson(value);
  return object;
}

json ToJson(const ModelInputs& model) {
  json object = json::object();
  PutText(&object, "ref", model.ref);
  PutText(&object, "repository", model.repository);
  PutText(&object, "revision", model.revision);
  PutText(&object, "servedName", model.served_name);
  return object;
}

ModelInputs ModelFromJson(const json& model) {
  return {.ref = "",
          .repository = Text(model, "repository"),
          .revision = Text(model, "revision"),
          .served_name = Text(model, "servedName")};
}

json ToJson(const api::ModelArtifact& artifact) {
  json object = json::object();
  PutText(&object, "path", artifact.path);
  PutText(&object, "claimName", artifact.claim_name);
  PutText(&object, "subPath", artifact.sub_path);
  PutText(&object, "reference", artifact.reference);
  PutJson(&object, "nodeSelector", artifact.node_selector);
  return object;
}

api::ModelArtifact ArtifactFromJson(const json& object) {
  api::ModelArtifact artifact;
  artifact.path = Text(object, "path");
  artifact.claim_name = Text(object, "claimName");
  artifact.sub_path = Text(object, "subPath");
  artifact.reference = Text(object, "reference");
  if (!artifact.claim_name.empty()) artifact.type = api::ArtifactType::kPersistentVolumeClaim;
  if (!artifact.reference.empty()) artifact.type = api::ArtifactType::kImage;
  if (const auto selector = object.find("nodeSelector"); selector != object.end()) {
    artifact.node_selector = selector->get<std::map<std::string, std::string>>();
  }
  return artifact;
}

json ToJson(const ContractInputs& contract) {
  json object{{"image", contract.image}, {"roles", json::object()}};
  for (const auto& [role, args] : contract.args) {
    object["roles"][std::string(api::ToString(role))] = ToJson(args);
  }
  if (contract.engine != api::kDefaultEngine) object["engine"] = api::ToString(contract.engine);
  if (contract.router != api::kDefaultRouter) object["router"] = api::ToString(contract.router);
  PutText(&object, "precision", contract.precision);
  if (contract.kv_backend != api::KvBackend::kRdma) {
    object["kvBackend"] = api::ToString(contract.kv_backend);
  }
  return object;
}

json ToJson(const RoleInputs& role) {
  json object = ToJson(role.pod);
  PutText(&object, "accelerator", role.accelerator_name);
  PutJson(&object, "parallelism", ToJson(role.parallelism));
  PutJson(&object, "args", ToJson(role.args));
  PutJson(&object, "env", EnvList(role.env));
  PutJson(&object, "envFrom", ParseFragments(role.env_from));
  PutJson(&object, "resources", ToJson(role.resources));
  PutJson(&object, "podTemplate", ToJson(role.pod_template));
  PutNumber(&object, "startupTimeoutSeconds", role.startup_timeout_seconds,
            kDefaultStartupTimeoutSeconds);
  if (role.kv_events) object["kvEvents"] = true;
  json resolved = json::object();
  PutJson(&resolved, "accelerator", ToJson(role.accelerator));
  PutJson(&resolved, "artifact", ToJson(role.artifact));
  PutJson(&object, "resolved", std::move(resolved));
  PutNumber(&object, "renderEpoch", role.epoch, 0);
  return object;
}

json ToJson(const RouterInputs& router) {
  json object = ToJson(router.pod);
  PutText(&object, "image", router.image);
  PutJson(&object, "args", ToJson(router.args));
  PutJson(&object, "env", EnvList(router.env));
  PutJson(&object, "podTemplate", ToJson(router.pod_template));
  json resolved = json::object();
  PutText(&resolved, "architecture", router.architecture);
  PutJson(&object, "resolved", std::move(resolved));
  PutNumber(&object, "renderEpoch", router.epoch, 0);
  return object;
}

}  // namespace disagg::render
