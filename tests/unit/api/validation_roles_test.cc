#include <gtest/gtest.h>

#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

TEST(ValidateRoles, Table) {
  ExpectMessages({
      {"aggregated alone",
       R"({"spec": {"prefill": null, "decode": null, "aggregated": {"replicas": 2}}})", ""},
      {"no role", R"({"spec": {"prefill": null, "decode": null}})",
       "spec.prefill: a deployment needs workers; write spec.prefill and spec.decode, or "
       "spec.aggregated for a deployment without disaggregation"},
      {"prefill alone", R"({"spec": {"decode": null}})",
       "spec.decode: prefill and decode go together; use spec.aggregated for a deployment without "
       "disaggregation"},
      {"decode alone", R"({"spec": {"prefill": null}})",
       "spec.prefill: prefill and decode go together; use spec.aggregated for a deployment without "
       "disaggregation"},
      {"all three", R"({"spec": {"aggregated": {"replicas": 1}}})",
       "spec.aggregated: cannot stand beside spec.prefill and spec.decode, because a request is "
       "served by one kind of worker; remove spec.aggregated, or both others"},
  });
}

TEST(ValidateReplicas, Table) {
  ExpectMessages({
      {"both roles at zero", R"({"spec": {"prefill": {"replicas": 0}, "decode": {"replicas": 0}}})",
       ""},
      {"prefill at zero", R"({"spec": {"prefill": {"replicas": 0}}})",
       "spec.prefill.replicas: 0, while spec.decode.replicas is 1; one role alone serves no "
       "request; set both above 0, or both to 0"},
      {"decode at zero", R"({"spec": {"decode": {"replicas": 0}}})",
       "spec.decode.replicas: 0, while spec.prefill.replicas is 2; one role alone serves no "
       "request; set both above 0, or both to 0"},
      {"less than none", R"({"spec": {"decode": {"replicas": -1}}})",
       R"(spec.decode.replicas "-1": must be from 0 to 999)"},
      {"as many as a name has digits for", R"({"spec": {"decode": {"replicas": 999}}})", ""},
      {"one more", R"({"spec": {"decode": {"replicas": 1000}}})",
       R"(spec.decode.replicas "1000": must be from 0 to 999)"},
      {"all must be ready", R"({"spec": {"prefill": {"minReady": 2}}})", ""},
      {"more ready than there are", R"({"spec": {"prefill": {"minReady": 3}}})",
       R"(spec.prefill.minReady "3": so many of 2 replicas can never be ready; at most )"
       "spec.prefill.replicas"},
      {"none ready", R"({"spec": {"prefill": {"minReady": 0}}})",
       R"(spec.prefill.minReady "0": must be 1 or more; a deployment without a ready replica )"
       R"(serves )"
       "nothing"},
      {"stopped, with the minReady of better days",
       R"({"spec": {"prefill": {"replicas": 0, "minReady": 2}, "decode": {"replicas": 0}}})", ""},
  });
}

TEST(ValidateResources, Table) {
  ExpectMessages({
      {"all three",
       R"({"spec": {"decode": {"resources": {"cpu": 96, "memory": "960Gi", "sharedMemory": )"
       R"("64Gi"}}}})",
       ""},
      {"half a core", R"({"spec": {"decode": {"resources": {"cpu": "500m"}}}})", ""},
      {"no quantity", R"({"spec": {"decode": {"resources": {"cpu": "many"}}}})",
       R"(spec.decode.resources.cpu "many": is not a quantity; write a number of cores, like 96 or )"
       R"(500m)"},
      {"no core", R"({"spec": {"decode": {"resources": {"cpu": 0}}}})",
       R"(spec.decode.resources.cpu "0": cores are out of range for one pod; more than 0 and at most )"
       "4096, like 96"},
      {"memory's unit at the wrong field",
       R"({"spec": {"decode": {"resources": {"cpu": "96Gi"}}}})",
       R"(spec.decode.resources.cpu "96Gi": cores are out of range for one pod; more than 0 and at )"
       R"(most )"
       "4096, like 96"},
      {"a unit that Kubernetes does not know",
       R"({"spec": {"decode": {"resources": {"memory": "64GB"}}}})",
       R"(spec.decode.resources.memory "64GB": is not a quantity; write a number with Mi, Gi or Ti, )"
       "like 64Gi"},
      {"a forgotten unit", R"({"spec": {"decode": {"resources": {"memory": 64}}}})",
       R"(spec.decode.resources.memory "64": is less than 16Mi; is the unit missing? Write it )"
       R"(like )"
       "64Gi"},
      {"thousandths of a byte", R"({"spec": {"decode": {"resources": {"memory": "64m"}}}})",
       R"(spec.decode.resources.memory "64m": is less than 16Mi; is the unit missing? Write it )"
       R"(like )"
       "64Gi"},
      {"shared memory without its unit",
       R"({"spec": {"decode": {"resources": {"sharedMemory": "8"}}}})",
       R"(spec.decode.resources.sharedMemory "8": is less than 16Mi; is the unit missing? Write )"
       R"(it )"
       "like 64Gi"},
      {"more shared memory than memory",
       R"({"spec": {"decode": {"resources": {"memory": "32Gi", "sharedMemory": "64Gi"}}}})",
       R"(spec.decode.resources.sharedMemory "64Gi": is more than memory = 32Gi; shared memory )"
       R"(counts )"
       "as memory of the pod; raise memory, or lower sharedMemory"},
      {"all of memory shared",
       R"({"spec": {"decode": {"resources": {"memory": "64Gi", "sharedMemory": "65536Mi"}}}})", ""},
  });
}

}  // namespace
}  // namespace disagg::api::test
