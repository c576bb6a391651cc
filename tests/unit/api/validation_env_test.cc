#include <gtest/gtest.h>

#include "controllers/api/reserved_env.h"
#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

TEST(ValidateEnv, Table) {
  ExpectMessages({
      {"names with dots and dashes",
       R"({"spec": {"engine": {"env": [{"name": "a.b-c_D9", "value": "x"}]}}})", ""},
      {"the same name in engine and role is an override",
       R"({"spec": {"decode": {"env": [{"name": "NCCL_CUMEM_ENABLE", "value": "0"}]}}})", ""},
      {"a name that begins with a digit", R"({"spec": {"decode": {"env": [{"name": "9LIVES"}]}}})",
       R"(spec.decode.env[0].name "9LIVES": is not a variable name; use letters, digits and _ )"
       R"(. - , )"
       "not beginning with a digit"},
      {"name and value in one", R"({"spec": {"engine": {"env": [{"name": "A=1"}]}}})",
       R"(spec.engine.env[0].name "A=1": is not a variable name; use letters, digits and _ . - )"
       R"(, )"
       "not beginning with a digit"},
      {"no name", R"({"spec": {"router": {"env": [{"value": "1"}]}}})",
       R"(spec.router.env[0].name "": is not a variable name; use letters, digits and _ . - , )"
       R"(not )"
       "beginning with a digit"},
      {"the same name twice",
       R"({"spec": {"engine": {"env": [{"name": "A"}, {"name": "B"}, {"name": "A"}]}}})",
       R"(spec.engine.env[2].name "A": is listed twice; remove one)"},
      {"a value and a source", R"({"spec": {"engine": {"env": [{"name": "A", "value": "1",
         "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}}})",
       R"(spec.engine.env[0].valueFrom: "A" has a value as well; remove one of the two)"},
      {"a reference to another variable",
       R"-({"spec": {"engine": {"env": [{"name": "A", "value": "$(B)"}]}}})-", ""},
      {"a reference to itself",
       R"-({"spec": {"engine": {"env": [{"name": "PATH", "value": "/x:$(PATH)"}]}}})-",
       R"-(spec.engine.env[0].value "/x:$(PATH)": refers to "PATH", the variable itself, which )-"
       "Kubernetes leaves as it is written; write the whole value, or $$(PATH) for these "
       "characters"},
      {"the same characters, meant so",
       R"-({"spec": {"engine": {"env": [{"name": "PATH", "value": "/x:$$(PATH)"}]}}})-", ""},
      {"the name under which workers are found",
       R"({"spec": {"engine": {"env": [{"name": "DYN_NAMESPACE", "value": "x"}]}}})",
       R"(spec.engine.env[0].name "DYN_NAMESPACE": is the operator's to set: workers and router )"
       R"(find )"
       "each other by it; remove it"},
      {"the port of the probes",
       R"({"spec": {"prefill": {"env": [{"name": "DYN_SYSTEM_PORT", "value": "1"}]}}})",
       R"(spec.prefill.env[0].name "DYN_SYSTEM_PORT": is the operator's to set: probes and )"
       R"(Services )"
       "use fixed ports; remove it"},
      {"the address of KV blocks", R"({"spec": {"prefill": {"env":
         [{"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "value": "0.0.0.0"}]}}})",
       R"(spec.prefill.env[0].name "VLLM_NIXL_SIDE_CHANNEL_HOST": is the operator's to set: )"
       R"(decode )"
       "reads KV blocks at this address; remove it"},
      {"more GPUs than the pod was given",
       R"({"spec": {"decode": {"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}}})",
       R"(spec.decode.env[0].name "NVIDIA_VISIBLE_DEVICES": is the operator's to set: a container )"
       "sees the GPUs that Kubernetes gave it; remove it"},
      {"downloads", R"({"spec": {"engine": {"env": [{"name": "HF_HUB_OFFLINE", "value": "0"}]}}})",
       R"(spec.engine.env[0].name "HF_HUB_OFFLINE": is the operator's to set: nothing is )"
       R"(downloaded; )"
       "weights come from the ServingModel; remove it"},
      {"the router's drain", R"({"spec": {"router": {"env":
         [{"name": "DYN_HTTP_GRACEFUL_SHUTDOWN_TIMEOUT_SECS", "value": "1"}]}}})",
       R"(spec.router.env[0].name "DYN_HTTP_GRACEFUL_SHUTDOWN_TIMEOUT_SECS": is the operator's to )"
       "set: it follows from spec.rollout.drainSeconds; remove it"},
      {"the log level is free", R"({"spec": {"engine": {"env": [{"name": "DYN_LOG"}]}}})", ""},
  });
}

TEST(ReservedEnv, IsSortedAndSaysWhy) {
  std::string_view last;
  for (const ReservedVariable& variable : ReservedEnv()) {
    EXPECT_LT(last, variable.name);
    EXPECT_FALSE(variable.why.empty()) << variable.name;
    last = variable.name;
  }
  EXPECT_FALSE(WhyReserved("POD_UID").empty());
  EXPECT_TRUE(WhyReserved("UCX_TLS").empty());
}

}  // namespace
}  // namespace disagg::api::test
