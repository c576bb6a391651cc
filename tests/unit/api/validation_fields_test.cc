#include <gtest/gtest.h>

#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

TEST(ValidateName, Table) {
  ExpectMessages({
      {"the topology of the README is valid", "{}", ""},
      {"one letter is a name", R"({"metadata": {"name": "m"}})", ""},
      {"thirty characters are a name",
       R"({"metadata": {"name": "a23456789012345678901234567890"}})", ""},
      {"thirty-one are not", R"({"metadata": {"name": "a234567890123456789012345678901"}})",
       R"(metadata.name "a234567890123456789012345678901": has 31 characters; at most 30, so that )"
       "the longest pod name is a valid host name; choose a shorter name"},
      {"a digit first is no Service's name", R"({"metadata": {"name": "3m"}})",
       R"(metadata.name "3m": is not a valid Service name; use lower-case letters, digits and dashes, )"
       "beginning with a letter and ending in a letter or digit"},
      {"nor is a dot", R"({"metadata": {"name": "kimi-k2.5"}})",
       R"(metadata.name "kimi-k2.5": is not a valid Service name; use lower-case letters, digits and )"
       "dashes, beginning with a letter and ending in a letter or digit"},
      {"nor a capital letter", R"({"metadata": {"name": "Kimi"}})",
       R"(metadata.name "Kimi": is not a valid Service name; use lower-case letters, digits and )"
       "dashes, beginning with a letter and ending in a letter or digit"},
      {"nor a dash at the end", R"({"metadata": {"name": "kimi-"}})",
       R"(metadata.name "kimi-": is not a valid Service name; use lower-case letters, digits and )"
       "dashes, beginning with a letter and ending in a letter or digit"},
      {"a name like a router", R"({"metadata": {"name": "kimi-router"}})",
       R"(metadata.name "kimi-router": ends in -router, like an object that another deployment )"
       "would own; choose another name"},
      {"a name like the workers' Service", R"({"metadata": {"name": "kimi-workers"}})",
       R"(metadata.name "kimi-workers": ends in -workers, like an object that another deployment )"
       "would own; choose another name"},
      {"a name like the peers' Service", R"({"metadata": {"name": "kimi-peers"}})",
       R"(metadata.name "kimi-peers": ends in -peers, like an object that another deployment )"
       R"(would )"
       "own; choose another name"},
      {"a name like a role", R"({"metadata": {"name": "kimi-decode"}})",
       R"(metadata.name "kimi-decode": ends in -decode, like an object that another deployment )"
       "would own; choose another name"},
      {"the name of the API server's Service", R"({"metadata": {"name": "kubernetes"}})",
       R"(metadata.name "kubernetes": is the name of the API server's own Service; choose another )"
       "name"},
      {"a role's name inside is fine", R"({"metadata": {"name": "decode-kimi"}})", ""},
  });
}

TEST(ValidateModel, Table) {
  ExpectMessages({
      {"a name of one's own", R"({"spec": {"model": {"servedName": "team/m3:prod"}}})", ""},
      {"a blank in a name", R"({"spec": {"model": {"servedName": "mini max"}}})",
       R"(spec.model.servedName "mini max": becomes part of a URL; use letters, digits and )"
       "- . _ / : @ between a letter or digit at each end"},
      {"a name that looks like a flag", R"({"spec": {"model": {"servedName": "--help"}}})",
       R"(spec.model.servedName "--help": becomes part of a URL; use letters, digits and )"
       "- . _ / : @ between a letter or digit at each end"},
      {"a directory is no model", R"({"spec": {"model": {"ref": "/scratch/models/m3"}}})",
       R"(spec.model.ref "/scratch/models/m3": no ServingModel has this name or alias; this )"
       "namespace may use minimax-m3-nvfp4 or qwen3-32b"},
      {"no model at all", R"({"spec": {"model": null}})",
       R"(spec.model.ref "": no ServingModel has this name or alias; this namespace may use )"
       "minimax-m3-nvfp4 or qwen3-32b"},
  });
}

