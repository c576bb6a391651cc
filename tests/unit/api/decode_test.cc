#include "controllers/api/decode.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/api/objects.h"

namespace disagg::api {
namespace {

TEST(DecodeDisaggDeployment, ReadsTheTopologyOfTheReadme) {
  const auto deployment = test::Deployment();
  EXPECT_EQ(deployment->meta.name, "minimax-m3");
  EXPECT_EQ(deployment->meta.namespace_name, "serving");
  EXPECT_EQ(deployment->meta.generation, 3);
  const DeploymentSpec& spec = deployment->spec;
  EXPECT_EQ(spec.model_ref, "nvidia/MiniMax-M3-NVFP4");
  EXPECT_EQ(spec.precision, "fp4");
  EXPECT_EQ(spec.accelerator, "b200");
  EXPECT_EQ(spec.engine, EngineType::kVllm);
  EXPECT_EQ(spec.kv_backend, KvBackend::kRdma);
  ASSERT_EQ(spec.roles.size(), 2u);
  EXPECT_EQ(spec.roles.at(RoleName::kPrefill).replicas, 2);
  EXPECT_EQ(spec.roles.at(RoleName::kPrefill).parallelism.gpus(), 2);
  EXPECT_EQ(spec.roles.at(RoleName::kDecode).parallelism.gpus(), 8);
  EXPECT_EQ(spec.roles.at(RoleName::kDecode).parallelism.expert, 8);
  ASSERT_EQ(spec.engine_env.size(), 1u);
  EXPECT_EQ(spec.engine_env[0].value, "1");
}

constexpr char kSmallest[] = R"({
  "metadata": {"name": "x", "namespace": "y", "uid": "u", "resourceVersion": "1"},
  "spec": {"prefill": {"replicas": 1}}})";

TEST(DecodeDisaggDeployment, FillsInWhatTheDescriptionsPromise) {
  const auto decoded = DecodeDisaggDeployment(kSmallest);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  const DeploymentSpec& spec = (*decoded)->spec;
  EXPECT_EQ(spec.engine, EngineType::kVllm);
  EXPECT_EQ(spec.kv_backend, KvBackend::kRdma);
  EXPECT_EQ(spec.image_pull_policy, "IfNotPresent");
  EXPECT_EQ(spec.startup_timeout_seconds, 3600);
  EXPECT_EQ(spec.schedule_timeout_seconds, 900);
  EXPECT_EQ(spec.drain_seconds, 60);
  EXPECT_EQ(spec.revision_history_limit, 10);
  EXPECT_EQ(spec.disruption, DisruptionPolicy::kOneGroup);
  EXPECT_FALSE(spec.suspend);
  EXPECT_EQ(spec.router.replicas, 1);
  EXPECT_EQ(spec.router.service_type, "ClusterIP");
  EXPECT_EQ(spec.router.service_port, 8000);
  const RoleSpec& role = spec.roles.at(RoleName::kPrefill);
  EXPECT_EQ(role.min_ready, 1);
  EXPECT_EQ(role.parallelism.gpus(), 1);
  EXPECT_EQ((*decoded)->status.observed_generation, -1);
}

