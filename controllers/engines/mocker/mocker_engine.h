#pragma once

#include "controllers/render/engine_renderer.h"

namespace disagg::render {

// Dynamo's simulated engine: `python3 -m dynamo.mocker`. It asks for the same devices as a real
// one, so that placement is the same, and touches none of them. Over several nodes it is where vLLM
// would be; followers, which have nothing to simulate, wait for their end.
class MockerEngine : public EngineRenderer {
 public:
  const char* Name() const override { return "mocker"; }
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
