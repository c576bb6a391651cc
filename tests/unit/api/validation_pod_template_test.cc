#include <gtest/gtest.h>

#include "controllers/api/decode.h"
#include "controllers/api/validation.h"
#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

// One row: a template of a role, and what is said of it behind "spec.<role>.podTemplate".
struct Row {
  const char* sentence;
  const char* pod_template;
  const char* message;  // "": the template is valid
};

void ExpectOf(const std::string& role, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::vector<std::string> expected;
    if (*row.message != '\0') expected.push_back("spec." + role + ".podTemplate" + row.message);
    EXPECT_EQ(
        Messages(R"({"spec": {")" + role + R"(": {"podTemplate": )" + row.pod_template + "}}}"),
        expected)
        << row.sentence;
  }
}

TEST(ValidatePodTemplate, FieldsOfThePod) {
  ExpectOf(
      "decode",
      {
          {"nothing", "{}", ""},
          {"what is free",
           R"({"spec": {"tolerations": [], "priorityClassName": "high", "schedulerName": "a",
                        "hostNetwork": true, "runtimeClassName": "nvidia", "affinity": {}}})",
           ""},
          {"a field of a newer Kubernetes is the API server's to judge",
           R"({"spec": {"fieldOfTomorrow": 1}})", ""},
          {"the hostname", R"({"spec": {"hostname": "x"}})",
           R"(.spec.hostname "x": is the operator's to set: it is the pod's name; remove it)"},
          {"the subdomain", R"({"spec": {"subdomain": "x"}})",
           R"(.spec.subdomain "x": is the operator's to set: the names of pods are the operator's; )"
           "remove it"},
          {"the restart policy", R"({"spec": {"restartPolicy": "Never"}})",
           R"(.spec.restartPolicy "Never": is the operator's to set: a worker or router that exits )"
           "is started again; remove it"},
          {"a node by its name", R"({"spec": {"nodeName": "b200-1"}})",
           R"(.spec.nodeName "b200-1": is the operator's to set: the scheduler chooses the node; )"
           "choose nodes by nodeSelector or affinity in spec.decode.podTemplate.spec"},
          {"an account", R"({"spec": {"serviceAccountName": "me"}})",
           R"(.spec.serviceAccountName "me": is the operator's to set: another field stands for )"
           "it; write spec.serviceAccountName"},
          {"the token", R"({"spec": {"automountServiceAccountToken": false}})",
           R"(.spec.automountServiceAccountToken "false": is the operator's to set: workers and )"
           "router find each other through the API server; remove it"},
          {"the time to drain", R"({"spec": {"terminationGracePeriodSeconds": 5}})",
           R"(.spec.terminationGracePeriodSeconds "5": is the operator's to set: it follows from )"
           "the time to drain; write spec.rollout.drainSeconds"},
          {"a deadline", R"({"spec": {"activeDeadlineSeconds": 60}})",
           R"(.spec.activeDeadlineSeconds "60": is the operator's to set: a pod serves for as long )"
           "as it is wanted; remove it"},
          {"a misspelt field", R"({"spec": {"toleration": []}})",
           R"(.spec.toleration: is no field of a pod's spec; did you mean "tolerations"?)"},
          {"a directive", R"({"spec": {"volumes": [{"name": "a", "$patch": "delete"}]}})",
           R"(.spec.volumes[0].$patch "delete": is a directive of a patch; a template adds and )"
           "overrides, it removes nothing; remove it"},
          {"a null in a list", R"({"spec": {"tolerations": [null]}})",
           ".spec.tolerations[0]: is null; remove it"},
          {"an object in place of a list", R"({"spec": {"volumes": {"a": {}}}})",
           R"(.spec.volumes "{"a":{}}": must be a list)"},
          {"a volume without name", R"({"spec": {"volumes": [{"emptyDir": {}}]}})",
           R"(.spec.volumes[0] "{"emptyDir":{}}": has no name, which tells it from others; write )"
           "its name"},
          {"a volume twice", R"({"spec": {"volumes": [{"name": "a"}, {"name": "a"}]}})",
           R"(.spec.volumes[1].name "a": is listed twice; remove one)"},
          {"the weights", R"({"spec": {"volumes": [{"name": "model", "emptyDir": {}}]}})",
           R"(.spec.volumes[0].name "model": is the operator's to set: the ServingModel says where )"
           "the weights are; choose another name"},
          {"shared memory", R"({"spec": {"volumes": [{"name": "shm", "emptyDir": {}}]}})",
           R"(.spec.volumes[0].name "shm": is the operator's to set: another field stands for )"
           "shared memory; write spec.decode.resources.sharedMemory, or choose another name"},
          {"another scratch volume",
           R"({"spec": {"volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Ti"}}]}})", ""},
          {"more nodes' labels", R"({"spec": {"nodeSelector": {"pool": "a"}}})", ""},
          {"nodes of another product",
           R"({"spec": {"nodeSelector": {"nvidia.com/gpu.product": "A100"}}})",
           ".spec.nodeSelector: it selects nodes with nvidia.com/gpu.product=A100, "
           "AcceleratorClass b200 with nvidia.com/gpu.product=NVIDIA-B200; no node has both; "
           "remove the key here"},
          {"nodes without the weights",
           R"({"spec": {"nodeSelector": {"models.disagg.dev/minimax-m3-nvfp4": "no"}}})",
           ".spec.nodeSelector: it selects nodes with models.disagg.dev/minimax-m3-nvfp4=no, the "
           "weights of ServingModel minimax-m3-nvfp4 with "
           "models.disagg.dev/minimax-m3-nvfp4=staged; no node has both; remove the key here"},
          {"a label of nodes that is no string", R"({"spec": {"nodeSelector": {"gpus": 8}}})",
           R"(.spec.nodeSelector.gpus "8": is no string, as all labels are; put it in quotes)"},
      });
}