TEST(DecodeDisaggDeployment, ReadsEveryField) {
  const auto deployment = test::Deployment(R"({"spec": {
    "model": {"servedName": "m3"},
    "container": {"imagePullPolicy": "Always", "imagePullSecrets": [{"name": "a"}, {"name": "b"}]},
    "engine": {"type": "mocker", "envFrom": [{"secretRef": {"name": "s"}}]},
    "kvTransfer": {"backend": "tcp"},
    "decode": {"accelerator": "gb200", "minReady": 2, "envFrom": [{"configMapRef": {"name": "c"}}],
      "parallelism": {"tensor": 2, "pipeline": 3, "data": 4, "context": 5, "expert": 6,
                      "decodeContext": 7},
      "env": [{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}],
      "resources": {"cpu": 96, "memory": "960Gi", "sharedMemory": "64Gi"}},
    "router": {"image": "router:1", "replicas": 2, "args": {"router-mode": "kv"},
      "env": [{"name": "A", "value": "1"}],
      "service": {"type": "NodePort", "port": 80, "annotations": {"k": "v"}}},
    "health": {"startupTimeoutSeconds": 7200},
    "placement": {"nodeSelector": {"zone": "a"}, "priorityClassName": "high",
      "schedulerName": "volcano", "scheduleTimeoutSeconds": 0, "tolerations": [{"operator": "Exists", "key": "gpu"}]},
    "rollout": {"drainSeconds": 300, "revisionHistoryLimit": 3},
    "disruption": {"policy": "Block"}, "restart": {"token": "t"}, "suspend": true,
    "serviceAccountName": "sa"}})");
  const DeploymentSpec& spec = deployment->spec;
  EXPECT_EQ(spec.served_name, "m3");
  EXPECT_EQ(spec.image_pull_policy, "Always");
  EXPECT_EQ(spec.image_pull_secrets, std::vector<std::string>({"a", "b"}));
  EXPECT_EQ(spec.engine, EngineType::kMocker);
  EXPECT_EQ(spec.engine_env_from, std::vector<std::string>({R"({"secretRef":{"name":"s"}})"}));
  EXPECT_EQ(spec.kv_backend, KvBackend::kTcp);
  const RoleSpec& decode = spec.roles.at(RoleName::kDecode);
  EXPECT_EQ(decode.accelerator, "gb200");
  EXPECT_EQ(decode.min_ready, 2);
  EXPECT_EQ(decode.parallelism.tensor, 2);
  EXPECT_EQ(decode.parallelism.pipeline, 3);
  EXPECT_EQ(decode.parallelism.data, 4);
  EXPECT_EQ(decode.parallelism.context, 5);
  EXPECT_EQ(decode.parallelism.expert, 6);
  EXPECT_EQ(decode.parallelism.decode_context, 7);
  EXPECT_EQ(decode.env[0].value_from, R"({"fieldRef":{"fieldPath":"status.hostIP"}})");
  EXPECT_EQ(decode.env_from, std::vector<std::string>({R"({"configMapRef":{"name":"c"}})"}));
  EXPECT_EQ(decode.resources.cpu, "96");
  EXPECT_EQ(decode.resources.memory, "960Gi");
  EXPECT_EQ(decode.resources.shared_memory, "64Gi");
  EXPECT_EQ(spec.router.image, "router:1");
  EXPECT_EQ(spec.router.replicas, 2);
  EXPECT_EQ(spec.router.env[0].name, "A");
  EXPECT_EQ(spec.router.service_type, "NodePort");
  EXPECT_EQ(spec.router.service_port, 80);
  EXPECT_EQ(spec.router.service_annotations.at("k"), "v");
  EXPECT_EQ(spec.startup_timeout_seconds, 7200);
  EXPECT_EQ(spec.placement.node_selector.at("zone"), "a");
  EXPECT_EQ(spec.placement.priority_class_name, "high");
  EXPECT_EQ(spec.placement.scheduler_name, "volcano");
  EXPECT_EQ(spec.placement.tolerations,
            std::vector<std::string>({R"({"key":"gpu","operator":"Exists"})"}));
  EXPECT_EQ(spec.schedule_timeout_seconds, 0);
  EXPECT_EQ(spec.drain_seconds, 300);
  EXPECT_EQ(spec.revision_history_limit, 3);
  EXPECT_EQ(spec.disruption, DisruptionPolicy::kBlock);
  EXPECT_EQ(spec.restart_token, "t");
  EXPECT_TRUE(spec.suspend);
  EXPECT_EQ(spec.service_account_name, "sa");
}

