#pragma once

// The custom resources as C++ values: what crds/*.yaml describes, nothing else. Decoded once when
// an object enters the cache. Free-form fragments (tolerations, valueFrom, ...) that are only
// passed on stay compact JSON text.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/object.h"
#include "operator/kube/resource.h"

namespace disagg::api {

inline const kube::Resource kDisaggDeployments{"disagg.dev", "v1alpha1", "disaggdeployments",
                                               "DisaggDeployment", true};
inline const kube::Resource kServingModels{"disagg.dev", "v1alpha1", "servingmodels",
                                           "ServingModel", false};
inline const kube::Resource kAcceleratorClasses{"disagg.dev", "v1alpha1", "acceleratorclasses",
                                                "AcceleratorClass", false};

// In the order in which roles are told of. The router is a role like the others: pods of ours, one
// per replica. What differs is in planning/role_policy.h.
enum class RoleName { kPrefill, kDecode, kAggregated, kRouter };
// Those that run an engine.
inline constexpr RoleName kWorkerRoles[] = {RoleName::kPrefill, RoleName::kDecode,
                                            RoleName::kAggregated};
constexpr bool IsWorker(RoleName role) { return role != RoleName::kRouter; }

std::string_view ToString(RoleName role);  // "prefill"
std::optional<RoleName> ParseRoleName(std::string_view text);

enum class EngineType { kVllm, kMocker };
enum class RouterType { kDynamo };
inline constexpr EngineType kDefaultEngine = EngineType::kVllm;
inline constexpr RouterType kDefaultRouter = RouterType::kDynamo;
enum class KvBackend { kRdma, kTcp };
enum class DisruptionPolicy { kOneGroup, kBlock, kNone };

std::string_view ToString(EngineType type);  // as in spec.engine.type
std::string_view ToString(RouterType type);  // as in spec.router.type
std::string_view ToString(KvBackend backend);

// Widths of one replica; all at least 1. GPUs per replica = tensor x pipeline x data x context.
struct Parallelism {
  int tensor = 1, pipeline = 1, data = 1, context = 1, expert = 1, decode_context = 1;
  // At most kMaxGpus: a spec that is not valid yet may hold any widths.
  int gpus() const;
  // Nodes of one replica, where one has `gpus_per_node` GPUs: a replica larger than a node takes
  // whole nodes. 1 where the class does not say.
  int nodes(int gpus_per_node) const;
};
inline constexpr int kMaxGpus = 1'000'000;
// Nodes of one replica; the largest recipes have fourteen.
inline constexpr int kMostNodes = 128;

// In place of the JSON of a value that is nested deeper than anyone would read.
inline constexpr std::string_view kDeepValue = "[[[[...]]]]";

// One engine argument as written. `texts` holds the scalar(s) in the text form in which they reach
// a command line.
struct ArgValue {
  enum class Kind { kBool, kNumber, kString, kList, kRepeat, kInvalid };
  Kind kind = Kind::kString;
  bool flag = false;  // kBool
  // One for kNumber and kString. For kInvalid its JSON, or kDeepValue.
  std::vector<std::string> texts;

  // `false`: the flag is not given, though it may be inherited.
  bool omits() const { return kind == Kind::kBool && !flag; }
  friend bool operator==(const ArgValue&, const ArgValue&) = default;
};
// Keys as written ("max_num_seqs" and "max-num-seqs" are still two keys here).
using Args = std::map<std::string, ArgValue>;

struct EnvVar {
  std::string name;
  std::string value;       // when value_from is empty
  std::string value_from;  // JSON of an EnvVarSource
};

struct ResourceRequests {
  std::string cpu, memory, shared_memory;  // quantities; empty: the class's default per GPU
};

// What a user lays over the rendered pods of a role.
struct PodTemplate {
  std::map<std::string, std::string> labels, annotations;
  std::string spec;  // JSON of a part of a PodSpec, without nulls; empty: nothing
};

struct RoleSpec {
  int replicas = 0;
  std::string accelerator;  // empty: spec.accelerator
  Parallelism parallelism;
  Args args;
  std::vector<EnvVar> env;
  std::vector<std::string> env_from;  // JSON of EnvFromSource
  ResourceRequests resources;
  PodTemplate pod_template;
  int min_ready = 1;
};

struct RouterSpec {
  RouterType type = kDefaultRouter;
  std::string image;  // empty: spec.container.image
  int replicas = 1;
  Args args;
  std::vector<EnvVar> env;
  std::string service_type = "ClusterIP";
  int service_port = 8000;
  std::map<std::string, std::string> service_annotations;
  PodTemplate pod_template;
};

struct PlacementSpec {
  std::map<std::string, std::string> node_selector;
  std::vector<std::string> tolerations;  // JSON of Toleration
  std::string priority_class_name;
  std::string scheduler_name;
};

struct DeploymentSpec {
  std::string model_ref;
  std::string served_name;  // empty: the ServingModel's
  std::string image;
  std::string image_pull_policy = "IfNotPresent";  // also for the tag "latest"
  std::vector<std::string> image_pull_secrets;
  std::string precision;
  std::string accelerator;
  EngineType engine = kDefaultEngine;
  Args engine_args;
  std::vector<EnvVar> engine_env;
  std::vector<std::string> engine_env_from;
  KvBackend kv_backend = KvBackend::kRdma;
  std::map<RoleName, RoleSpec> roles;  // workers: prefill and decode, or aggregated
  RouterSpec router;
  int startup_timeout_seconds = 3600;
  PlacementSpec placement;
  // What is placed in part for so long gives its devices back; 0: never. No input of a pod, so it
  // is not of PlacementSpec.
  int schedule_timeout_seconds = 900;
  int drain_seconds = 60;
  int revision_history_limit = 10;
  DisruptionPolicy disruption = DisruptionPolicy::kOneGroup;
  std::string restart_token;
  bool suspend = false;
  std::string service_account_name;  // empty: one of our own
  std::vector<std::string> inherit;  // keys of metadata for pods; "team/*": all that begin so

