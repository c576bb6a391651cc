// Admission of others: dead, slow, and refusing.

#include <thread>

#include "tests/integration/hostile/main_job.h"
#include "tests/integration/hostile/scene.h"
#include "tests/support/webhook_server.h"

namespace disagg::testing {
namespace {

constexpr const char* kValidating =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
constexpr const char* kPolicies =
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
constexpr const char* kBindings =
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

json DeadWebhook(const std::string& scene, const std::string& operation = "CREATE") {
  return PodWebhook("ValidatingWebhookConfiguration", scene, operation, DeadService());
}

class DeadWebhookScene : public Scene {
 protected:
  // That the fault is there: the API server refuses pods of that namespace by the webhook's name.
  static void ExpectDead(const std::string& scene) {
    EXPECT_TRUE(Eventually("the webhook is asked and dead", seconds(20), [&] {
      const Answer answer =
          TheApi().Create("/api/v1/namespaces/test-" + scene + "/pods?dryRun=All",
                          {{"apiVersion", "v1"},
                           {"kind", "Pod"},
                           {"metadata", {{"name", "probe"}}},
                           {"spec", {{"containers", {{{"name", "c"}, {"image", "i"}}}}}}});
      return answer.status == 500 &&
             answer.message().find(scene + ".example.com") != std::string::npos;
    }));
  }
};

TEST_F(DeadWebhookScene, ANewDeploymentSaysWhichWebhookAndStartsWhenItIsBack) {
  MakeNamespace("dead-new", {{"scene", "dead-new"}});
  Object webhook(kValidating, DeadWebhook("dead-new"));
  ExpectDead("dead-new");
  Deployment deployment("dead-new");
  ExpectTold(deployment, "dead-new.example.com");
  EXPECT_NE(deployment.ConditionReason("Ready"), "");
  EXPECT_NE(deployment.Condition("Stalled"), "True") << "no fault of the spec";
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  webhook.Remove();
  const double healed = SecondsUntil("Ready", [&] { return deployment.Converged(); });
  Report("a validating webhook on pods is dead, new deployment", per_minute, healed);
}

TEST_F(DeadWebhookScene, ARunningDeploymentThatLosesAPodSaysWhy) {
  MakeNamespace("dead-run", {{"scene", "dead-run"}});
  Deployment deployment("dead-run");
  ASSERT_TRUE(deployment.WaitReady());
  Object webhook(kValidating, DeadWebhook("dead-run"));
  ExpectDead("dead-run");
  TheApi().Delete(deployment.Collection("pods") + "/" + deployment.PodNames("prefill").at(0));
  ExpectTold(deployment, "dead-run.example.com");
  EXPECT_EQ(OwnedPods(deployment).size(), 3u) << "two workers and the router";
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  webhook.Remove();
  const double healed = SecondsUntil("Ready", [&] { return deployment.Converged(); });
  Report("a validating webhook on pods is dead, a pod is lost", per_minute, healed);
}

TEST_F(DeadWebhookScene, AChangeThatItHoldsUpIsToldAndSuspendingGivesTheGpusBack) {
  MakeNamespace("dead-change", {{"scene", "dead-change"}});
  Deployment deployment("dead-change");
  ASSERT_TRUE(deployment.WaitReady());
  Object webhook(kValidating, DeadWebhook("dead-change"));
  ExpectDead("dead-change");
  deployment.Patch({{"container", {{"image", "registry.example/mocker:2"}}}});
  ExpectTold(deployment, "dead-change.example.com");
  deployment.Patch({{"suspend", true}});
  EXPECT_TRUE(Eventually("suspended: no pod holds a GPU", kHealed, [&] {
    return OwnedPods(deployment).empty();
  })) << Told(deployment);
}

TEST_F(DeadWebhookScene, WithOneElsewhereTheMainJobWorks) {
  MakeNamespace("dead-else", {{"scene", "dead-else"}});
  Object webhook(kValidating, DeadWebhook("dead-else", "*"));
  ExpectDead("dead-else");
  Deployment held_up("dead-else");
  RunMainJob("beside-dead");
}

class SlowWebhook : public Scene {};

TEST_F(SlowWebhook, OfTenSecondsPerWriteOnlySlowsItsOwnNamespace) {
  constexpr int kSlow = 12;
  const std::string path = "/delay/10000/allow";
  const auto server = WebhookServer::Start(ChartEnvironment::cluster().dir() + "/webhook-slow");
  ASSERT_NE(server, nullptr);
  Object webhook(kValidating, PodWebhook("ValidatingWebhookConfiguration", "slow", "CREATE",
                                         server->ClientConfig(path)));
  const json small{{"prefill", {{"parallelism", {{"data", 1}}}}},
                   {"decode", {{"parallelism", {{"data", 1}}}}}};
  std::vector<std::unique_ptr<Deployment>> slow;
  for (int i = 0; i < kSlow; ++i) {
    const std::string name = "slow-" + std::to_string(i);
    MakeNamespace(name, {{"scene", "slow"}});
    slow.push_back(std::make_unique<Deployment>(name, small));
  }
  EXPECT_TRUE(Eventually("the webhook is asked", kHealed,
                         [&] { return server->Calls(path) >= kSlow / 2; }));
  Deployment healthy("beside-slow", small);
  const double seconds_to_pods = SecondsUntil(
      "the healthy one has its pods", [&] { return OwnedPods(healthy).size() == 4; }, seconds(5));
  EXPECT_TRUE(healthy.WaitReady(seconds(20)));
  for (const auto& deployment : slow) EXPECT_TRUE(deployment->WaitReady(seconds(180)));
  Report("12 deployments behind a webhook of 10 s; pods of another one", 0, seconds_to_pods);
}

TEST_F(SlowWebhook, OfTenSecondsPerWriteDoesNotStopTheMainJob) {
  const std::string path = "/delay/10000/allow";
  const auto server = WebhookServer::Start(ChartEnvironment::cluster().dir() + "/webhook-slow-job");
  ASSERT_NE(server, nullptr);
  MakeNamespace("slow-job", {{"scene", "slow-job"}});
  Object webhook(kValidating, PodWebhook("ValidatingWebhookConfiguration", "slow-job", "CREATE",
                                         server->ClientConfig(path)));
  RunMainJob("slow-job", seconds(120));
  EXPECT_GE(server->Calls(path), 8);
}

class RefusingPolicy : public Scene {};

TEST_F(RefusingPolicy, IsToldInItsOwnWordsAndAskedAgain) {
  MakeNamespace("refused", {{"scene", "refused"}});
  const json policy{
      {"apiVersion", "admissionregistration.k8s.io/v1"},
      {"kind", "ValidatingAdmissionPolicy"},
      {"metadata", {{"name", "refused"}}},
      {"spec",
       {{"failurePolicy", "Fail"},
        {"matchConstraints",
         {{"namespaceSelector", {{"matchLabels", {{"scene", "refused"}}}}},
          {"resourceRules", json::array({{{"apiGroups", {""}},
                                          {"apiVersions", {"v1"}},
                                          {"operations", {"CREATE"}},
                                          {"resources", {"pods"}}}})}}},
        {"validations", json::array({{{"expression", "'cost-center' in object.metadata.labels"},
                                      {"message", "pods need a cost-center"}}})}}}};
  const json binding{{"apiVersion", "admissionregistration.k8s.io/v1"},
                     {"kind", "ValidatingAdmissionPolicyBinding"},
                     {"metadata", {{"name", "refused"}}},
                     {"spec", {{"policyName", "refused"}, {"validationActions", {"Deny"}}}}};
  Object rule(kPolicies, policy);
  Object bound(kBindings, binding);
  std::this_thread::sleep_for(seconds(3));  // until the API server enforces it; nothing tells when
  Deployment deployment("refused");
  ExpectTold(deployment, "pods need a cost-center");
  EXPECT_TRUE(OwnedPods(deployment).empty());
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  bound.Remove();
  const double healed = SecondsUntil(
      "Ready", [&] { return deployment.Converged(); }, seconds(90));
  Report("a policy refuses pods", per_minute, healed);
}

}  // namespace
}  // namespace disagg::testing
