#include "tests/unit/planning/builders.h"

#include <algorithm>
#include <utility>

#include "controllers/api/decode.h"
#include "controllers/api/labels.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

constexpr char kName[] = "minimax-m3";

kube::ContainerState& Engine(kube::Pod& pod) {
  const bool routes = pod.meta.label(api::kLabelRole) == "router";
  if (pod.containers.empty()) pod.containers.emplace_back().name = routes ? "router" : "engine";
  return pod.containers[0];
}

// "minimax-m3-decode-w7c3h5dn-0-1" -> "decode-0-1"
std::string WithoutHash(const std::string& name) {
  std::vector<std::string> parts;
  const std::string rest = name.substr(std::string(kName).size() + 1);
  for (std::size_t begin = 0; begin <= rest.size();) {
    const std::size_t end = std::min(rest.find('-', begin), rest.size());
    parts.push_back(rest.substr(begin, end - begin));
    begin = end + 1;
  }
  if (parts.size() > 2) parts.erase(parts.begin() + 1);
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "-") + part;
  return text;
}

std::string NameOf(const Write& write) {
  if (write.resource == kube::kPods) return WithoutHash(write.key.name);
  if (write.resource == kube::kControllerRevisions) return "ControllerRevision";
  return write.resource.kind + " " + write.key.name;
}

}  // namespace

api::ArgValue Text(const std::string& text) {
  return {.kind = api::ArgValue::Kind::kString, .flag = false, .texts = {text}};
}

DeploymentBuilder::DeploymentBuilder() {
  deployment_.meta.name = kName;
  deployment_.meta.namespace_name = "serving";
  deployment_.meta.uid = "uid-of-minimax-m3";
  deployment_.meta.generation = 1;
  deployment_.meta.creation_time = kNow - 3600;
  api::DeploymentSpec& spec = deployment_.spec;
  spec.model_ref = "nvidia/MiniMax-M3-NVFP4";
  spec.image = "vllm/vllm-openai:1";
  spec.precision = "fp4";
  spec.accelerator = "b200";
  api::RoleSpec& prefill = spec.roles[kPrefill];
  prefill.replicas = 2;
  prefill.parallelism = {.data = 2, .expert = 2};
  api::RoleSpec& decode = spec.roles[kDecode];
  decode.replicas = 1;
  decode.parallelism = {.data = 8, .expert = 8};
}

DeploymentBuilder& DeploymentBuilder::Replicas(api::RoleName role, int replicas) {
  deployment_.spec.roles[role].replicas = replicas;
  return *this;
}

DeploymentBuilder& DeploymentBuilder::Aggregated(int replicas) {
  api::RoleSpec role;
  role.replicas = replicas;
  role.parallelism = {.tensor = 2};
  deployment_.spec.roles = {{kAggregated, role}};
  return *this;
}

DeploymentBuilder& DeploymentBuilder::Generation(std::int64_t generation) {
  deployment_.meta.generation = generation;
  return *this;
}

DeploymentBuilder& DeploymentBuilder::CreatedAt(std::int64_t time) {
  deployment_.meta.creation_time = time;
  return *this;
}

DeploymentBuilder& DeploymentBuilder::Annotation(const std::string& key, const std::string& value) {
  deployment_.meta.annotations.Set(key, value);
  return *this;
}

DeploymentBuilder& DeploymentBuilder::Status(const json& status) {
  deployment_.status = ReadStatus(status);
  return *this;
}

std::shared_ptr<const api::DisaggDeployment> DeploymentBuilder::Build() const {
  return std::make_shared<const api::DisaggDeployment>(deployment_);
}

api::StatusView ReadStatus(const json& status) {
  const json object = {{"metadata", {{"name", kName}, {"uid", "uid"}, {"resourceVersion", "1"}}},
                       {"spec", json::object()},
                       {"status", status}};
  return api::DecodeDisaggDeployment(object.dump()).value()->status;
}

