#include "controllers/render/engines/mocker/mocker_engine.h"

#include "controllers/render/pod_parts.h"

namespace disagg::render {

std::vector<std::string> MockerEngine::Command() const {
  return {"python3", "-m", "dynamo.mocker"};
}

std::vector<std::string> MockerEngine::Flags(const WorkerView& worker) const {
  std::vector<std::string> flags{"--model-path", "/model", "--model-name",
                                 worker.model.served_name};
  if (worker.transfers_kv()) {
    flags.insert(flags.end(),
                 {"--disaggregation-mode", std::string(api::ToString(worker.role.role))});
  }
  if (worker.role.parallelism.data > 1) {
    flags.insert(flags.end(),
                 {"--data-parallel-size", std::to_string(worker.role.parallelism.data)});
  }
  return flags;
}

std::vector<api::EnvVar> MockerEngine::Env(const WorkerView&) const { return {}; }

std::vector<NamedPort> MockerEngine::Ports(const WorkerView&) const { return {}; }

nlohmann::json MockerEngine::PodSecurity(const WorkerView&) const {
  return RestrictedPodSecurity();
}

nlohmann::json MockerEngine::ContainerSecurity(const WorkerView&) const {
  return RestrictedContainerSecurity();
}

std::string MockerEngine::ScratchSize() const { return "1Gi"; }

}  // namespace disagg::render