  const PodTemplate& pod_template(RoleName role) const;
  // KV blocks travel by RDMA: pods ask for their class's devices.
  bool uses_rdma() const;
};

struct Condition {
  std::string type, status, reason, message;
  std::int64_t last_transition_time = 0;  // Unix seconds
  std::int64_t observed_generation = 0;
};

// A unit of pods (planning/capacity.h) that has given its devices back and is tried again.
struct CapacityWait {
  std::string unit;
  int attempt = 0;            // how many times in a row it has given them back
  std::int64_t retry_at = 0;  // Unix seconds by the API server's clock
  std::int64_t observed_generation = 0;
  std::string message;

  friend bool operator==(const CapacityWait&, const CapacityWait&) = default;
};

// What is read back of our own status.
struct StatusView {
  std::int64_t observed_generation = -1;
  std::string current_revision;  // fully rolled out
  std::string target_revision;   // last accepted
  std::map<RoleName, int> desired;
  std::vector<Condition> conditions;
  std::vector<CapacityWait> capacity;
  std::int64_t last_served = 0;  // Unix seconds by the API server's clock; 0: never
  kube::PackedText json;         // the whole status as it is on the server

  const Condition* Find(std::string_view type) const;
};

// Labels and annotations of the object that spec.podMetadata.inherit hands to its pods.
struct InheritedMetadata {
  std::map<std::string, std::string> labels, annotations;  // empty where they are too large
  std::size_t bytes = 0;                                   // of all that match
};
inline constexpr std::size_t kMostInheritedBytes = std::size_t{16} * 1024;

struct DisaggDeployment : kube::Object {
  DeploymentSpec spec;
  InheritedMetadata inherited;
  StatusView status;
};

enum class ArtifactType { kHostPath, kPersistentVolumeClaim, kImage };

struct ModelArtifact {
  ArtifactType type = ArtifactType::kHostPath;
  std::vector<std::string> accelerators;  // empty: any
  std::string path;                       // HostPath
  std::map<std::string, std::string> node_selector;
  std::string claim_name, sub_path;  // PersistentVolumeClaim
  std::string reference;             // Image
};

struct LabelSelectorRequirement {
  std::string key, op;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
};

// An empty selector matches everything.
struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
  bool Matches(const std::map<std::string, std::string>& labels) const;
};

struct ServingModel : kube::Object {
  std::string repository, revision;
  std::vector<std::string> aliases;
  std::string precision, served_name;
  std::vector<ModelArtifact> artifacts;
  LabelSelector allowed_namespaces;
  std::vector<Condition> conditions;
};

enum class RdmaMode { kPerGpu, kPerPod };
enum class SecurityProfile { kNone, kRdma };

struct RdmaSpec {
  std::string resource_name;
  RdmaMode mode = RdmaMode::kPerGpu;
  int value = 1;
};

struct AcceleratorClass : kube::Object {
  std::map<std::string, std::string> node_selector;
  std::vector<std::string> tolerations;  // JSON of Toleration
  std::string gpu_resource;
  int gpus_per_node = 0;
  std::optional<RdmaSpec> rdma;
  std::vector<std::string> precisions;
  std::string architecture;
  std::string cpu_per_gpu, memory_per_gpu, shared_memory;
  std::map<std::string, std::string> annotations;
  std::vector<EnvVar> env, whole_node_env;
  SecurityProfile security = SecurityProfile::kNone;
};

}  // namespace disagg::api