ModelBuilder::ModelBuilder(const std::string& name) {
  model_.meta.name = name;
  model_.meta.creation_time = kNow - 7200;
  model_.repository = model_.served_name = "nvidia/MiniMax-M3-NVFP4";
  model_.revision = "main";
  model_.precision = "fp4";
  model_.artifacts.resize(1);
  model_.artifacts[0].path = "/models/MiniMax-M3-NVFP4";
}

ModelBuilder& ModelBuilder::Alias(const std::string& alias) {
  model_.aliases.push_back(alias);
  return *this;
}

ModelBuilder& ModelBuilder::CreatedAt(std::int64_t time) {
  model_.meta.creation_time = time;
  return *this;
}

ModelBuilder& ModelBuilder::Revision(const std::string& revision) {
  model_.revision = revision;
  return *this;
}

ModelBuilder& ModelBuilder::Conditions(const std::vector<api::Condition>& conditions) {
  model_.conditions = conditions;
  return *this;
}

std::shared_ptr<const api::ServingModel> ModelBuilder::Build() const {
  return std::make_shared<const api::ServingModel>(model_);
}

ClassBuilder::ClassBuilder(const std::string& name) {
  class_.meta.name = name;
  class_.node_selector = {{"nvidia.com/gpu.product", "NVIDIA-B200"}};
  class_.gpu_resource = "nvidia.com/gpu";
  class_.gpus_per_node = 8;
  class_.rdma =
      api::RdmaSpec{.resource_name = "rdma/ib", .mode = api::RdmaMode::kPerGpu, .value = 1};
  class_.precisions = {"fp4", "fp8"};
  class_.architecture = "amd64";
  class_.cpu_per_gpu = "12";
  class_.memory_per_gpu = "120Gi";
  class_.shared_memory = "64Gi";
}

ClassBuilder& ClassBuilder::GpusPerNode(int gpus) {
  class_.gpus_per_node = gpus;
  return *this;
}

ClassBuilder& ClassBuilder::Env(const std::string& name, const std::string& value) {
  class_.env.push_back({name, value, ""});
  return *this;
}

std::shared_ptr<const api::AcceleratorClass> ClassBuilder::Build() const {
  return std::make_shared<const api::AcceleratorClass>(class_);
}

PodBuilder::PodBuilder(api::RoleName role, int replica, int incarnation) {
  pod_.meta.namespace_name = "serving";
  pod_.meta.creation_time = kNow - 60;
  pod_.meta.labels = {{api::kLabelDeployment, kName},
                      {api::kLabelRole, std::string(api::ToString(role))},
                      {api::kLabelReplica, std::to_string(replica)},
                      {api::kLabelRank, "0"},
                      {api::kLabelIncarnation, std::to_string(incarnation)},
                      {api::kLabelRevision, "r"},
                      {api::kLabelDiscovery, api::kDiscoveryEnabled}};
  slot_ = std::to_string(replica) + "-" + std::to_string(incarnation);
  Of("new");
}

void PodBuilder::Name() {
  pod_.meta.name = std::string(kName) + "-" + pod_.meta.label(api::kLabelRole) + "-" +
                   pod_.meta.label(api::kLabelRoleRevision) + "-" + slot_;
  pod_.meta.uid = "uid-of-" + pod_.meta.name;
}

PodBuilder& PodBuilder::Of(const std::string& role_revision, const std::string& contract) {
  pod_.meta.labels.Set(api::kLabelRoleRevision, role_revision);
  pod_.meta.labels.Set(api::kLabelContract, contract);
  Name();
  return *this;
}

PodBuilder& PodBuilder::Label(const std::string& key, const std::string& value) {
  pod_.meta.labels.Set(key, value);
  return *this;
}

PodBuilder& PodBuilder::CreatedAt(std::int64_t time) {
  pod_.meta.creation_time = time;
  return *this;
}

PodBuilder& PodBuilder::On(const std::string& node) {
  pod_.node_name = node;
  pod_.scheduled = true;
  return *this;
}

PodBuilder& PodBuilder::Running(std::int64_t since) {
  pod_.phase = kube::PodPhase::kRunning;
  Engine(pod_).running = true;
  Engine(pod_).started_at = since;
  return *this;
}