TEST(ValidatePodTemplate, ContainersOfAWorker) {
  ExpectOf(
      "decode",
      {
          {"a sidecar and an init container",
           R"({"spec": {"containers": [{"name": "logs", "image": "a:1"}],
                        "initContainers": [{"name": "warm", "image": "b:1",
                                            "restartPolicy": "Always"}]}})",
           ""},
          {"the engine's security context, working directory and timings",
           R"({"spec": {"containers": [{"name": "engine", "securityContext": {"privileged": true},
               "workingDir": "/a", "readinessProbe": {"periodSeconds": 5},
               "lifecycle": {"postStart": {"sleep": {"seconds": 1}}}}]}})",
           ""},
          {"main, as others call it", R"({"spec": {"containers": [{"name": "main", "env": []}]}})",
           R"(.spec.containers[0].name "main": has no image, and is not the container that the )"
           R"(operator runs, which is "engine"; write "engine" to change that one, or an image)"},
          {"an init container without image", R"({"spec": {"initContainers": [{"name": "a"}]}})",
           R"(.spec.initContainers[0].name "a": has no image; write the image that it runs)"},
          {"an init container called engine",
           R"({"spec": {"initContainers": [{"name": "engine", "image": "a:1"}]}})",
           R"(.spec.initContainers[0].name "engine": is the name of the container that the )"
           "operator runs; choose another name"},
          {"a misspelt field",
           R"({"spec": {"containers": [{"name": "engine", "volumeMount": []}]}})",
           R"(.spec.containers[0].volumeMount: is no field of a container; did you mean )"
           R"("volumeMounts"?)"},
          {"an image", R"({"spec": {"containers": [{"name": "engine", "image": "a:1"}]}})",
           R"(.spec.containers[0].image "a:1": is the operator's to set: another field stands for )"
           "it; write spec.container.image"},
          {"arguments", R"({"spec": {"containers": [{"name": "engine", "args": ["--x"]}]}})",
           R"(.spec.containers[0].args "["--x"]": is the operator's to set: another field stands )"
           "for it; write spec.decode.args"},
          {"a command", R"({"spec": {"containers": [{"name": "engine", "command": ["sh"]}]}})",
           R"(.spec.containers[0].command "["sh"]": is the operator's to set: it follows from )"
           "spec.engine; write spec.decode.args"},
          {"sources of variables",
           R"({"spec": {"containers": [{"name": "engine",
               "envFrom": [{"secretRef": {"name": "a"}}]}]}})",
           R"(.spec.containers[0].envFrom "[{"secretRef":{"name":"a"}}]": is the operator's to )"
           "set: another field stands for it; write spec.decode.envFrom"},
          {"a variable of the operator",
           R"({"spec": {"containers": [{"name": "engine",
               "env": [{"name": "DYN_SYSTEM_PORT", "value": "1"}]}]}})",
           R"(.spec.containers[0].env[0].name "DYN_SYSTEM_PORT": is the operator's to set: probes )"
           "and Services use fixed ports; remove it"},
          {"it means nothing in a sidecar",
           R"({"spec": {"containers": [{"name": "a", "image": "a:1",
               "env": [{"name": "DYN_SYSTEM_PORT", "value": "1"}]}]}})",
           ""},
          {"a variable that is a number",
           R"({"spec": {"containers": [{"name": "engine", "env": [{"name": "A", "value": 1}]}]}})",
           R"(.spec.containers[0].env[0].value "1": is no string; put it in quotes)"},
          {"another readiness",
           R"({"spec": {"containers": [{"name": "engine",
               "readinessProbe": {"tcpSocket": {"port": 80}}}]}})",
           R"(.spec.containers[0].readinessProbe.tcpSocket "{"port":80}": is the operator's to )"
           "set: traffic goes by what it asks; remove it (periods, timeouts and thresholds may be "
           "set)"},
          {"capabilities without that of the class",
           R"({"spec": {"containers": [{"name": "engine",
               "securityContext": {"capabilities": {"add": ["SYS_NICE"]}}}]}})",
           R"(.spec.containers[0].securityContext.capabilities.add "["SYS_NICE"]": replaces the )"
           "operator's IPC_LOCK, without which no memory can be registered for RDMA; add IPC_LOCK"},
          {"and with it",
           R"({"spec": {"containers": [{"name": "engine",
               "securityContext": {"capabilities": {"add": ["IPC_LOCK", "SYS_NICE"]}}}]}})",
           ""},
          {"the time to start",
           R"({"spec": {"containers": [{"name": "engine",
               "startupProbe": {"failureThreshold": 9}}]}})",
           R"(.spec.containers[0].startupProbe.failureThreshold "9": is the operator's to set: it )"
           "follows from the time to start; write spec.health.startupTimeoutSeconds"},
          {"the drain",
           R"({"spec": {"containers": [{"name": "engine",
               "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}]}})",
           R"(.spec.containers[0].lifecycle.preStop "{"sleep":{"seconds":1}}": is the operator's )"
           "to set: requests are drained in it; write spec.rollout.drainSeconds"},
          {"a port of the operator",
           R"({"spec": {"containers": [{"name": "engine",
               "ports": [{"containerPort": 9090, "name": "metrics"}]}]}})",
           R"(.spec.containers[0].ports[0].containerPort "9090": is the operator's port "system" )"
           "of engine, and containers of a pod share its ports; choose another number"},
          {"of one of the ranks, in a sidecar",
           R"({"spec": {"containers": [{"name": "a", "image": "a:1",
               "ports": [{"containerPort": 5601}]}]}})",
           R"(.spec.containers[0].ports[0].containerPort "5601": is the operator's port "nixl" of )"
           "engine, and containers of a pod share its ports; choose another number"},
          {"the name of one",
           R"({"spec": {"containers": [{"name": "engine",
               "ports": [{"containerPort": 9100, "name": "system"}]}]}})",
           R"(.spec.containers[0].ports[0].name "system": is the name of the operator's port 9090; )"
           "choose another"},
          {"one port over two protocols",
           R"({"spec": {"containers": [{"name": "a", "image": "a:1",
               "ports": [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]}]}})",
           ""},
          {"a port twice",
           R"({"spec": {"containers": [{"name": "a", "image": "a:1",
               "ports": [{"containerPort": 53}, {"containerPort": 53, "protocol": "TCP"}]}]}})",
           R"(.spec.containers[0].ports[1].containerPort "53/TCP": is listed twice; remove one)"},
          {"over the weights",
           R"({"spec": {"containers": [{"name": "engine",
               "volumeMounts": [{"name": "tmp", "mountPath": "/model/"}]}]}})",
           R"(.spec.containers[0].volumeMounts[0].mountPath "/model/": is the operator's to set: )"
           "the ServingModel says where the weights are; choose another path"},
          {"a volume that is not there",
           R"({"spec": {"volumes": [{"name": "cache"}], "containers": [{"name": "engine",
               "volumeMounts": [{"name": "cach", "mountPath": "/c"}]}]}})",
           R"(.spec.containers[0].volumeMounts[0].name "cach": no volume of the pod has this name; )"
           R"(did you mean "cache"?)"},
          {"one that is like no other",
           R"({"spec": {"containers": [{"name": "engine",
               "volumeMounts": [{"name": "data", "mountPath": "/c"}]}]}})",
           R"(.spec.containers[0].volumeMounts[0].name "data": no volume of the pod has this name; )"
           "there are model, shm and tmp; add it to spec.decode.podTemplate.spec.volumes"},
          {"weights that can be written",
           R"({"spec": {"containers": [{"name": "a", "image": "a:1",
               "volumeMounts": [{"name": "model", "mountPath": "/m"}]}]}})",
           R"(.spec.containers[0].volumeMounts[0].readOnly: must be true: the weights in the )"
           R"(volume "model" are only ever read; write readOnly: true)"},
      });
}