TEST(ValidateContainer, Table) {
  ExpectMessages({
      {"a digest is as good as a tag",
       R"({"spec": {"container": {"image": "vllm/vllm-openai@sha256:0123"}}})", ""},
      {"a registry with a port", R"({"spec": {"container": {"image": "reg.example:5000/vllm:1"}}})",
       ""},
      {"a port is no tag", R"({"spec": {"container": {"image": "reg.example:5000/vllm"}}})",
       R"(spec.container.image "reg.example:5000/vllm": has neither tag nor digest, so that pods )"
       "could run different images; add :tag or @sha256:..."},
      {"no tag", R"({"spec": {"container": {"image": "vllm"}}})",
       R"(spec.container.image "vllm": has neither tag nor digest, so that pods could run )"
       R"(different )"
       "images; add :tag or @sha256:..."},
      {"no image", R"({"spec": {"container": {"image": ""}}})",
       "spec.container.image: is empty; write registry/repository:tag"},
      {"a scheme", R"({"spec": {"container": {"image": "docker://vllm:1"}}})",
       R"(spec.container.image "docker://vllm:1": has a scheme; write only )"
       R"(registry/repository:tag)"},
      {"the spelling of enroot", R"({"spec": {"container": {"image": "nvcr.io#nvidia/vllm:1"}}})",
       R"(spec.container.image "nvcr.io#nvidia/vllm:1": has "#" (the spelling of enroot); write )"
       R"("/" )"
       "between registry and repository"},
      {"a blank", R"({"spec": {"container": {"image": "vllm :1"}}})",
       R"(spec.container.image "vllm :1": is not an image reference; write registry/repository:tag)"},
      {"an empty tag", R"({"spec": {"container": {"image": "vllm:"}}})",
       R"(spec.container.image "vllm:": is not an image reference; write registry/repository:tag)"},
      {"the router's image, too", R"({"spec": {"router": {"image": "dynamo"}}})",
       R"(spec.router.image "dynamo": has neither tag nor digest, so that pods could run )"
       R"(different )"
       "images; add :tag or @sha256:..."},
      {"a pull policy of our own", R"({"spec": {"container": {"imagePullPolicy": "Sometimes"}}})",
       R"(spec.container.imagePullPolicy "Sometimes": must be Always, IfNotPresent or Never)"},
  });
}

TEST(ValidateNumbers, Table) {
  ExpectMessages({
      {"no router", R"({"spec": {"router": {"replicas": 0}}})",
       R"(spec.router.replicas "0": must be from 1 to 64)"},
      {"too many routers", R"({"spec": {"router": {"replicas": 65}}})",
       R"(spec.router.replicas "65": must be from 1 to 64)"},
      {"no port", R"({"spec": {"router": {"service": {"port": 0}}}})",
       R"(spec.router.service.port "0": must be from 1 to 65535)"},
      {"a port too high", R"({"spec": {"router": {"service": {"port": 65536}}}})",
       R"(spec.router.service.port "65536": must be from 1 to 65535)"},
      {"a type of Service that has no address",
       R"({"spec": {"router": {"service": {"type": "ExternalName"}}}})",
       R"(spec.router.service.type "ExternalName": must be ClusterIP, NodePort or LoadBalancer)"},
      {"no time to start", R"({"spec": {"health": {"startupTimeoutSeconds": 0}}})",
       R"(spec.health.startupTimeoutSeconds "0": must be from 1 to 86400)"},
      {"no time to drain is allowed", R"({"spec": {"rollout": {"drainSeconds": 0}}})", ""},
      {"a negative time is not", R"({"spec": {"rollout": {"drainSeconds": -1}}})",
       R"(spec.rollout.drainSeconds "-1": must be from 0 to 3600)"},
      {"more history than anyone reads", R"({"spec": {"rollout": {"revisionHistoryLimit": 101}}})",
       R"(spec.rollout.revisionHistoryLimit "101": must be from 0 to 100)"},
  });
}

TEST(ValidatePlacement, Table) {
  ExpectMessages({
      {"a label", R"({"spec": {"placement": {"nodeSelector": {"zone": "zone-a"}}}})", ""},
      {"GPUs that are never given back",
       R"({"spec": {"placement": {"scheduleTimeoutSeconds": 0}}})", ""},
      {"half a minute to place all pods",
       R"({"spec": {"placement": {"scheduleTimeoutSeconds": 30}}})", ""},
      {"less than a scheduler needs", R"({"spec": {"placement": {"scheduleTimeoutSeconds": 29}}})",
       R"(spec.placement.scheduleTimeoutSeconds "29": must be 0 (never) or from 30 to 86400)"},
      {"days of GPUs that serve nobody",
       R"({"spec": {"placement": {"scheduleTimeoutSeconds": 86401}}})",
       R"(spec.placement.scheduleTimeoutSeconds "86401": must be 0 (never) or from 30 to 86400)"},
      {"an empty label value", R"({"spec": {"placement": {"nodeSelector": {"gpu": ""}}}})", ""},
      {"a model's name is not a label value",
       R"({"spec": {"placement": {"nodeSelector": {"model": "nvidia/M3"}}}})",
       R"(spec.placement.nodeSelector "model=nvidia/M3": no node can have this label; a value has )"
       "at most 63 letters, digits and - _ . between a letter or digit at each end"},
      {"a ServiceAccount of another namespace", R"({"spec": {"serviceAccountName": "ns/sa"}})",
       R"(spec.serviceAccountName "ns/sa": is not a valid ServiceAccount name; write the name alone, )"
       "without its namespace"},
      {"a ServiceAccount", R"({"spec": {"serviceAccountName": "team.serving-sa"}})", ""},
  });
}

}  // namespace
}  // namespace disagg::api::test
