#include "tests/unit/status_view/scene.h"

#include <sstream>
#include <utility>

#include "operator/base/clock.h"

namespace kubectl_disagg::testing {
namespace {

using nlohmann::json;

constexpr char kUid[] = "0d9f6f6e-0000-4000-8000-000000000001";

json Meta(const std::string& name, std::int64_t age) {
  return {{"name", name},
          {"namespace", "serving"},
          {"uid", name + "-uid"},
          {"resourceVersion", "7"},
          {"creationTimestamp", Ago(age)}};
}

json PodCondition(const std::string& type, bool value, std::int64_t age) {
  return {{"type", type}, {"status", value ? "True" : "False"}, {"lastTransitionTime", Ago(age)}};
}

json EmptyPod(const PodSpec& spec) {
  json meta = Meta("minimax-m3-" + spec.role + "-" + spec.revision + "-" +
                       std::to_string(spec.replica) + "-" + std::to_string(spec.incarnation),
                   spec.age);
  meta["labels"] = {{"disagg.dev/deployment", "minimax-m3"},
                    {"disagg.dev/role", spec.role},
                    {"disagg.dev/replica", std::to_string(spec.replica)},
                    {"disagg.dev/incarnation", std::to_string(spec.incarnation)},
                    {"disagg.dev/role-revision", spec.revision},
                    {"disagg.dev/contract", "h6n4j8fs"}};
  if (spec.role != "router") meta["labels"]["disagg.dev/discovery"] = "enabled";
  meta["ownerReferences"] = json::array({{{"apiVersion", "disagg.dev/v1alpha1"},
                                          {"kind", "DisaggDeployment"},
                                          {"name", "minimax-m3"},
                                          {"uid", kUid},
                                          {"controller", true}}});
  json pod{
      {"metadata", meta}, {"spec", {{"nodeName", spec.node}}}, {"status", {{"phase", "Pending"}}}};
  if (spec.node.empty()) pod["spec"].erase("nodeName");
  return pod;
}

}  // namespace

std::string Ago(std::int64_t seconds) { return base::FormatTime(kNow - seconds); }

json ReadyPod(const PodSpec& spec) {
  json pod = EmptyPod(spec);
  pod["status"] = {{"phase", "Running"},
                   {"conditions",
                    {PodCondition("PodScheduled", true, spec.age),
                     PodCondition("Ready", true, spec.age - kMinute)}},
                   {"containerStatuses",
                    {{{"name", "engine"},
                      {"restartCount", 0},
                      {"state", {{"running", {{"startedAt", Ago(spec.age)}}}}}}}}};
  return pod;
}

json LoadingPod(const PodSpec& spec) {
  json pod = ReadyPod(spec);
  pod["status"]["conditions"][1] = PodCondition("Ready", false, spec.age + 1);
  return pod;
}

json UnschedulablePod(const PodSpec& spec, const std::string& message) {
  json pod = EmptyPod(spec);
  json condition = PodCondition("PodScheduled", false, spec.age);
  condition["reason"] = "Unschedulable";
  condition["message"] = message;
  pod["status"]["conditions"] = json::array({condition});
  return pod;
}

json CrashingPod(const PodSpec& spec, int restarts, int exit_code, const std::string& said) {
  json pod = LoadingPod(spec);
  pod["status"]["containerStatuses"][0] = {
      {"name", "engine"},
      {"restartCount", restarts},
      {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
      {"lastState",
       {{"terminated",
         {{"reason", "Error"},
          {"exitCode", exit_code},
          {"message", said},
          {"finishedAt", Ago(kMinute)}}}}}};
  return pod;
}

json Condition(const std::string& type, bool value, const std::string& reason,
               const std::string& message, std::int64_t age) {
  return {{"type", type},       {"status", value ? "True" : "False"}, {"reason", reason},
          {"message", message}, {"lastTransitionTime", Ago(age)},     {"observedGeneration", 3}};
}

Scene::Scene() {
  json meta = Meta("minimax-m3", 3 * kDay);
  meta["uid"] = kUid;
  meta["generation"] = 3;
  deployment = {
      {"apiVersion", "disagg.dev/v1alpha1"}, {"kind", "DisaggDeployment"}, {"metadata", meta}};
  deployment["spec"] = json::parse(R"({
    "model": {"ref": "nvidia/MiniMax-M3-NVFP4"},
    "container": {"image": "vllm/vllm-openai:v1"},
    "precision": "fp4",
    "accelerator": "b200",
    "engine": {"type": "vllm", "runtime": "dynamo"},
    "prefill": {"replicas": 2, "parallelism": {"data": 2, "expert": 2}},
    "decode": {"replicas": 1, "parallelism": {"data": 8, "expert": 8}},
    "router": {"type": "dynamo", "args": {"router-mode": "kv"}}})");
  deployment["status"] = json::parse(R"({
    "observedGeneration": 3,
    "endpoint": "http://minimax-m3.serving.svc:8000/v1",
    "conditions": [], "roles": [],
    "summary": {"topology": "2P x 2 + 1D x 8", "prefill": "2/2", "decode": "1/1", "gpus": "12",
                "reason": "", "message": ""}})");
  Set(Condition("Ready", true, "Serving",
                "2 of 2 prefill and 1 of 1 decode replicas serve behind 1 router",
                3 * kDay + 2 * kHour));
  SetRole("router", 1, 1, "q5v8t3nd");
  SetRole("prefill", 2, 2, "k4x9m2qa");
  SetRole("decode", 1, 1, "w7c3h5dn");
  pods = {ReadyPod({.role = "router", .revision = "q5v8t3nd", .node = "cpu-3"}),
          ReadyPod({.role = "decode", .revision = "w7c3h5dn", .node = "b200-1"}),
          ReadyPod({.role = "prefill", .revision = "k4x9m2qa", .replica = 1, .node = "b200-0"}),
          ReadyPod({.role = "prefill", .revision = "k4x9m2qa", .node = "b200-0"})};
  for (const char* name : {"cpu-3", "b200-0", "b200-1", "b200-2", "b200-3"}) {
    SetNode(name, true, 90 * kDay);
  }
  classes = {{{"metadata", Meta("b200", 90 * kDay)},
              {"spec",
               {{"gpu", {{"resourceName", "nvidia.com/gpu"}, {"perNode", 8}}},
                {"rdma", {{"type", "DevicePlugin"}, {"resourceName", "rdma/ib"}}},
                {"precisions", {"fp4", "fp8"}}}}}};
}

