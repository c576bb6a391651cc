#pragma once

#include "controllers/render/engine_renderer.h"

namespace disagg::render {

// vLLM behind Dynamo: `python3 -m dynamo.vllm`, one process for all GPUs of the pod. Over several
// nodes: data-parallel ranks that each fit a node are dealt out to all pods, each of which
// registers its own; a tensor- or pipeline-parallel engine is the leader's, and followers are
// headless.
class VllmEngine : public EngineRenderer {
 public:
  const char* Name() const override { return "vllm"; }
  std::vector<std::string> Command(const WorkerView& worker) const override;
  bool TakesArguments(const WorkerView& worker) const override;
  bool CachesPrefixes(const api::Args& args) const override;
  std::vector<std::string> Flags(const WorkerView& worker) const override;
  bool RegistersEveryRank(const WorkerView& worker) const override;
  std::map<std::string, int> Steps(const WorkerView& worker) const override;
  std::vector<api::EnvVar> Env(const WorkerView& worker) const override;
  std::vector<NamedPort> Ports(const WorkerView& worker) const override;
  nlohmann::json PodSecurity(const WorkerView& worker) const override;
  nlohmann::json ContainerSecurity(const WorkerView& worker) const override;
  std::string ScratchSize() const override;
};

}  // namespace disagg::render
