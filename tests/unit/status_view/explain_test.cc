// What `kubectl disagg explain` prints: the decisions of the operator's own planner on what is read
// from the cluster.

#include "operator/cmd/kubectl-disagg/explain_command.h"

#include <gmock/gmock.h>

#include <sstream>

#include "controllers/api/decode.h"
#include "controllers/api/resolution.h"
#include "controllers/render/objects.h"
#include "operator/kube/item_decoder.h"
#include "tests/unit/status_view/scene.h"

namespace kubectl_disagg::testing {
namespace {

namespace api = disagg::api;
namespace render = disagg::render;
using nlohmann::json;
using ::testing::HasSubstr;

template <typename T>
std::shared_ptr<const T> Decoded(const json& object, const kube::Decoder& decoder) {
  kube::JsonParser parser;
  const auto item = kube::DecodeItem(object.dump(), decoder, parser);
  return std::static_pointer_cast<const T>(*item);
}

// The scene with its model and its namespace, and with what the operator has stored of it.
struct ExplainScene : Scene {
  ExplainScene() {
    models = {{{"metadata",
                {{"name", "minimax-m3-nvfp4"}, {"uid", "model-uid"}, {"resourceVersion", "7"}}},
               {"spec",
                {{"repository", "nvidia/MiniMax-M3-NVFP4"},
                 {"aliases", json::array({"nvidia/MiniMax-M3-NVFP4"})},
                 {"revision", "main"},
                 {"precision", "fp4"},
                 {"artifacts", json::array({{{"type", "HostPath"},
                                             {"accelerators", {"b200"}},
                                             {"path", "/models/minimax-m3"}}})}}}}};
  }

  // Stores the revision that the spec asks for now.
  render::Revision Store(FakeCluster* cluster, const render::Revision* previous = nullptr) const {
    const auto object = Decoded<api::DisaggDeployment>(deployment, api::DisaggDeploymentDecoder());
    api::Catalogue catalogue;
    for (const json& model : models) {
      catalogue.models.push_back(Decoded<api::ServingModel>(model, api::ServingModelDecoder()));
    }
    for (const json& type : classes) {
      catalogue.classes.push_back(
          Decoded<api::AcceleratorClass>(type, api::AcceleratorClassDecoder()));
    }
    const api::Resolution resolution = api::Resolve(*object, catalogue, {});
    EXPECT_TRUE(resolution.errors.empty());
    render::Revision revision =
        render::MakeRevision(*object, resolution, previous, {}, previous == nullptr ? 1 : 2);
    json stored = render::RenderRevision(*object, revision);
    stored["metadata"]["uid"] = revision.identity.name + "-uid";
    stored["metadata"]["resourceVersion"] = "7";
    cluster->Add("/apis/apps/v1/namespaces/serving/controllerrevisions", stored);
    return revision;
  }

