#include "controllers/api/reserved_pod.h"

#include <algorithm>

namespace disagg::api {
namespace {

constexpr std::string_view kRemove = "remove it";
constexpr std::string_view kOneField = "another field stands for it";

constexpr ReservedField kPodFields[] = {
    {"activeDeadlineSeconds", "a pod serves for as long as it is wanted", kRemove},
    {"automountServiceAccountToken", "workers and router find each other through the API server",
     kRemove},
    {"ephemeralContainers", "only a running pod can have them", "use kubectl debug"},
    {"hostname", "it is the pod's name", kRemove},
    {"hostnameOverride", "the hostname is the pod's name", kRemove},
    {"nodeName", "the scheduler chooses the node",
     "choose nodes by nodeSelector or affinity in <role>.podTemplate.spec"},
    {"restartPolicy", "a worker or router that exits is started again", kRemove},
    {"serviceAccount", kOneField, "write spec.serviceAccountName"},
    {"serviceAccountName", kOneField, "write spec.serviceAccountName"},
    {"subdomain", "the names of pods are the operator's", kRemove},
    {"terminationGracePeriodSeconds", "it follows from the time to drain",
     "write spec.rollout.drainSeconds"},
};

constexpr std::string_view kDrain = "requests are drained in it";
constexpr std::string_view kFromEnv =
    "its keys are not known before the pod runs, and could replace what the operator sets";

constexpr ReservedField kEngineFields[] = {
    {"args", kOneField, "write <role>.args"},
    {"command", "it follows from spec.engine", "write <role>.args"},
    {"envFrom", kOneField, "write <role>.envFrom"},
    {"image", kOneField, "write spec.container.image"},
    {"imagePullPolicy", kOneField, "write spec.container.imagePullPolicy"},
    {"lifecycle.preStop", kDrain, "write spec.rollout.drainSeconds"},
    {"resources.limits.cpu", kOneField, "write <role>.resources.cpu"},
    {"resources.limits.memory", kOneField, "write <role>.resources.memory"},
    {"resources.requests.cpu", kOneField, "write <role>.resources.cpu"},
    {"resources.requests.memory", kOneField, "write <role>.resources.memory"},
    {"restartPolicy", "a worker that exits is started again", kRemove},
    {"restartPolicyRules", "a worker that exits is started again", kRemove},
    {"startupProbe.failureThreshold", "it follows from the time to start",
     "write spec.health.startupTimeoutSeconds"},
    {"startupProbe.periodSeconds", "it follows from the time to start",
     "write spec.health.startupTimeoutSeconds"},
};

constexpr ReservedField kRouterFields[] = {
    {"args", kOneField, "write spec.router.args"},
    {"command", "it follows from spec.router.type", "write spec.router.args"},
    {"envFrom", kFromEnv, "write spec.router.env, with valueFrom"},
    {"image", kOneField, "write spec.router.image"},
    {"imagePullPolicy", kOneField, "write spec.container.imagePullPolicy"},
    {"lifecycle.preStop", kDrain, "write spec.rollout.drainSeconds"},
    {"restartPolicy", "a router that exits is started again", kRemove},
    {"restartPolicyRules", "a router that exits is started again", kRemove},
};

constexpr std::string_view kWeights = "the ServingModel says where the weights are";
constexpr std::string_view kShared = "another field stands for shared memory";
constexpr ReservedField kWorkerVolumes[] = {
    {"model", kWeights, "choose another name"},
    {"shm", kShared, "write <role>.resources.sharedMemory, or choose another name"},
};
constexpr ReservedField kWorkerMounts[] = {
    {"/dev/shm", kShared, "write <role>.resources.sharedMemory"},
    {"/model", kWeights, "choose another path"},
};

// Of every worker, so that more ranks on a node do not refuse what a template had before.
constexpr int kLeastRanks = 16;

constexpr std::string_view kKnownPodFields[] = {
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
};

constexpr std::string_view kKnownContainerFields[] = {
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
};

const ReservedField* Find(std::span<const ReservedField> fields, std::string_view field) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& reserved) { return reserved.field == field; });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace

std::string_view OwnContainer(RoleName role) { return IsWorker(role) ? "engine" : "router"; }

const ReservedField* FindReservedPodField(std::string_view field) {
  return Find(kPodFields, field);
}

const ReservedField* FindReservedContainerField(RoleName role, std::string_view field) {
  return IsWorker(role) ? Find(kEngineFields, field) : Find(kRouterFields, field);
}

const ReservedField* FindReservedVolume(RoleName role, std::string_view name) {
  return IsWorker(role) ? Find(kWorkerVolumes, name) : nullptr;
}

const ReservedField* FindReservedMount(RoleName role, std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return IsWorker(role) ? Find(kWorkerMounts, path) : nullptr;
}

std::vector<ReservedPort> ReservedPorts(RoleName role, int data_ranks, int nodes) {
  if (!IsWorker(role)) return {{"http", 8000, 8000}, {"stream", 9092, 9092}};
  const int more = std::max(data_ranks, kLeastRanks) - 1;
  std::vector<ReservedPort> ports{{"kv-events", 5557, 5557 + more},
                                  {"nixl", 5600, 5600 + more},
                                  {"rpc", 9091, 9091},
                                  {"system", 9090, 9090}};
  if (nodes > 1 && data_ranks > 1) ports.push_back({"dp-rpc", 8400, 8400});
  return ports;
}

std::vector<std::string> OwnVolumes(RoleName role) {
  return IsWorker(role) ? std::vector<std::string>{"model", "shm", "tmp"}
                        : std::vector<std::string>{"tmp"};
}

std::span<const std::string_view> KnownPodFields() { return kKnownPodFields; }
std::span<const std::string_view> KnownContainerFields() { return kKnownContainerFields; }

}  // namespace disagg::api
