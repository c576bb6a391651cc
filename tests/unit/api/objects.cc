#include "tests/unit/api/objects.h"

#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "controllers/api/decode.h"
#include "controllers/api/validation.h"

namespace disagg::api::test {
namespace {

constexpr char kMinimax[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "ServingModel",
  "metadata": {"name": "minimax-m3-nvfp4", "uid": "m-1", "resourceVersion": "1",
               "creationTimestamp": "2026-11-01T00:00:00Z"},
  "spec": {
    "repository": "nvidia/MiniMax-M3-NVFP4", "revision": "main",
    "aliases": ["nvidia/MiniMax-M3-NVFP4", "minimax-m3"],
    "precision": "fp4", "servedName": "nvidia/MiniMax-M3-NVFP4",
    "artifacts": [
      {"type": "HostPath", "accelerators": ["b200"], "path": "/scratch/MiniMax-M3-NVFP4",
       "nodeSelector": {"models.disagg.dev/minimax-m3-nvfp4": "staged"}},
      {"type": "PersistentVolumeClaim", "accelerators": ["gb200", "b200"], "claimName": "models",
       "subPath": "MiniMax-M3-NVFP4"}]}})";

constexpr char kQwen[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "ServingModel",
  "metadata": {"name": "qwen3-32b", "uid": "m-2", "resourceVersion": "2",
               "creationTimestamp": "2026-11-02T00:00:00Z"},
  "spec": {"repository": "Qwen/Qwen3-32B", "precision": "bf16",
           "artifacts": [{"type": "Image", "reference": "registry.example/models/qwen3-32b:1"}]}})";

constexpr char kDeepseek[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "ServingModel",
  "metadata": {"name": "deepseek-r1", "uid": "m-3", "resourceVersion": "3",
               "creationTimestamp": "2026-11-03T00:00:00Z"},
  "spec": {"repository": "deepseek-ai/DeepSeek-R1", "precision": "fp8",
           "aliases": ["deepseek-ai/DeepSeek-R1"],
           "artifacts": [{"type": "HostPath", "path": "/models/r1"}],
           "allowedNamespaces": {"matchLabels": {"team": "research"}}}})";

constexpr char kB200[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "AcceleratorClass",
  "metadata": {"name": "b200", "uid": "c-1", "resourceVersion": "4"},
  "spec": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-B200"},
           "gpu": {"type": "DevicePlugin", "resourceName": "nvidia.com/gpu", "perNode": 8},
           "rdma": {"type": "DevicePlugin", "resourceName": "rdma/ib",
                    "quantity": {"mode": "PerGPU", "value": 1}},
           "precisions": ["fp4", "mxfp4", "fp8", "bf16", "fp16"], "architecture": "amd64",
           "perGPU": {"cpu": "12", "memory": "120Gi"}, "sharedMemory": "64Gi",
           "securityProfile": "rdma"}})";

constexpr char kGb200[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "AcceleratorClass",
  "metadata": {"name": "gb200", "uid": "c-2", "resourceVersion": "5"},
  "spec": {"gpu": {"resourceName": "nvidia.com/gpu", "perNode": 4},
           "rdma": {"resourceName": "rdma/ib"},
           "precisions": ["fp4", "fp8", "bf16"]}})";

constexpr char kH200[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "AcceleratorClass",
  "metadata": {"name": "h200", "uid": "c-3", "resourceVersion": "6"},
  "spec": {"gpu": {"resourceName": "nvidia.com/gpu", "perNode": 8},
           "precisions": ["fp8", "bf16", "fp16"]}})";

template <typename T>
T Must(base::Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::abort();
  }
  return std::move(result).value();
}

}  // namespace

const char kDeployment[] = R"({
  "apiVersion": "disagg.dev/v1alpha1", "kind": "DisaggDeployment",
  "metadata": {"name": "minimax-m3", "namespace": "serving", "uid": "d-1", "resourceVersion": "7",
               "generation": 3, "creationTimestamp": "2026-11-20T00:00:00Z"},
  "spec": {
    "model": {"ref": "nvidia/MiniMax-M3-NVFP4"},
    "container": {"image": "vllm/vllm-openai:vllm-minimax-m3-perf-x86_64-13.0.1-8b00f41"},
    "precision": "fp4",
    "accelerator": "b200",
    "engine": {
      "type": "vllm", "runtime": "dynamo",
      "args": {"trust-remote-code": true, "kv-cache-dtype": "fp8", "block-size": 128,
               "max-model-len": 9472},
      "env": [{"name": "NCCL_CUMEM_ENABLE", "value": "1"}]},
    "kvTransfer": {"connector": "nixl", "backend": "rdma"},
    "prefill": {"replicas": 2, "parallelism": {"data": 2, "expert": 2},
                "args": {"enforce-eager": true, "max-num-seqs": 16}},
    "decode": {"replicas": 1, "parallelism": {"data": 8, "expert": 8},
               "args": {"max-num-seqs": 512}},
    "router": {"type": "dynamo", "replicas": 1, "args": {"router-mode": "kv"}},
    "health": {"startupTimeoutSeconds": 3600}}})";

std::string Patched(const std::string& object, const std::string& patch) {
  nlohmann::json json = nlohmann::json::parse(object);
  json.merge_patch(nlohmann::json::parse(patch));
  return json.dump();
}

std::shared_ptr<const DisaggDeployment> Deployment(const std::string& patch) {
  return Must(DecodeDisaggDeployment(Patched(kDeployment, patch)));
}

std::shared_ptr<const ServingModel> Model(const std::string& json) {
  return Must(DecodeServingModel(json));
}

std::shared_ptr<const AcceleratorClass> Class(const std::string& json) {
  return Must(DecodeAcceleratorClass(json));
}

const Catalogue& TestCatalogue() {
  static const Catalogue kCatalogue{.models = {Model(kMinimax), Model(kQwen), Model(kDeepseek)},
                                    .classes = {Class(kB200), Class(kGb200), Class(kH200)}};
  return kCatalogue;
}

std::vector<std::string> Messages(const std::string& patch, const Catalogue& catalogue,
                                  const std::map<std::string, std::string>& namespace_labels) {
  const auto deployment = Deployment(patch);
  const Resolution resolution = Resolve(*deployment, catalogue, namespace_labels);
  std::vector<std::string> messages;
  for (const FieldError& error : Validate(*deployment, resolution)) {
    messages.push_back(error.message);
  }
  return messages;
}

void ExpectMessages(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    std::vector<std::string> expected;
    if (*c.message != '\0') expected.push_back(c.message);
    EXPECT_EQ(Messages(c.patch), expected) << c.sentence;
  }
}

}  // namespace disagg::api::test