PodBuilder& PodBuilder::Ready() {
  if (pod_.node_name.empty()) On("b200-0");
  if (pod_.phase != kube::PodPhase::kRunning) Running();
  pod_.ready = true;
  pod_.ready_since = kNow - 30;
  return *this;
}

PodBuilder& PodBuilder::NotReadySince(std::int64_t time) {
  pod_.ready = false;
  pod_.ready_since = time;
  return *this;
}

PodBuilder& PodBuilder::Failed(const std::string& reason, const std::string& message) {
  pod_.phase = kube::PodPhase::kFailed;
  pod_.ready = false;
  pod_.reason = reason;
  pod_.message = message;
  return *this;
}

PodBuilder& PodBuilder::Succeeded() {
  pod_.phase = kube::PodPhase::kSucceeded;
  return *this;
}

PodBuilder& PodBuilder::Restarts(int restarts, std::int64_t last_finished_at) {
  Engine(pod_).restarts = restarts;
  Engine(pod_).last_finished_at = last_finished_at;
  return *this;
}

PodBuilder& PodBuilder::CrashLoops(int restarts, const std::string& delay, int lived) {
  Restarts(restarts, kNow - 5);
  Engine(pod_).last_started_at = kNow - 5 - lived;
  Engine(pod_).running = false;
  return Waiting("CrashLoopBackOff",
                 "back-off " + delay + " restarting failed container=engine pod=x");
}

PodBuilder& PodBuilder::Container(const std::string& name) {
  Engine(pod_).name = name;
  return *this;
}

PodBuilder& PodBuilder::Waiting(const std::string& reason, const std::string& message) {
  Engine(pod_).waiting_reason = reason;
  Engine(pod_).waiting_message = message;
  return *this;
}

PodBuilder& PodBuilder::Terminated(const std::string& reason, int exit_code,
                                   const std::string& message) {
  Engine(pod_).last_termination_reason = reason;
  Engine(pod_).last_exit_code = exit_code;
  Engine(pod_).last_termination_message = message;
  return *this;
}

PodBuilder& PodBuilder::FinishedAt(std::int64_t time) {
  Engine(pod_).last_started_at = pod_.meta.creation_time;
  Engine(pod_).last_finished_at = time;
  return *this;
}

PodBuilder& PodBuilder::ScheduledAt(std::int64_t time) {
  pod_.scheduled_at = time;
  return *this;
}

PodBuilder& PodBuilder::WithoutSandbox() {
  pod_.sandbox_missing = true;
  return *this;
}

PodBuilder& PodBuilder::Scheduler(const std::string& name) {
  pod_.scheduler_name = name;
  return *this;
}

PodBuilder& PodBuilder::Gates(const std::string& names) {
  pod_.scheduling_gates = names;
  return *this;
}

PodBuilder& PodBuilder::Unschedulable(const std::string& message) {
  pod_.unschedulable_message = message;
  return *this;
}

PodBuilder& PodBuilder::Asks(const std::string& resource, std::int64_t count) {
  pod_.extended_resources.emplace_back(kube::InternedString(resource), count);
  return *this;
}

PodBuilder& PodBuilder::Deleting(int grace_seconds) {
  pod_.meta.deletion_time = kNow + grace_seconds;
  pod_.meta.deletion_grace = grace_seconds;
  return *this;
}

PodBuilder& PodBuilder::EndingBy(std::int64_t deadline, const std::string& finalizers) {
  Deleting();
  pod_.meta.deletion_time = deadline;
  pod_.meta.finalizers = finalizers;
  return *this;
}

PodBuilder& PodBuilder::Retries(int retries) {
  pod_.meta.annotations.Set(api::kAnnotationRetries, std::to_string(retries));
  return *this;
}

PodBuilder& PodBuilder::Faults(const std::string& faults) {
  pod_.meta.annotations.Set(api::kAnnotationNodeFaults, faults);
  return *this;
}

PodBuilder& PodBuilder::Avoids(const std::string& nodes) {
  pod_.meta.annotations.Set(api::kAnnotationAvoids, nodes);
  return *this;
}

PodBuilder& PodBuilder::Failures(const std::string& failures) {
  pod_.meta.annotations.Set(api::kAnnotationFailures, failures);
  return *this;
}