TEST(DecodeDisaggDeployment, NamesTheFieldThatHasAWrongType) {
  const struct {
    const char* sentence;
    const char* patch;
    const char* message;
  } cases[] = {
      {"text for a number", R"({"spec": {"decode": {"replicas": "two"}}})",
       R"(spec.decode.replicas: must be an integer, is "two")"},
      {"a fraction for an integer", R"({"spec": {"router": {"replicas": 1.5}}})",
       "spec.router.replicas: must be an integer, is 1.5"},
      {"more than an integer holds", R"({"spec": {"router": {"replicas": 99999999999}}})",
       "spec.router.replicas: must be an integer, is 99999999999"},
      {"no replicas", R"({"spec": {"prefill": {"replicas": null}}})",
       "spec.prefill.replicas: is missing; write an integer"},
      {"a number for text", R"({"spec": {"model": {"ref": 3}}})",
       "spec.model.ref: must be a string, is 3"},
      {"text for an object", R"({"spec": {"health": "an hour"}})",
       R"(spec.health: must be an object, is "an hour")"},
      {"a list for an object", R"({"spec": {"engine": {"args": []}}})",
       "spec.engine.args: must be an object, is []"},
      {"an object for a list", R"({"spec": {"engine": {"env": {"A": "1"}}}})",
       R"(spec.engine.env: must be a list, is {"A":"1"})"},
      {"a number as a variable's value",
       R"({"spec": {"engine": {"env": [{"name": "A"}, {"name": "B", "value": 1}]}}})",
       "spec.engine.env[1].value: must be a string, is 1"},
      {"a number as a label", R"({"spec": {"placement": {"nodeSelector": {"a": 1}}}})",
       "spec.placement.nodeSelector[\"a\"]: must be a string, is 1"},
      {"text for a switch", R"({"spec": {"suspend": "yes"}})",
       R"(spec.suspend: must be true or false, is "yes")"},
      {"an engine of the future", R"({"spec": {"engine": {"type": "sglang"}}})",
       R"(spec.engine.type: must be one of vllm, mocker, is "sglang")"},
      {"a runtime of the future", R"({"spec": {"engine": {"runtime": "native"}}})",
       R"(spec.engine.runtime: must be one of dynamo, is "native")"},
      {"a router of the future", R"({"spec": {"router": {"type": "inferencePool"}}})",
       R"(spec.router.type: must be one of dynamo, is "inferencePool")"},
      {"a connector of the future", R"({"spec": {"kvTransfer": {"connector": "mooncake"}}})",
       R"(spec.kvTransfer.connector: must be one of nixl, is "mooncake")"},
      {"a choice that is no text", R"({"spec": {"disruption": {"policy": 1}}})",
       "spec.disruption.policy: must be one of OneGroup, Block, None, is 1"},
      {"several at once",
       R"({"spec": {"suspend": 1, "precision": 4, "accelerator": 5, "serviceAccountName": 6}})",
       "spec.precision: must be a string, is 4; spec.accelerator: must be a string, is 5; "
       "spec.suspend: must be true or false, is 1; and 1 more"},
  };
  for (const auto& c : cases) {
    const auto decoded = DecodeDisaggDeployment(test::Patched(test::kDeployment, c.patch));
    ASSERT_FALSE(decoded.ok()) << c.sentence;
    EXPECT_EQ(decoded.error().message, c.message) << c.sentence;
  }
}

TEST(DecodeDisaggDeployment, ShortensLongValues) {
  const auto decoded = DecodeDisaggDeployment(test::Patched(
      test::kDeployment, R"({"spec": {"suspend": ")" + std::string(500, 'x') + R"("}})"));
  ASSERT_FALSE(decoded.ok());
  EXPECT_LT(decoded.error().message.size(), 150u);
}

TEST(DecodeDisaggDeployment, TakesWholeNumbersWithAPoint) {
  EXPECT_EQ(test::Deployment(R"({"spec": {"router": {"replicas": 3.0}}})")->spec.router.replicas,
            3);
}

TEST(DecodeDisaggDeployment, RefusesWhatIsNoObject) {
  for (const char* json : {"", "{", "[]", "null", "3", R"({"metadata": {"name": "x"}})", "{}"}) {
    EXPECT_FALSE(DecodeDisaggDeployment(json).ok()) << json;
  }
}

TEST(DecodeStatus, ReadsBackWhatWeWrote) {
  const auto deployment = test::Deployment(R"({"status": {
    "observedGeneration": 3, "currentRevision": "k4x9m2qa", "targetRevision": "w7c3h5dn",
    "roles": [{"role": "prefill", "desired": 2}, {"role": "decode", "desired": 1}],
    "conditions": [{"type": "Ready", "status": "False", "reason": "NoDecodeRoutable",
      "message": "0 of 1", "lastTransitionTime": "2026-11-24T10:25:02Z",
      "observedGeneration": 3}],
    "lastServedTime": "2026-11-24T10:00:00Z",
    "capacity": [{"unit": "first", "attempt": 2, "retryAt": "2026-11-24T10:25:02Z",
      "observedGeneration": 3, "message": "gives back 4 GPUs"}]}})");
  const StatusView& status = deployment->status;
  EXPECT_EQ(status.observed_generation, 3);
  EXPECT_EQ(status.current_revision, "k4x9m2qa");
  EXPECT_EQ(status.target_revision, "w7c3h5dn");
  EXPECT_EQ(status.desired,
            (std::map<RoleName, int>{{RoleName::kPrefill, 2}, {RoleName::kDecode, 1}}));
  ASSERT_NE(status.Find("Ready"), nullptr);
  EXPECT_EQ(status.Find("Ready")->reason, "NoDecodeRoutable");
  EXPECT_EQ(status.Find("Ready")->last_transition_time, 1795515902);
  EXPECT_EQ(status.last_served, 1795514400);
  EXPECT_EQ(status.capacity,
            (std::vector<CapacityWait>{{"first", 2, 1795515902, 3, "gives back 4 GPUs"}}));
  EXPECT_EQ(nlohmann::json::parse(status.json.Unpack())["observedGeneration"], 3);
}