TEST(ValidatePodTemplate, ResourcesOfAWorker) {
  const auto engine = [](const std::string& resources) {
    return R"({"spec": {"containers": [{"name": "engine", "resources": )" + resources + "}]}}";
  };
  const struct {
    const char* sentence;
    std::string pod_template;
    const char* message;
  } rows[] = {
      {"another rail, huge pages and a disk",
       engine(
           R"({"limits": {"rdma/ib_b": 8, "hugepages-2Mi": "4Gi", "ephemeral-storage": "9Gi"}})"),
       ""},
      {"GPUs", engine(R"({"limits": {"nvidia.com/gpu": 4}})"),
       R"(.limits["nvidia.com/gpu"] "4": is the operator's to set: GPUs of a pod follow from the )"
       "parallelism of its role; write spec.decode.parallelism"},
      {"GPUs of a sidecar", R"({"spec": {"containers": [{"name": "a", "image": "a:1",
         "resources": {"limits": {"nvidia.com/gpu": 1}}}]}})",
       R"(.limits["nvidia.com/gpu"] "1": is the operator's to set: GPUs of a pod follow from the )"
       "parallelism of its role; write spec.decode.parallelism"},
      {"the class's rail", engine(R"({"limits": {"rdma/ib": 1}})"),
       R"(.limits["rdma/ib"] "1": is the operator's to set: AcceleratorClass b200 says how many of )"
       "these a pod has (spec.rdma); ask the platform team, or name the resource of another rail"},
      {"cores", engine(R"({"limits": {"cpu": 1}})"),
       R"(.limits.cpu "1": is the operator's to set: another field stands for it; write )"
       "spec.decode.resources.cpu"},
      {"memory", engine(R"({"requests": {"memory": "1Gi"}})"),
       R"(.requests.memory "1Gi": is the operator's to set: another field stands for it; write )"
       "spec.decode.resources.memory"},
      {"a name without its domain", engine(R"({"limits": {"gpu": 1}})"),
       R"(.limits.gpu "1": no resource has this name; write cpu, memory, ephemeral-storage, )"
       "hugepages-2Mi, or a device with its domain, like rdma/ib"},
      {"no quantity", engine(R"({"limits": {"ephemeral-storage": "9 GB"}})"),
       R"(.limits.ephemeral-storage "9 GB": is not a quantity; write a number, or one with a )"
       "unit, like 64Gi"},
      {"half a device", engine(R"({"limits": {"rdma/ib_b": "500m"}})"),
       R"(.limits["rdma/ib_b"] "500m": is no whole number, and devices cannot be divided; write a )"
       "whole number"},
      {"devices without limit", engine(R"({"requests": {"rdma/ib_b": 1}})"),
       R"(.requests["rdma/ib_b"] "1": has no limit, which must be the same; write it under limits)"},
      {"fewer huge pages than at most",
       engine(R"({"requests": {"hugepages-2Mi": "1Gi"}, "limits": {"hugepages-2Mi": "2Gi"}})"),
       R"(.requests.hugepages-2Mi "1Gi": differs from its limit 2Gi, which must be the same; write )"
       "it under limits only"},
      {"more than at most",
       engine(
           R"({"requests": {"ephemeral-storage": "2Gi"}, "limits": {"ephemeral-storage": "1Gi"}})"),
       R"(.requests.ephemeral-storage "2Gi": is more than its limit 1Gi; raise )"
       "limits.ephemeral-storage"},
      {"a misspelt section", engine(R"({"limit": {"rdma/ib_b": 1}})"),
       R"(.limit: is no field of resources; did you mean "limits"?)"},
  };
  for (const auto& row : rows) {
    std::vector<std::string> expected;
    if (*row.message != '\0') {
      expected.push_back(std::string("spec.decode.podTemplate.spec.containers[0].resources") +
                         row.message);
    }
    EXPECT_EQ(Messages(R"({"spec": {"decode": {"podTemplate": )" + row.pod_template + "}}}"),
              expected)
        << row.sentence;
  }
}

