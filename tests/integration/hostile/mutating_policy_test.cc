// A MutatingAdmissionPolicy changes pods inside the API server, where no webhook is to be seen.
// Kubernetes serves them from 1.36 on.

#include <algorithm>
#include <string>
#include <thread>

#include "tests/integration/hostile/main_job.h"
#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

constexpr const char* kPolicies = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies";
constexpr const char* kBindings =
    "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings";
constexpr const char* kMirror = "mirror.example/";
constexpr const char* kToleration = "example.com/maintenance";

// Of the namespaces that carry the label "scene: `name`": a further toleration, and the image of
// the first container from a mirror.
json Policy(const std::string& name) {
  const std::string patch =
      R"([JSONPatch{op: "add", path: "/spec/tolerations/-", value: Object.spec.tolerations{key: ")" +
      std::string(kToleration) +
      R"(", operator: "Exists"}}, JSONPatch{op: "replace", path: "/spec/containers/0/image", value: ")" +
      kMirror + R"(" + object.spec.containers[0].image}])";
  return {
      {"apiVersion", "admissionregistration.k8s.io/v1"},
      {"kind", "MutatingAdmissionPolicy"},
      {"metadata", {{"name", name}}},
      {"spec",
       {{"failurePolicy", "Fail"},
        {"reinvocationPolicy", "Never"},
        {"matchConstraints",
         {{"namespaceSelector", {{"matchLabels", {{"scene", name}}}}},
          {"resourceRules", json::array({{{"apiGroups", {""}},
                                          {"apiVersions", {"v1"}},
                                          {"operations", {"CREATE"}},
                                          {"resources", {"pods"}}}})}}},
        {"mutations",
         json::array({{{"patchType", "JSONPatch"}, {"jsonPatch", {{"expression", patch}}}}})}}}};
}

json Binding(const std::string& name) {
  return {{"apiVersion", "admissionregistration.k8s.io/v1"},
          {"kind", "MutatingAdmissionPolicyBinding"},
          {"metadata", {{"name", name}}},
          {"spec", {{"policyName", name}}}};
}

bool IsMutated(const json& pod) {
  const json tolerations = pod["spec"].value("tolerations", json::array());
  return pod["spec"]["containers"][0]["image"].get<std::string>().starts_with(kMirror) &&
         std::ranges::any_of(tolerations, [](const json& toleration) {
           return toleration.value("key", "") == kToleration;
         });
}

bool IsEnforced(const std::string& scene) {
  const Answer answer =
      TheApi().Create("/api/v1/namespaces/test-" + scene + "/pods?dryRun=All",
                      {{"apiVersion", "v1"},
                       {"kind", "Pod"},
                       {"metadata", {{"name", "probe"}}},
                       {"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}});
  return answer.ok() && IsMutated(answer.body);
}

class MutatingPolicy : public Scene {
 protected:
  void SetUp() override {
    if (TheApi().Get(kPolicies).status == 404) GTEST_SKIP() << "not served by this Kubernetes";
    Scene::SetUp();
  }
};

TEST_F(MutatingPolicy, WhatItChangesInPodsIsNoDrift) {
  MakeNamespace("policy", {{"scene", "policy"}});
  Object policy(kPolicies, Policy("policy"));
  Object binding(kBindings, Binding("policy"));
  ASSERT_TRUE(Eventually("the policy is enforced", kHealed, [] { return IsEnforced("policy"); }));
  Deployment deployment("policy");
  ASSERT_TRUE(deployment.WaitReady());
  const auto pods = OwnedPods(deployment);
  EXPECT_EQ(pods.size(), 4u);
  EXPECT_TRUE(std::ranges::all_of(pods, IsMutated));
  std::this_thread::sleep_for(seconds(10));  // the last status is written
  const int per_minute = RequestsPerMinute();
  EXPECT_EQ(per_minute, 0);
  EXPECT_EQ(Uids(OwnedPods(deployment)), Uids(pods));
  Report("a MutatingAdmissionPolicy changes images and tolerations", per_minute, 0);
  MakeNamespace("policy-job", {{"scene", "policy"}});
  RunMainJob("policy-job");
}

}  // namespace
}  // namespace disagg::testing
