#include "tests/unit/kube/pod_text.h"

#include <nlohmann/json.hpp>

namespace kube {
namespace {

constexpr char kPod[] = R"json({
  "kind": "Pod", "apiVersion": "v1",
  "metadata": {
    "name": "NAME", "namespace": "serving", "generateName": "m3-",
    "uid": "0f5f0b6e-6a3c-4f0f-9d31-2b6e0e6b8f11", "resourceVersion": "184467", "generation": 1,
    "creationTimestamp": "2026-11-24T10:25:02Z",
    "labels": {
      "disagg.dev/deployment": "minimax-m3", "disagg.dev/role": "decode", "disagg.dev/revision": "7k2v9q1x",
      "app.kubernetes.io/name": "minimax-m3"
    },
    "annotations": {"disagg.dev/incarnation": "2", "cni.example.com/networks": "[{\"name\":\"rdma\"}]"},
    "ownerReferences": [
      {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "1"},
      {"apiVersion": "disagg.dev/v1alpha1", "kind": "DisaggDeployment", "name": "minimax-m3",
       "uid": "c0ffee00-0000-4000-8000-000000000001", "controller": true, "blockOwnerDeletion": true}
    ],
    "managedFields": [
      {"manager": "disagg-operator", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:disagg.dev/role": {}}}}}
    ]
  },
  "spec": {
    "nodeName": "b200-3", "restartPolicy": "Always",
    "initContainers": [
      {"name": "preflight", "image": "registry/preflight:1", "resources": {"requests": {"cpu": "1"}}}
    ],
    "containers": [
      {"name": "worker", "image": "registry/engine:1", "args": ["--tp", "8"],
       "env": [{"name": "A", "value": "b"}, {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
       "resources": {
         "requests": {"cpu": "64", "memory": "1Ti", "nvidia.com/gpu": "8", "hugepages-2Mi": "1Gi",
                      "example.kubernetes.io/thing": "1"},
         "limits": {"nvidia.com/gpu": "8"}
       }},
      {"name": "agent", "image": "registry/agent:1", "resources": {"limits": {"rdma/ib": "1", "nvidia.com/gpu": 1}}}
    ]
  },
  "status": {
    "phase": "Running", "podIP": "10.1.2.3",
    "conditions": [
      {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-24T10:25:03Z"},
      {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T10:27:00Z"}
    ],
    "initContainerStatuses": [
      {"name": "preflight", "restartCount": 0,
       "state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-11-24T10:25:09Z"}}}
    ],
    "containerStatuses": [
      {"name": "worker", "restartCount": 2, "ready": true,
       "state": {"running": {"startedAt": "2026-11-24T10:26:00Z"}},
       "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "too much",
                                    "startedAt": "2026-11-24T10:25:18Z",
                                    "finishedAt": "2026-11-24T10:25:58Z"}}},
      {"name": "agent", "restartCount": 0,
       "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    ]
  }
})json";

}  // namespace

std::string ServingPodJson(const std::string& name) {
  nlohmann::json pod = nlohmann::json::parse(kPod);
  pod["metadata"]["name"] = name;
  return pod.dump();
}

}  // namespace kube