TEST(ValidatePodTemplate, OfTheRouter) {
  ExpectOf(
      "router",
      {
          {"resources for a quota on limits",
           R"({"spec": {"containers": [{"name": "router",
               "resources": {"limits": {"cpu": 4, "memory": "4Gi"}}}]}})",
           ""},
          {"a limit below what it asks for",
           R"({"spec": {"containers": [{"name": "router",
               "resources": {"limits": {"cpu": "500m"}}}]}})",
           R"(.spec.containers[0].resources.limits.cpu "500m": is less than its request 1; write )"
           "requests.cpu as well"},
          {"a request above its limit",
           R"({"spec": {"containers": [{"name": "router",
               "resources": {"requests": {"memory": "16Gi"}}}]}})",
           R"(.spec.containers[0].resources.requests.memory "16Gi": is more than its limit 8Gi; )"
           "raise limits.memory"},
          {"the workers' container",
           R"({"spec": {"containers": [{"name": "engine", "resources": {}}]}})",
           R"(.spec.containers[0].name "engine": has no image, and is not the container that the )"
           R"(operator runs, which is "router"; write "router" to change that one, or an image)"},
          {"its image", R"({"spec": {"containers": [{"name": "router", "image": "a:1"}]}})",
           R"(.spec.containers[0].image "a:1": is the operator's to set: another field stands for )"
           "it; write spec.router.image"},
          {"sources of variables",
           R"({"spec": {"containers": [{"name": "router", "envFrom": []}]}})",
           R"(.spec.containers[0].envFrom "[]": is the operator's to set: its keys are not known )"
           "before the pod runs, and could replace what the operator sets; write spec.router.env, "
           "with valueFrom"},
          {"its port",
           R"({"spec": {"containers": [{"name": "proxy", "image": "a:1",
               "ports": [{"containerPort": 8000}]}]}})",
           R"(.spec.containers[0].ports[0].containerPort "8000": is the operator's port "http" of )"
           "router, and containers of a pod share its ports; choose another number"},
          {"a worker's port is free here",
           R"({"spec": {"containers": [{"name": "proxy", "image": "a:1",
               "ports": [{"containerPort": 9090}]}]}})",
           ""},
          {"nodes of any kind", R"({"spec": {"nodeSelector": {"kubernetes.io/arch": "arm64"}}})",
           ""},
      });
}

