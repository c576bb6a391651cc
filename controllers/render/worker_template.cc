#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "controllers/api/engine_args.h"
#include "controllers/api/env.h"
#include "controllers/api/labels.h"
#include "controllers/api/reserved_env.h"
#include "controllers/api/reserved_pod.h"
#include "controllers/render/engine_renderer.h"
#include "controllers/render/fragments.h"
#include "controllers/render/metadata.h"
#include "controllers/render/pod_parts.h"
#include "controllers/render/pod_template.h"
#include "controllers/render/router_renderer.h"
#include "controllers/render/template.h"

namespace disagg::render {
namespace {

using nlohmann::json;

constexpr char kModelPath[] = "/model";

// Ours < class < engine.env < role.env; all of them win over envFrom. Ours come first, so that
// others may refer to $(POD_NAME).
std::vector<api::EnvVar> WorkerEnv(const EngineRenderer& engine, const WorkerView& worker) {
  // HOME may be anything that can be written; caches of compiled code go there.
  const RouterRenderer& router = RouterOf(worker.contract.router);
  return api::InOrderOfReferences(
      api::MergeEnv({router.WorkerEnv(worker.context, worker.registers()),
                     {{"HOME", "/tmp", ""}},
                     engine.Env(worker),
                     worker.role.accelerator.env,
                     worker.role.env}));
}

std::vector<std::string> WorkerArgs(const EngineRenderer& engine, const WorkerView& worker) {
  if (!engine.TakesArguments(worker)) return {};
  std::vector<std::string> args = engine.Flags(worker);
  api::Args free = worker.contract.args.at(worker.role.role);
  free.insert(worker.role.args.begin(), worker.role.args.end());
  for (const std::string& word : api::ToCommandLine(free)) {
    args.push_back(api::EscapeReferences(word));
  }
  return args;
}

// Kubernetes lets `env` win over `envFrom`, whose keys the operator cannot read. What is reserved
// and has no value in `env` is taken away before the engine starts. Not NVIDIA_VISIBLE_DEVICES: it
// has done its work by then, and its value is the device plugin's. Nor what RenderPod sets: that is
// no part of `env` yet.
json WorkerCommand(const EngineRenderer& engine, const WorkerView& worker,
                   const std::vector<api::EnvVar>& env) {
  std::vector<std::string> command;
  if (!worker.role.env_from.empty()) {
    std::set<std::string_view> given{"NVIDIA_VISIBLE_DEVICES", kLeaderAddress, kRank,
                                     kDataStartRank};
    for (const api::EnvVar& variable : env) given.insert(variable.name);
    command.push_back("env");
    const auto take_away = [&](std::span<const api::ReservedVariable> variables) {
      for (const api::ReservedVariable& reserved : variables) {
        if (given.contains(reserved.name)) continue;
        command.insert(command.end(), {"-u", std::string(reserved.name)});
      }
    };
    take_away(api::ReservedEnv());
    if (worker.nodes() > 1) take_away(api::ReservedOverNodes());
  }
  const std::vector<std::string> program = engine.Command(worker);
  command.insert(command.end(), program.begin(), program.end());
  return command;
}

json WorkerPorts(const EngineRenderer& engine, const WorkerView& worker) {
  std::vector<NamedPort> ports;
  if (worker.registers()) ports = RouterOf(worker.contract.router).WorkerPorts();
  const std::vector<NamedPort> of_engine = engine.Ports(worker);
  ports.insert(ports.end(), of_engine.begin(), of_engine.end());
  json list = json::array();
  for (const NamedPort& port : ports) list.push_back(ContainerPort(port.name, port.number));
  return list;
}

// Requests equal limits: QoS Guaranteed, which exclusive cores and NUMA alignment need. Memory
// holds /dev/shm as well: a memory emptyDir is charged to the container that writes it, so
// perGPU.memory times GPUs has to be larger than sharedMemory.
json WorkerResources(const RoleInputs& role) {
  const AcceleratorInputs& accelerator = role.accelerator;
  const int gpus = role.gpus_per_pod();
  json amounts = json::object();
  PutText(&amounts, "cpu",
          role.resources.cpu.empty() ? TimesQuantity(accelerator.cpu_per_gpu, gpus)
                                     : CanonicalQuantity(role.resources.cpu));
  PutText(&amounts, "memory",
          role.resources.memory.empty() ? TimesQuantity(accelerator.memory_per_gpu, gpus)
                                        : CanonicalQuantity(role.resources.memory));
  if (!accelerator.gpu_resource.empty()) {
    amounts[accelerator.gpu_resource] = std::to_string(gpus);
  }
  if (accelerator.rdma) {
    const bool per_gpu = accelerator.rdma->mode == api::RdmaMode::kPerGpu;
    amounts[accelerator.rdma->resource_name] =
        std::to_string(accelerator.rdma->value * (per_gpu ? gpus : 1));
  }
  return {{"requests", amounts}, {"limits", amounts}};
}

// The role's or the class's; "": the container runtime's 64 MiB.
std::string SharedMemory(const RoleInputs& role) {
  const bool of_role = !role.resources.shared_memory.empty();
  return CanonicalQuantity(of_role ? role.resources.shared_memory : role.accelerator.shared_memory);
}

// Weights are only ever mounted for reading.
json ModelVolume(const api::ModelArtifact& artifact) {
  json volume{{"name", "model"}};
  switch (artifact.type) {
    case api::ArtifactType::kHostPath:
      // Type Directory: a node without the weights fails here, not in a download or an empty
      // folder.
      volume["hostPath"] = {{"path", artifact.path}, {"type", "Directory"}};
      break;
    case api::ArtifactType::kPersistentVolumeClaim:
      volume["persistentVolumeClaim"] = {{"claimName", artifact.claim_name}, {"readOnly", true}};
      break;
    case api::ArtifactType::kImage:
      volume["image"] = {{"reference", artifact.reference}, {"pullPolicy", "IfNotPresent"}};
      break;
  }
  return volume;
}

json ModelMount(const api::ModelArtifact& artifact) {
  json mount = Mount("model", kModelPath);
  mount["readOnly"] = true;
  PutText(&mount, "subPath", artifact.sub_path);
  return mount;
}

struct Storage {
  json volumes, mounts;
};

Storage WorkerStorage(const EngineRenderer& engine, const RoleInputs& role) {
  Storage storage{
      .volumes = json::array({ModelVolume(role.artifact), EmptyDir("tmp", engine.ScratchSize())}),
      .mounts = json::array({ModelMount(role.artifact), Mount("tmp", "/tmp")})};
  const std::string shared_memory = SharedMemory(role);
  if (!shared_memory.empty()) {
    json shared = EmptyDir("shm", shared_memory);
    shared["emptyDir"]["medium"] = "Memory";
    storage.volumes.push_back(std::move(shared));
    storage.mounts.push_back(Mount("shm", "/dev/shm"));
  }
  return storage;
}

json EngineContainer(const EngineRenderer& engine, const WorkerView& worker) {
  const RoleInputs& role = worker.role;
  json container = NamedContainer(api::OwnContainer(role.role), worker.contract.image, role.pod);
  if (worker.registers()) {
    const RouterRenderer& router = RouterOf(worker.contract.router);
    container.update(router.WorkerLifecycle(role.startup_timeout_seconds));
  }
  const std::vector<api::EnvVar> env = WorkerEnv(engine, worker);
  container["command"] = WorkerCommand(engine, worker, env);
  PutJson(&container, "args", WorkerArgs(engine, worker));
  container["env"] = EnvList(env);
  PutJson(&container, "envFrom", ParseFragments(role.env_from));
  PutJson(&container, "ports", WorkerPorts(engine, worker));
  container["resources"] = WorkerResources(role);
  container["securityContext"] = engine.ContainerSecurity(worker);
  return container;
}

// Class, artifact and placement agree where they name one key: validation has refused all else.
json NodeSelector(const RoleInputs& role) {
  std::map<std::string, std::string> selector = role.accelerator.node_selector;
  if (!role.accelerator.architecture.empty()) {
    selector["kubernetes.io/arch"] = role.accelerator.architecture;
  }
  selector.insert(role.artifact.node_selector.begin(), role.artifact.node_selector.end());
  selector.insert(role.pod.placement.node_selector.begin(), role.pod.placement.node_selector.end());
  return selector;
}

json Tolerations(const RoleInputs& role) {
  std::vector<std::string> texts = role.accelerator.tolerations;
  const std::vector<std::string>& more = role.pod.placement.tolerations;
  texts.insert(texts.end(), more.begin(), more.end());
  return ParseFragments(texts);
}

// The role under which an endpoint picker of llm-d knows the worker.
std::string LlmdRole(api::RoleName role) {
  return role == api::RoleName::kAggregated ? "both" : std::string(api::ToString(role));
}

json WorkerMetadata(const EngineRenderer& engine, const WorkerView& worker) {
  const std::string role(api::ToString(worker.role.role));
  json labels = CommonLabels(worker.context.deployment, engine.Name(), role);
  labels[api::kLabelRole] = role;
  labels[api::kLabelContract] = worker.context.contract;
  if (worker.registers()) {
    labels[api::kLabelDiscovery] = api::kDiscoveryEnabled;
    labels[api::kLabelLlmdRole] = LlmdRole(worker.role.role);
    labels[api::kLabelLlmdModel] = LabelValue(worker.model.served_name);
  }
  json annotations = worker.role.accelerator.annotations;
  annotations[api::kAnnotationModel] = worker.model.served_name;
  return {{"labels", labels}, {"annotations", annotations}};
}

// A template says how often probes ask; where nothing is asked, that is no probe.
void RemoveProbes(json* container) {
  for (const char* probe : {"startupProbe", "readinessProbe", "livenessProbe"}) {
    container->erase(probe);
  }
}

json WorkerTemplate(const EngineRenderer& engine, const WorkerView& worker) {
  const RoleInputs& role = worker.role;
  json spec = CommonPodSpec(role.pod, worker.context.deployment);
  // A rank that starts again alone hangs: the operator replaces all of them.
  if (worker.nodes() > 1) spec["restartPolicy"] = "Never";
  spec["terminationGracePeriodSeconds"] =
      RouterOf(worker.contract.router).WorkerGraceSeconds(role.pod.drain_seconds);
  spec["securityContext"] = engine.PodSecurity(worker);
  Storage storage = WorkerStorage(engine, role);
  json container = EngineContainer(engine, worker);
  container["volumeMounts"] = std::move(storage.mounts);
  spec["containers"] = json::array({std::move(container)});
  spec["volumes"] = std::move(storage.volumes);
  PutJson(&spec, "nodeSelector", NodeSelector(role));
  PutJson(&spec, "tolerations", Tolerations(role));
  PutText(&spec, "schedulerName", role.pod.placement.scheduler_name);
  json made = LayOver(role.pod_template,
                      {{"metadata", WorkerMetadata(engine, worker)}, {"spec", std::move(spec)}});
  if (!worker.registers()) RemoveProbes(&made["spec"]["containers"][0]);
  if (worker.nodes() > 1) PutJson(&made, "steps", engine.Steps(worker));
  return made;
}

}  // namespace

json RenderWorkerPods(const TemplateContext& context, const ModelInputs& model,
                      const ContractInputs& contract, const RoleInputs& role) {
  const EngineRenderer& engine = EngineOf(contract.engine);
  WorkerView worker{context, model, contract, role};
  const auto pods = [&](RankKind kind, const char* name, int count) {
    worker.kind = kind;
    return json{{"kind", name}, {"count", count}, {"template", WorkerTemplate(engine, worker)}};
  };
  const int nodes = role.accelerator.nodes;
  if (nodes == 1 || engine.RegistersEveryRank(worker)) {
    return json::array({pods(RankKind::kRank, "rank", nodes)});
  }
  return json::array(
      {pods(RankKind::kLeader, "leader", 1), pods(RankKind::kFollower, "follower", nodes - 1)});
}

}  // namespace disagg::render