  void AddTo(FakeCluster* cluster) const {
    Scene::AddTo(cluster);
    cluster->Add("/api/v1/namespaces",
                 {{"metadata", {{"name", "serving"}, {"uid", "ns"}, {"resourceVersion", "7"}}}});
  }
};

Printed Explain(FakeCluster& fake, const std::string& name = "minimax-m3") {
  std::ostringstream out, err;
  Session session{out, err, {}, kNow};
  ClusterReader reader(fake, "https://127.0.0.1:6443 (context test)");
  const ExitCode code = RunExplain(reader, {"serving", name}, session);
  return {code, out.str(), err.str()};
}

json Node(const std::string& name) {
  return {{"metadata", {{"name", name}, {"uid", name}, {"resourceVersion", "7"}}},
          {"status",
           {{"conditions",
             {{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", Ago(kDay)}}}}}}};
}

// Found by requests.
json Open(json pod) {
  pod["metadata"]["labels"]["disagg.dev/discovery"] = "enabled";
  return pod;
}

// Pods of a revision, all Ready.
std::vector<json> PodsOf(const render::Revision& revision) {
  std::vector<json> pods;
  const auto add = [&](api::RoleName role, int replica) {
    pods.push_back(Open(ReadyPod({.role = std::string(api::ToString(role)),
                                  .revision = revision.identity.roles.at(role).revision,
                                  .replica = replica,
                                  .node = "b200-0"})));
  };
  add(api::RoleName::kRouter, 0);
  add(api::RoleName::kDecode, 0);
  add(api::RoleName::kPrefill, 0);
  add(api::RoleName::kPrefill, 1);
  return pods;
}

TEST(Explain, SaysWhatARollWaitsFor) {
  ExplainScene scene;
  FakeCluster fake;
  const render::Revision first = scene.Store(&fake);
  scene.pods = PodsOf(first);
  scene.deployment["spec"]["prefill"]["args"] = {{"max-num-seqs", 64}};
  const render::Revision second = scene.Store(&fake, &first);
  scene.pods[3] =
      Open(LoadingPod({.role = "prefill",
                       .revision = second.identity.roles.at(api::RoleName::kPrefill).revision,
                       .replica = 1,
                       .incarnation = 2,
                       .node = "b200-0",
                       .age = kMinute}));
  scene.status()["targetRevision"] = second.identity.name;
  fake.Add("/api/v1/nodes", Node("b200-0"));
  scene.AddTo(&fake);
  const Printed printed = Explain(fake);
  EXPECT_EQ(printed.code, kOk) << printed.err;
  EXPECT_EQ("\n" + printed.out, R"(
ITEM        DECISION                   BECAUSE
prefill-0   keeps the older revision   the role is not complete, 1 of 2 ready
)");
}

TEST(Explain, SaysThatNothingIsHeldBack) {
  ExplainScene scene;
  FakeCluster fake;
  const render::Revision revision = scene.Store(&fake);
  scene.pods = PodsOf(revision);
  scene.status()["targetRevision"] = revision.identity.name;
  fake.Add("/api/v1/nodes", Node("b200-0"));
  scene.AddTo(&fake);
  EXPECT_EQ(Explain(fake).out, "the operator holds nothing back\n");
}

TEST(Explain, SaysWhyNothingIsCreated) {
  ExplainScene scene;
  scene.models.clear();
  scene.pods.clear();
  FakeCluster fake;
  scene.AddTo(&fake);
  EXPECT_THAT(Explain(fake).out, HasSubstr("creates nothing   the spec is not accepted: "));
}

TEST(Explain, DecidesNothingAboutNodesThatMayNotBeRead) {
  ExplainScene scene;
  scene.deployment["metadata"]["annotations"]["disagg.dev/reconcile"] = "disabled";
  FakeCluster fake;
  scene.AddTo(&fake);
  fake.Forbid("nodes");
  const Printed printed = Explain(fake);
  EXPECT_EQ(printed.code, kOk);
  EXPECT_THAT(printed.out, HasSubstr("does nothing   disagg.dev/reconcile is disabled"));
  EXPECT_THAT(printed.err, HasSubstr("nothing is decided about nodes"));
}

TEST(Explain, NeedsWhatTheOperatorReads) {
  ExplainScene scene;
  FakeCluster fake;
  scene.AddTo(&fake);
  fake.Forbid("controllerrevisions");
  const Printed printed = Explain(fake);
  EXPECT_EQ(printed.code, kNoCluster);
  EXPECT_THAT(printed.err, HasSubstr("ask for get and list on"));
}

TEST(Explain, SaysThatThereIsNoSuchDeployment) {
  FakeCluster fake;
  ExplainScene().AddTo(&fake);
  const Printed printed = Explain(fake, "other");
  EXPECT_EQ(printed.code, kNegative);
  EXPECT_THAT(printed.err, HasSubstr("no DisaggDeployment \"other\" in namespace serving"));
}

}  // namespace
}  // namespace kubectl_disagg::testing