TEST(DecodeStatus, IsNeverAnError) {
  const auto deployment = test::Deployment(R"({"status": {
    "observedGeneration": "x", "currentRevision": 1,
    "roles": [3, {"role": "encode", "desired": 1}, {"role": "decode", "desired": -1},
              {"role": "prefill", "desired": 99999999999}],
    "conditions": [null, {"type": 1}, {"type": "Ready", "lastTransitionTime": "yesterday"}],
    "lastServedTime": 3,
    "capacity": [null, {"unit": 1, "attempt": "x", "retryAt": "soon"},
                 {"unit": "first", "attempt": 99999999999}]}})");
  EXPECT_EQ(deployment->status.observed_generation, -1);
  EXPECT_EQ(deployment->status.current_revision, "");
  EXPECT_TRUE(deployment->status.desired.empty());
  ASSERT_EQ(deployment->status.conditions.size(), 2u);
  EXPECT_EQ(deployment->status.conditions[1].last_transition_time, 0);
  EXPECT_EQ(deployment->status.last_served, 0);
  ASSERT_EQ(deployment->status.capacity.size(), 2u);
  EXPECT_EQ(deployment->status.capacity[0], CapacityWait{});
  EXPECT_EQ(deployment->status.capacity[1].attempt, std::numeric_limits<int>::max());
}

TEST(DecodeServingModel, ReadsEveryField) {
  const ServingModel& model = *test::TestCatalogue().models[0];
  EXPECT_EQ(model.repository, "nvidia/MiniMax-M3-NVFP4");
  EXPECT_EQ(model.revision, "main");
  EXPECT_EQ(model.aliases.size(), 2u);
  EXPECT_EQ(model.precision, "fp4");
  EXPECT_EQ(model.served_name, "nvidia/MiniMax-M3-NVFP4");
  ASSERT_EQ(model.artifacts.size(), 2u);
  EXPECT_EQ(model.artifacts[0].type, ArtifactType::kHostPath);
  EXPECT_EQ(model.artifacts[0].path, "/scratch/MiniMax-M3-NVFP4");
  EXPECT_EQ(model.artifacts[0].node_selector.size(), 1u);
  EXPECT_EQ(model.artifacts[1].type, ArtifactType::kPersistentVolumeClaim);
  EXPECT_EQ(model.artifacts[1].claim_name, "models");
  EXPECT_EQ(model.artifacts[1].sub_path, "MiniMax-M3-NVFP4");
  const ServingModel& image = *test::TestCatalogue().models[1];
  EXPECT_EQ(image.artifacts[0].type, ArtifactType::kImage);
  EXPECT_EQ(image.artifacts[0].reference, "registry.example/models/qwen3-32b:1");
  const ServingModel& restricted = *test::TestCatalogue().models[2];
  EXPECT_EQ(restricted.allowed_namespaces.match_labels.at("team"), "research");
}

TEST(DecodeServingModel, ReadsExpressionsAndConditions) {
  const auto model = test::Model(R"({
    "metadata": {"name": "x", "uid": "u", "resourceVersion": "1"},
    "spec": {"allowedNamespaces": {"matchExpressions": [
      {"key": "team", "operator": "In", "values": ["a", "b"]}]}},
    "status": {"conditions": [{"type": "Accepted", "status": "True"}]}})");
  ASSERT_EQ(model->allowed_namespaces.match_expressions.size(), 1u);
  EXPECT_EQ(model->allowed_namespaces.match_expressions[0].op, "In");
  EXPECT_EQ(model->allowed_namespaces.match_expressions[0].values.size(), 2u);
  ASSERT_EQ(model->conditions.size(), 1u);
  EXPECT_EQ(model->conditions[0].type, "Accepted");
}

TEST(DecodeAcceleratorClass, ReadsEveryField) {
  const AcceleratorClass& b200 = *test::TestCatalogue().classes[0];
  EXPECT_EQ(b200.node_selector.at("nvidia.com/gpu.product"), "NVIDIA-B200");
  EXPECT_EQ(b200.gpu_resource, "nvidia.com/gpu");
  EXPECT_EQ(b200.gpus_per_node, 8);
  ASSERT_TRUE(b200.rdma);
  EXPECT_EQ(b200.rdma->resource_name, "rdma/ib");
  EXPECT_EQ(b200.rdma->mode, RdmaMode::kPerGpu);
  EXPECT_EQ(b200.precisions.size(), 5u);
  EXPECT_EQ(b200.cpu_per_gpu, "12");
  EXPECT_EQ(b200.memory_per_gpu, "120Gi");
  EXPECT_EQ(b200.shared_memory, "64Gi");
  EXPECT_EQ(b200.security, SecurityProfile::kRdma);
}

