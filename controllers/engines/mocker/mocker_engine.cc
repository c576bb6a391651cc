#include "controllers/engines/mocker/mocker_engine.h"

#include "controllers/render/pod_parts.h"

namespace disagg::render {

namespace {

// A handler is needed: the kernel ignores for a container's first process what has none.
constexpr char kWait[] =
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); signal.pause()";

}  // namespace

std::vector<std::string> MockerEngine::Command(const WorkerView& worker) const {
  if (worker.kind == RankKind::kFollower) return {"python3", "-c", kWait};
  return {"python3", "-m", "dynamo.mocker"};
}

bool MockerEngine::TakesArguments(const WorkerView& worker) const {
  return worker.kind != RankKind::kFollower;
}

bool MockerEngine::CachesPrefixes(const api::Args& args) const {
  return !args.contains("no-enable-prefix-caching");
}

std::vector<std::string> MockerEngine::Flags(const WorkerView& worker) const {
  std::vector<std::string> flags{"--model-path", "/model", "--model-name",
                                 worker.model.served_name};
  if (worker.transfers_kv()) {
    flags.insert(flags.end(),
                 {"--disaggregation-mode", std::string(api::ToString(worker.role.role))});
  }
  if (worker.role.data_per_pod() > 1) {
    flags.insert(flags.end(), {"--data-parallel-size", std::to_string(worker.role.data_per_pod())});
  }
  return flags;
}

bool MockerEngine::RegistersEveryRank(const WorkerView& worker) const {
  return worker.role.parallelism.data > 1;
}

std::map<std::string, int> MockerEngine::Steps(const WorkerView&) const { return {}; }

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