std::shared_ptr<const kube::Pod> PodBuilder::Build() const {
  return std::make_shared<const kube::Pod>(pod_);
}

NodeBuilder::NodeBuilder(const std::string& name) {
  node_.meta.name = name;
  node_.meta.labels = {{"nvidia.com/gpu.product", "NVIDIA-B200"}};
  node_.ready = true;
  node_.ready_changed_at = kNow - 86'400;
  node_.allocatable = {{"nvidia.com/gpu", 8}, {"rdma/ib", 8}};
}

NodeBuilder& NodeBuilder::NotReadySince(std::int64_t time) {
  node_.ready = false;
  node_.ready_changed_at = time;
  return *this;
}

NodeBuilder& NodeBuilder::Taint(const std::string& key) {
  node_.taints.push_back({key, "", "NoExecute"});
  return *this;
}

NodeBuilder& NodeBuilder::Cordoned() {
  node_.unschedulable = true;
  return *this;
}

NodeBuilder& NodeBuilder::Offers(const std::string& resource, std::int64_t count) {
  node_.allocatable[resource] = count;
  return *this;
}

NodeBuilder& NodeBuilder::Label(const std::string& key, const std::string& value) {
  node_.meta.labels.Set(key, value);
  return *this;
}

std::shared_ptr<const kube::Node> NodeBuilder::Build() const {
  return std::make_shared<const kube::Node>(node_);
}

RevisionBuilder::RevisionBuilder(const std::string& name, const std::string& contract) {
  revision_.identity.name = name;
  revision_.identity.contract = contract;
  revision_.identity.number = 1;
  Role(kRouter, "router");
}

RevisionBuilder& RevisionBuilder::Role(api::RoleName role, const std::string& role_revision) {
  revision_.identity.roles[role] = {.revision = role_revision, .spec_hash = "", .epoch = 1};
  const std::string name(api::ToString(role));
  const json made = {
      {"metadata",
       {{"labels", {{api::kLabelRole, name}, {api::kLabelContract, revision_.identity.contract}}},
        {"annotations", json::object()}}},
      {"spec", {{"containers", json::array({{{"name", "engine"}}})}}}};
  revision_.rendered["roles"][name]["pods"] =
      json::array({{{"kind", "rank"}, {"count", 1}, {"template", made}}});
  return *this;
}

RevisionBuilder& RevisionBuilder::Number(std::int64_t number) {
  revision_.identity.number = number;
  return *this;
}

StoredRevision RevisionBuilder::Stored() const {
  return {revision_.identity, "uid-of-" + revision_.identity.name};
}

Snapshot SnapshotOf(const DeploymentBuilder& deployment,
                    const std::vector<std::shared_ptr<const kube::Pod>>& pods) {
  Snapshot snapshot;
  snapshot.deployment = deployment.Build();
  snapshot.catalogue.models = {ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4").Build()};
  snapshot.catalogue.classes = {ClassBuilder().Build()};
  snapshot.pods = pods;
  for (const char* name : {"b200-0", "b200-1"}) snapshot.nodes[name] = NodeBuilder(name).Build();
  snapshot.now = kNow;
  return snapshot;
}

std::string Describe(const Write& write) {
  const std::map<Verb, std::string> verbs = {{Verb::kCreate, "create "},
                                             {Verb::kApply, "apply "},
                                             {Verb::kMergePatch, "patch "},
                                             {Verb::kDelete, "delete "},
                                             {Verb::kDryRun, "ask "}};
  std::string text = verbs.at(write.verb) + NameOf(write);
  if (write.grace_seconds) text += " grace " + std::to_string(*write.grace_seconds);
  return text;
}

std::vector<std::string> Describe(const std::vector<Write>& writes) {
  std::vector<std::string> texts;
  for (const Write& write : writes) texts.push_back(Describe(write));
  return texts;
}

std::vector<std::string> Describe(const std::vector<Explanation>& explanations) {
  std::vector<std::string> sentences;
  for (const Explanation& explanation : explanations) sentences.push_back(ToString(explanation));
  return sentences;
}

}  // namespace disagg::planning