void Scene::SetNode(const std::string& name, bool ready, std::int64_t age) {
  std::erase_if(nodes, [&](const json& node) { return node["metadata"]["name"] == name; });
  nodes.push_back({{"metadata", Meta(name, 90 * kDay)},
                   {"spec", json::object()},
                   {"status", {{"conditions", {PodCondition("Ready", ready, age)}}}}});
}

void Scene::Set(const json& condition) {
  json& conditions = status()["conditions"];
  for (json& existing : conditions) {
    if (existing["type"] == condition["type"]) {
      existing = condition;
      return;
    }
  }
  conditions.push_back(condition);
}

void Scene::SetRole(const std::string& role, int desired, int ready, const std::string& revision) {
  const json entry{{"role", role}, {"desired", desired}, {"ready", ready}, {"revision", revision}};
  for (json& existing : status()["roles"]) {
    if (existing["role"] == role) {
      existing = entry;
      return;
    }
  }
  status()["roles"].push_back(entry);
}

void Scene::AddTo(FakeCluster* cluster) const {
  cluster->Add("/apis/disagg.dev/v1alpha1/namespaces/serving/disaggdeployments", deployment);
  for (const json& pod : pods) cluster->Add("/api/v1/namespaces/serving/pods", pod);
  for (const json& node : nodes) cluster->Add("/api/v1/nodes", node);
  for (const json& model : models) cluster->Add("/apis/disagg.dev/v1alpha1/servingmodels", model);
  for (const json& entry : classes) {
    cluster->Add("/apis/disagg.dev/v1alpha1/acceleratorclasses", entry);
  }
}

Printed ShowStatus(FakeCluster& fake, const StatusOptions& options,
                   const disagg::status_view::Style& style) {
  std::ostringstream out, err;
  Session session{out, err, style, kNow};
  ClusterReader reader(fake, "https://127.0.0.1:6443 (context test)");
  const ExitCode code = RunStatus(reader, options, session);
  return {code, out.str(), err.str()};
}

}  // namespace kubectl_disagg::testing