TEST(ValidatePodTemplate, Metadata) {
  ExpectOf(
      "prefill",
      {
          {"a queue", R"({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "a"},
                   "annotations": {"a/b": "c d"}}})",
           ""},
          {"a label of ours", R"({"metadata": {"labels": {"disagg.dev/role": "decode"}}})",
           R"(.metadata.labels["disagg.dev/role"] "decode": is the operator's to set: the )"
           "operator knows its pods by these keys; remove it"},
          {"what endpoint pickers read", R"({"metadata": {"labels": {"llm-d.ai/role": "decode"}}})",
           R"(.metadata.labels["llm-d.ai/role"] "decode": is the operator's to set: endpoint )"
           "pickers know pods by it; remove it"},
          {"an annotation of ours", R"({"metadata": {"annotations": {"disagg.dev/avoids": ""}}})",
           R"(.metadata.annotations["disagg.dev/avoids"] "": is the operator's to set: the )"
           "operator knows its pods by these keys; remove it"},
          {"a key with two slashes", R"({"metadata": {"labels": {"a/b/c": "1"}}})",
           R"(.metadata.labels["a/b/c"] "1": its key is none for Kubernetes; write name or )"
           "domain/name, with at most 63 letters, digits and - _ . in the name"},
          {"a value with blanks", R"({"metadata": {"labels": {"team": "a b"}}})",
           R"(.metadata.labels["team"] "a b": is no value of a label; write at most 63 )"
           "letters, digits and - _ . between a letter or digit at each end, or an annotation"},
      });
}

