#pragma once

#include "controllers/render/engine_renderer.h"

namespace disagg::render {

// vLLM behind Dynamo: `python3 -m dynamo.vllm`, one process for all GPUs of the pod.
class VllmEngine : public EngineRenderer {
 public:
  const char* Name() const override { return "vllm"; }
  std::vector<std::string> Command() const override;
  std::vector<std::string> Flags(const WorkerView& worker) const override;
  std::vector<api::EnvVar> Env(const WorkerView& worker) const override;
  std::vector<NamedPort> Ports(const WorkerView& worker) const override;
  nlohmann::json PodSecurity(const WorkerView& worker) const override;
  nlohmann::json ContainerSecurity(const WorkerView& worker) const override;
  std::string ScratchSize() const override;
};

}  // namespace disagg::render
