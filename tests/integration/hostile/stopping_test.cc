// Giving GPUs back needs nothing: in every state, suspend, fewer replicas and delete do what they
// say.

#include <cctype>
#include <thread>
#include <tuple>

#include "tests/integration/hostile/scene.h"
#include "tests/support/webhook_server.h"

namespace disagg::testing {
namespace {

constexpr const char* kModels = "/apis/disagg.dev/v1alpha1/servingmodels";

json Model(const std::string& name) {
  return {{"apiVersion", "disagg.dev/v1alpha1"},
          {"kind", "ServingModel"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"repository", "nvidia/" + name},
            {"revision", "main"},
            {"aliases", {"nvidia/" + name}},
            {"precision", "fp4"},
            {"servedName", "nvidia/" + name},
            {"artifacts", json::array({{{"type", "HostPath"}, {"path", "/models/" + name}}})}}}};
}

enum class State { kModelDeleted, kModelMisspelt, kClassMisspelt, kDeadWebhook, kFullQuota };
enum class Wish { kSuspend, kFewer, kDelete };

const char* Name(State state) {
  switch (state) {
    case State::kModelDeleted:
      return "ModelDeleted";
    case State::kModelMisspelt:
      return "ModelMisspelt";
    case State::kClassMisspelt:
      return "ClassMisspelt";
    case State::kDeadWebhook:
      return "DeadWebhook";
    case State::kFullQuota:
      return "FullQuota";
  }
  return "";
}

const char* Name(Wish wish) {
  switch (wish) {
    case Wish::kSuspend:
      return "Suspend";
    case Wish::kFewer:
      return "Fewer";
    case Wish::kDelete:
      return "Delete";
  }
  return "";
}

std::string LowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

class Stopping : public Scene, public ::testing::WithParamInterface<std::tuple<State, Wish>> {
 protected:
  void SetUp() override {
    Scene::SetUp();
    name_ = LowerCase(std::string("stop-") + Name(std::get<0>(GetParam())) + "-" +
                      Name(std::get<1>(GetParam())));
    MakeNamespace(name_, {{"scene", name_}});
    model_ = std::make_unique<Object>(kModels, Model(name_));
  }

  // Brings the running deployment into the state, with a change that cannot be carried out.
  void Break(const Deployment& deployment) {
    switch (std::get<0>(GetParam())) {
      case State::kModelDeleted:
        model_->Remove();
        deployment.Patch({{"restart", {{"token", "again"}}}});
        ExpectTold(deployment, "ModelNotFound");
        return;
      case State::kModelMisspelt:
        deployment.Patch({{"model", {{"ref", "nvidia/misspelt"}}}});
        ExpectTold(deployment, "ModelNotFound");
        return;
      case State::kClassMisspelt:
        deployment.Patch({{"accelerator", "b2000"}});
        ExpectTold(deployment, "b2000");
        return;
      case State::kDeadWebhook:
        webhook_ = std::make_unique<Object>(
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
            PodWebhook("ValidatingWebhookConfiguration", name_, "CREATE", DeadService()));
        deployment.Patch({{"container", {{"image", "registry.example/mocker:2"}}}});
        ExpectTold(deployment, name_ + ".example.com");
        return;
      case State::kFullQuota:
        quota_ = std::make_unique<Object>(
            deployment.Collection("resourcequotas"),
            json{{"apiVersion", "v1"},
                 {"kind", "ResourceQuota"},
                 {"metadata", {{"name", "gpus"}}},
                 {"spec", {{"hard", {{"requests.nvidia.com/gpu", "12"}}}}}});
        deployment.Patch({{"prefill", {{"replicas", 3}}}});
        ExpectTold(deployment, "QuotaExceeded");
        return;
    }
  }

  std::string name_;
  std::unique_ptr<Object> model_, webhook_, quota_;
};

TEST_P(Stopping, NeedsNothing) {
  const Deployment deployment(name_, {{"model", {{"ref", "nvidia/" + name_}}}});
  ASSERT_TRUE(deployment.WaitReady());
  Break(deployment);
  std::size_t left = 0;
  switch (std::get<1>(GetParam())) {
    case Wish::kSuspend:
      deployment.Patch({{"suspend", true}});
      break;
    case Wish::kFewer:
      deployment.Patch({{"prefill", {{"replicas", 1}}}});
      left = 3;  // one of each role
      break;
    case Wish::kDelete:
      TheApi().Delete(deployment.path());
      break;
  }
  EXPECT_TRUE(Eventually("only " + std::to_string(left) + " pods are left", kHealed, [&] {
    return OwnedPods(deployment).size() <= left;
  })) << Told(deployment);
  const int per_minute = RequestsPerMinute(seconds(10));
  EXPECT_LE(per_minute, kMostPerMinute);
  EXPECT_LE(OwnedPods(deployment).size(), left) << "created again";
}

INSTANTIATE_TEST_SUITE_P(
    All, Stopping,
    ::testing::Combine(::testing::Values(State::kModelDeleted, State::kModelMisspelt,
                                         State::kClassMisspelt, State::kDeadWebhook,
                                         State::kFullQuota),
                       ::testing::Values(Wish::kSuspend, Wish::kFewer, Wish::kDelete)),
    [](const auto& test) {
      return std::string(Name(std::get<0>(test.param))) + Name(std::get<1>(test.param));
    });

// A deployment that was never accepted, and one that is paused.
class StoppingOther : public Scene {};

TEST_F(StoppingOther, ASuspendedDeploymentWhosePodsAreLostMakesNone) {
  Deployment deployment("stop-lost");
  ASSERT_TRUE(deployment.WaitReady());
  deployment.Patch({{"model", {{"ref", "nvidia/misspelt"}}}});
  ExpectTold(deployment, "ModelNotFound");
  deployment.Patch({{"suspend", true}});
  for (const json& pod : OwnedPods(deployment)) {
    TheApi().Delete(PodPath(deployment, pod));
  }
  EXPECT_TRUE(Eventually("no pod is left", kHealed, [&] { return OwnedPods(deployment).empty(); }));
  const auto since = FaultProxy::Now();
  RequestsPerMinute(seconds(10));
  EXPECT_EQ(
      proxy().Count({{"method", "POST"}, {"path", "/pods$"}, {"kind", "write"}, {"since", since}}),
      0);
}

TEST_F(StoppingOther, PausedAndSuspendedDoesNotClaimThatItsPodsAreGone) {
  Deployment deployment("stop-paused");
  ASSERT_TRUE(deployment.WaitReady());
  TheApi().MergePatch(deployment.path(),
                      {{"metadata", {{"annotations", {{"disagg.dev/reconcile", "disabled"}}}}}});
  ExpectTold(deployment, "Paused");
  deployment.Patch({{"suspend", true}});
  std::this_thread::sleep_for(seconds(5));
  EXPECT_EQ(OwnedPods(deployment).size(), 4u) << "paused";
  EXPECT_EQ(Told(deployment).find("all replicas are at 0"), std::string::npos) << Told(deployment);
}

}  // namespace
}  // namespace disagg::testing