TEST(ValidateInherited, Table) {
  ExpectMessages({
      {"keys and beginnings",
       R"({"spec": {"podMetadata": {"inherit": ["team", "a.example/*", "app*"]}}})", ""},
      {"a star within", R"({"spec": {"podMetadata": {"inherit": ["a*b"]}}})",
       R"(spec.podMetadata.inherit[0] "a*b": is neither a key nor the beginning of keys; write a )"
       "key, or a beginning with a * behind it, like billing.example.com/*"},
      {"no key", R"({"spec": {"podMetadata": {"inherit": ["team", "a/b/c"]}}})",
       R"(spec.podMetadata.inherit[1] "a/b/c": is no key for Kubernetes; write name or )"
       "domain/name, with at most 63 letters, digits and - _ . in the name"},
      {"a key of ours", R"({"spec": {"podMetadata": {"inherit": ["disagg.dev/reconcile"]}}})",
       R"(spec.podMetadata.inherit[0] "disagg.dev/reconcile": no pod inherits: the operator knows )"
       "its pods by these keys; remove it"},
      {"all keys of ours", R"({"spec": {"podMetadata": {"inherit": ["disagg*"]}}})",
       R"(spec.podMetadata.inherit[0] "disagg*": matches disagg.dev/, which no pod inherits: the )"
       "operator knows its pods by these keys; write a longer beginning"},
      {"kubectl's copy of the object",
       R"({"spec": {"podMetadata": {"inherit": ["kubectl.kubernetes.io/*"]}}})",
       R"(spec.podMetadata.inherit[0] "kubectl.kubernetes.io/*": matches )"
       "kubectl.kubernetes.io/last-applied-configuration, which no pod inherits: kubectl keeps a "
       "copy of the whole object there; write a longer beginning"},
  });
}

TEST(ValidateInherited, IsBounded) {
  const std::string patch = R"({"metadata": {"annotations": {"a": ")" + std::string(20000, 'x') +
                            R"("}}, "spec": {"podMetadata": {"inherit": ["a"]}}})";
  EXPECT_EQ(Messages(patch),
            std::vector<std::string>(
                {"spec.podMetadata.inherit: matches 20001 bytes of labels and annotations, which "
                 "every pod would hold; at most 16384; name fewer keys"}));
  EXPECT_TRUE(Deployment(patch)->inherited.annotations.empty());
}

TEST(DecodeInherited, TakesWhatTheEntriesName) {
  const auto deployment = Deployment(R"({"metadata": {
      "labels": {"team": "a", "a.example/x": "1", "stage": "p", "disagg.dev/x": "1"},
      "annotations": {"a.example/y": "2"}},
      "spec": {"podMetadata": {"inherit": ["team", "a.example/*", "disagg.dev/x"]}}})");
  using Map = std::map<std::string, std::string>;
  EXPECT_EQ(deployment->inherited.labels, (Map{{"team", "a"}, {"a.example/x", "1"}}));
  EXPECT_EQ(deployment->inherited.annotations, (Map{{"a.example/y", "2"}}));
}

TEST(DecodePodTemplate, LeavesOutNullsAndKeepsEmptyObjects) {
  // Not by a merge patch, which takes nulls away.
  const auto template_of = [](const std::string& json) {
    std::string text = Patched(kDeployment, R"({"spec": {"decode": {"podTemplate": "HERE"}}})");
    text.replace(text.find("\"HERE\""), 6, json);
    return DecodeDisaggDeployment(text);
  };
  const auto decoded = template_of(
      R"({"spec": {"b": null, "volumes": [{"name": "a", "emptyDir": {}, "nfs": null}]}})");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ((*decoded)->spec.pod_template(RoleName::kDecode).spec,
            R"({"volumes":[{"emptyDir":{},"name":"a"}]})");
  const auto wrong = template_of(R"({"spec": []})");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message, "spec.decode.podTemplate.spec: must be an object, is []");
}

}  // namespace
}  // namespace disagg::api::test
