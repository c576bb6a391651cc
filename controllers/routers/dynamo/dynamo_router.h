#pragma once

#include "controllers/render/router_renderer.h"

namespace disagg::render {

// Dynamo's frontend, `python3 -m dynamo.frontend`, and the runtime that it shares with its workers:
// how they find each other, their ports, health and drain. Settings as measured with Dynamo 1.6.0
// in pods.
class DynamoRouter : public RouterRenderer {
 public:
  nlohmann::json Template(const TemplateContext& context, const ModelInputs& model,
                          const ContractInputs& contract,
                          const RouterInputs& router) const override;
  bool FollowsCaches(const api::Args& args) const override;
  std::vector<api::EnvVar> WorkerEnv(const TemplateContext& context, bool registers) const override;
  std::vector<NamedPort> WorkerPorts() const override;
  nlohmann::json WorkerLifecycle(int startup_timeout_seconds) const override;
  int WorkerGraceSeconds(int drain_seconds) const override;
  std::map<std::string, std::string> DiscoveryLabels() const override;
  NamedPort DiscoveryPort() const override;
};

}  // namespace disagg::render