TEST(DecodeAcceleratorClass, FillsInWhatTheDescriptionsPromise) {
  const AcceleratorClass& gb200 = *test::TestCatalogue().classes[1];
  EXPECT_EQ(gb200.rdma->mode, RdmaMode::kPerGpu);
  EXPECT_EQ(gb200.rdma->value, 1);
  EXPECT_EQ(gb200.security, SecurityProfile::kNone);
  EXPECT_FALSE(test::TestCatalogue().classes[2]->rdma);
}

// What a watch does with one event.
base::Result<kube::ObjectPtr> Cached(const std::string& json) {
  simdjson::dom::parser parser;
  return DisaggDeploymentDecoder()(parser.parse(json).value());
}

TEST(CacheDecoder, LetsAnUndecodableObjectInWithItsError) {
  const auto object = Cached(
      test::Patched(test::kDeployment,
                    R"({"spec": {"suspend": "yes"}, "status": {"targetRevision": "w7c3h5dn"}})"));
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)->meta.annotation(kDecodeError),
            R"(spec.suspend: must be true or false, is "yes")");
  const auto& deployment = dynamic_cast<const DisaggDeployment&>(**object);
  EXPECT_EQ(deployment.spec.model_ref, "");
  EXPECT_EQ(deployment.status.target_revision, "w7c3h5dn");
}

TEST(CacheDecoder, KeepsOfAnUndecodableObjectWhatGivesDevicesBack) {
  const auto object = Cached(test::Patched(
      test::kDeployment, R"({"spec": {"suspend": true, "prefill": {"replicas": "many"}}})"));
  ASSERT_TRUE(object.ok());
  const auto& deployment = dynamic_cast<const DisaggDeployment&>(**object);
  EXPECT_NE(deployment.meta.annotation(kDecodeError), "");
  EXPECT_TRUE(deployment.spec.suspend);
  EXPECT_FALSE(deployment.spec.roles.contains(RoleName::kPrefill)) << "its replicas are not known";
  EXPECT_TRUE(deployment.spec.roles.contains(RoleName::kDecode));
}

TEST(CacheDecoder, DoesNotBelieveAnErrorThatAUserWrote) {
  const auto object = Cached(
      test::Patched(test::kDeployment,
                    R"({"metadata": {"annotations": {"disagg.dev/internal-decode-error": "x"}}})"));
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)->meta.annotation(kDecodeError), "");
}

TEST(CacheDecoder, KeepsTheAnnotationThatStopsWrites) {
  const auto object = Cached(test::Patched(
      test::kDeployment, R"({"metadata": {"annotations": {"disagg.dev/reconcile": "disabled"}}})"));
  ASSERT_TRUE(object.ok());
  EXPECT_EQ((*object)->meta.annotation("disagg.dev/reconcile"), "disabled");
}

TEST(CacheDecoder, RefusesWhatCannotBeTracked) {
  EXPECT_FALSE(Cached(R"({"metadata": {"name": "x"}})").ok());
}

TEST(CacheDecoder, EmptiesAWrongModelAndClass) {
  simdjson::dom::parser parser;
  const std::string bad_model = R"({"spec": {"aliases": 3, "precision": "fp4"},
    "metadata": {"name": "x", "uid": "u", "resourceVersion": "1"}})";
  const auto model = ServingModelDecoder()(parser.parse(bad_model).value());
  ASSERT_TRUE(model.ok());
  EXPECT_EQ((*model)->meta.annotation(kDecodeError), "spec.aliases: must be a list, is 3");
  EXPECT_EQ(dynamic_cast<const ServingModel&>(**model).precision, "");
  const std::string bad_type = R"({"spec": {"gpu": {"perNode": "8"}},
    "metadata": {"name": "x", "uid": "u", "resourceVersion": "1"}})";
  const auto type = AcceleratorClassDecoder()(parser.parse(bad_type).value());
  ASSERT_TRUE(type.ok());
  EXPECT_EQ((*type)->meta.annotation(kDecodeError),
            R"(spec.gpu.perNode: must be an integer, is "8")");
  EXPECT_EQ((*type)->meta.name, "x");
}

}  // namespace
}  // namespace disagg::api
