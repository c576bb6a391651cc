#include "controllers/render/revision.h"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>

#include "controllers/render/canonical.h"
#include "operator/kube/object.h"
#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;

constexpr RoleName kPrefill = RoleName::kPrefill;
constexpr RoleName kDecode = RoleName::kDecode;
constexpr RoleName kRouter = RoleName::kRouter;

struct Change {
  const char* what;
  std::function<void(Fixture&)> make;
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.what; }

std::string Underscored(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

// Changes that must not touch a pod.
class NoInput : public testing::TestWithParam<Change> {};

TEST_P(NoInput, ChangesNoHash) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  GetParam().make(changed);
  const Revision after = changed.Make(&before);
  EXPECT_EQ(after.identity.name, before.identity.name);
  EXPECT_EQ(HashSpec(changed.deployment).spec, before.identity.spec_hash);
  EXPECT_EQ(Canonical(after.rendered), Canonical(before.rendered));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, NoInput,
    testing::Values(
        Change{"replicas", [](Fixture& f) { f.prefill().replicas = 7; }},
        Change{"minReady", [](Fixture& f) { f.decode().min_ready = 2; }},
        Change{"router replicas", [](Fixture& f) { f.deployment.spec.router.replicas = 3; }},
        Change{"service port", [](Fixture& f) { f.deployment.spec.router.service_port = 80; }},
        Change{"service type",
               [](Fixture& f) { f.deployment.spec.router.service_type = "LoadBalancer"; }},
        Change{"service annotations",
               [](Fixture& f) { f.deployment.spec.router.service_annotations["a"] = "b"; }},
        Change{"history limit", [](Fixture& f) { f.deployment.spec.revision_history_limit = 3; }},
        Change{"disruption",
               [](Fixture& f) { f.deployment.spec.disruption = api::DisruptionPolicy::kNone; }},
        Change{"what pods inherit", [](Fixture& f) { f.deployment.spec.inherit = {"team"}; }},
        Change{"inherited labels",
               [](Fixture& f) {
                 f.deployment.inherited.labels = {{"team", "a"}};
               }},
        Change{"suspend", [](Fixture& f) { f.deployment.spec.suspend = true; }}),
    [](const auto& row) { return Underscored(row.param.what); });

// Which parts of a revision a change of the spec makes anew.
struct Effect {
  Change change;
  bool contract, prefill, decode, router;
};

void PrintTo(const Effect& effect, std::ostream* out) { *out << effect.change.what; }

class Input : public testing::TestWithParam<Effect> {};

TEST_P(Input, RollsExactlyWhatItConcerns) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  GetParam().change.make(changed);
  const Revision after = changed.Make(&before);
  const auto& roles = after.identity.roles;
  EXPECT_NE(after.identity.name, before.identity.name);
  EXPECT_NE(after.identity.spec_hash, before.identity.spec_hash);
  EXPECT_EQ(after.identity.contract != before.identity.contract, GetParam().contract);
  EXPECT_EQ(roles.at(kPrefill).revision != before.identity.roles.at(kPrefill).revision,
            GetParam().prefill);
  EXPECT_EQ(roles.at(kDecode).revision != before.identity.roles.at(kDecode).revision,
            GetParam().decode);
  EXPECT_EQ(after.rendered["roles"]["prefill"] != before.rendered["roles"]["prefill"],
            GetParam().prefill);
  EXPECT_EQ(after.rendered["roles"]["decode"] != before.rendered["roles"]["decode"],
            GetParam().decode);
  EXPECT_EQ(roles.at(kRouter).revision != before.identity.roles.at(kRouter).revision,
            GetParam().router);
  EXPECT_EQ(after.rendered["roles"]["router"] != before.rendered["roles"]["router"],
            GetParam().router);
}

Effect All(const char* what, std::function<void(Fixture&)> make) {
  return {{what, std::move(make)}, true, true, true, true};
}
Effect Pods(const char* what, std::function<void(Fixture&)> make) {
  return {{what, std::move(make)}, false, true, true, true};
}
Effect Workers(const char* what, std::function<void(Fixture&)> make) {
  return {{what, std::move(make)}, false, true, true, false};
}
Effect OnlyDecode(const char* what, std::function<void(Fixture&)> make) {
  return {{what, std::move(make)}, false, false, true, false};
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Input,
    testing::Values(
        All("image", [](Fixture& f) { f.deployment.spec.image = "vllm/vllm-openai:2"; }),
        All("served name", [](Fixture& f) { f.deployment.spec.served_name = "m"; }),
        All("kv backend", [](Fixture& f) { f.deployment.spec.kv_backend = api::KvBackend::kTcp; }),
        All("engine", [](Fixture& f) { f.deployment.spec.engine = api::EngineType::kMocker; }),
        All("shared argument", [](Fixture& f) { f.decode().args["kv-cache-dtype"] = Text("fp8"); }),
        OnlyDecode("local argument",
                   [](Fixture& f) { f.decode().args["max-num-seqs"] = Text("9"); }),
        OnlyDecode("accelerator", [](Fixture& f) { f.decode().accelerator = "b300"; }),
        OnlyDecode("width", [](Fixture& f) { f.decode().parallelism = {.tensor = 8}; }),
        OnlyDecode("role env",
                   [](Fixture& f) {
                     f.decode().env = {{"A", "1", ""}};
                   }),
        OnlyDecode("role env from",
                   [](Fixture& f) { f.decode().env_from = {R"({"secretRef":{}})"}; }),
        OnlyDecode("template",
                   [](Fixture& f) { f.decode().pod_template.spec = R"({"hostIPC":true})"; }),
        OnlyDecode("template labels",
                   [](Fixture& f) {
                     f.decode().pod_template.labels = {{"queue", "a"}};
                   }),
        OnlyDecode("cpu", [](Fixture& f) { f.decode().resources.cpu = "7"; }),
        OnlyDecode("memory", [](Fixture& f) { f.decode().resources.memory = "900Gi"; }),
        OnlyDecode("shm", [](Fixture& f) { f.decode().resources.shared_memory = "9Gi"; }),
        Workers("default accelerator", [](Fixture& f) { f.deployment.spec.accelerator = "b300"; }),
        Workers("engine env",
                [](Fixture& f) {
                  f.deployment.spec.engine_env = {{"A", "1", ""}};
                }),
        Workers("start", [](Fixture& f) { f.deployment.spec.startup_timeout_seconds = 60; }),
        Workers("engine env from",
                [](Fixture& f) { f.deployment.spec.engine_env_from = {R"({"secretRef":{}})"}; }),
        Pods("drain", [](Fixture& f) { f.deployment.spec.drain_seconds = 61; }),
        Pods("tolerations",
             [](Fixture& f) { f.deployment.spec.placement.tolerations = {R"({"key":"a"})"}; }),
        Pods("priority", [](Fixture& f) { f.deployment.spec.placement.priority_class_name = "p"; }),
        Pods("pull policy", [](Fixture& f) { f.deployment.spec.image_pull_policy = "Never"; }),
        Pods("pull secrets", [](Fixture& f) { f.deployment.spec.image_pull_secrets = {"s"}; }),
        Pods("account", [](Fixture& f) { f.deployment.spec.service_account_name = "a"; }),
        Effect{{"router mode",
                [](Fixture& f) { f.deployment.spec.router.args["router_mode"] = Text("kv"); }},
               false,
               true,
               false,
               true},
        Effect{{"router image", [](Fixture& f) { f.deployment.spec.router.image = "r:1"; }},
               false,
               false,
               false,
               true},
        Effect{{"router template",
                [](Fixture& f) {
                  f.deployment.spec.router.pod_template.annotations = {{"a", "b"}};
                }},
               false,
               false,
               false,
               true},
        Effect{{"router env",
                [](Fixture& f) {
                  f.deployment.spec.router.env = {{"A", "1", ""}};
                }},
               false,
               false,
               false,
               true}),
    [](const auto& row) { return Underscored(row.param.change.what); });

TEST(Revision, IsTheSameForTheSameSpec) {
  EXPECT_EQ(Seed().Make().identity.name, Seed().Make().identity.name);
  EXPECT_EQ(Canonical(Seed().Make().rendered), Canonical(Seed().Make().rendered));
}

TEST(Revision, AReplacedRestartTokenRollsEverythingButTheContract) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.deployment.spec.restart_token = "again";
  const Revision after = changed.Make(&before);
  EXPECT_EQ(after.identity.contract, before.identity.contract);
  EXPECT_NE(after.identity.roles.at(kPrefill).revision,
            before.identity.roles.at(kPrefill).revision);
  EXPECT_NE(after.identity.roles.at(kDecode).revision, before.identity.roles.at(kDecode).revision);
  EXPECT_NE(after.identity.roles.at(kRouter).revision, before.identity.roles.at(kRouter).revision);
}

TEST(Revision, AnotherSpellingOfOneFlagMakesTheSamePods) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.deployment.spec.engine_args.erase("block-size");
  changed.deployment.spec.engine_args["block_size"] = Text("128");
  EXPECT_EQ(changed.Make(&before).identity.name, before.identity.name);
}

TEST(Revision, QuantitiesCountByTheirAmount) {
  Fixture a = Seed(), b = Seed();
  a.decode().resources.memory = "1Ti";
  b.decode().resources.memory = "1024Gi";
  EXPECT_EQ(a.Make().identity.name, b.Make().identity.name);
}

// Earlier releases hashed the order of the spec: another one here rolls pods at an upgrade.
TEST(Revision, HashesVariablesInTheOrderOfTheSpec) {
  Fixture seed = Seed();
  seed.deployment.spec.engine_env = {{"ADDRESS", "$(HOST):$(PORT)", ""}, {"HOST", "a", ""}};
  seed.decode().env = {{"PORT", "1", ""}, {"HOST", "b", ""}};
  const Revision made = seed.Make();
  std::vector<std::string> names;
  for (const json& entry : made.inputs["roles"]["decode"]["env"]) {
    names.push_back(entry["name"]);
  }
  EXPECT_THAT(names, testing::ElementsAre("ADDRESS", "HOST", "PORT"));
}

TEST(Revision, ARoleThatDoesNotRollKeepsItsPartByteForByteWhateverBecameOfTheClass) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.accelerator.cpu_per_gpu = "24";
  changed.accelerator.env.push_back({"NEW", "1", ""});
  changed.decode().args["max-num-seqs"] = Text("9");
  const Revision after = changed.Make(&before);
  EXPECT_EQ(Canonical(after.inputs["roles"]["prefill"]),
            Canonical(before.inputs["roles"]["prefill"]));
  EXPECT_EQ(Canonical(after.rendered["roles"]["prefill"]),
            Canonical(before.rendered["roles"]["prefill"]));
  EXPECT_EQ(Canonical(after.Template(kRouter)), Canonical(before.Template(kRouter)));
  EXPECT_EQ(EnvOf(after.Template(kDecode), "NEW"), "1");
  EXPECT_EQ(after.identity.roles.at(kPrefill).revision,
            before.identity.roles.at(kPrefill).revision);
}

TEST(Revision, AnEpochIsThatOfTheRenderingItSpeaksOf) {
  Revision before = Seed().Make();
  before.inputs["roles"]["prefill"]["renderEpoch"] = 0;
  before.identity.roles[kPrefill].epoch = 0;
  Fixture changed = Seed();
  changed.decode().args["max-num-seqs"] = Text("9");
  const Revision after = changed.Make(&before);
  EXPECT_EQ(after.identity.roles.at(kPrefill).epoch, 0);
  EXPECT_EQ(after.identity.roles.at(kDecode).epoch, kRenderEpoch);
  EXPECT_NE(after.identity.resolved_hash, HashResolved(changed.deployment, changed.Resolve()));
}

TEST(Revision, AModelThatBecameAnotherDoesNotMixWeightsWithinAContract) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.model.revision = "v2";
  changed.model.artifacts[0].path = "/models/v2";
  changed.decode().args["max-num-seqs"] = Text("9");
  const Revision after = changed.Make(&before);
  EXPECT_EQ(after.identity.contract, before.identity.contract);
  EXPECT_EQ(after.inputs["model"], before.inputs["model"]);
  EXPECT_EQ(after.inputs["roles"]["decode"]["resolved"]["artifact"],
            before.inputs["roles"]["decode"]["resolved"]["artifact"]);
}

TEST(Revision, ACorrectedModelIsAnotherRevisionWhereNothingIsKept) {
  const Revision wrong = Seed().Make();
  Fixture corrected = Seed();
  corrected.model.artifacts[0].path = "/models/right";
  const Revision kept = corrected.Make(&wrong), anew = corrected.Make();
  EXPECT_EQ(kept.identity.name, wrong.identity.name) << "pods that run are left alone";
  EXPECT_NE(anew.identity.name, wrong.identity.name);
  for (const RoleName role : {kPrefill, kDecode}) {
    EXPECT_NE(anew.identity.roles.at(role).revision, wrong.identity.roles.at(role).revision);
    EXPECT_EQ(anew.identity.roles.at(role).spec_hash, wrong.identity.roles.at(role).spec_hash);
  }
}

TEST(Revision, WeightsThatOnlyMovedAreFollowed) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.model.artifacts[0].path = "/elsewhere";
  changed.decode().args["max-num-seqs"] = Text("9");
  const Revision after = changed.Make(&before);
  EXPECT_EQ(after.inputs["roles"]["decode"]["resolved"]["artifact"]["path"], "/elsewhere");
  EXPECT_EQ(after.identity.contract, before.identity.contract);
}

TEST(Revision, ARoleThatMovesToAnotherClassTakesTheNewModelForAll) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.model.revision = "v2";
  changed.decode().accelerator = "b300";
  const Revision after = changed.Make(&before);
  EXPECT_NE(after.identity.contract, before.identity.contract);
  EXPECT_EQ(after.inputs["model"]["revision"], "v2");
  EXPECT_NE(after.identity.roles.at(kPrefill).revision,
            before.identity.roles.at(kPrefill).revision);
}

TEST(Revision, ARestartTakesTheNewModel) {
  const Revision before = Seed().Make();
  Fixture changed = Seed();
  changed.model.revision = "v2";
  changed.deployment.spec.restart_token = "again";
  const Revision after = changed.Make(&before);
  EXPECT_NE(after.identity.contract, before.identity.contract);
  EXPECT_EQ(after.identity.resolved_hash, HashResolved(changed.deployment, changed.Resolve()));
}

TEST(Revision, AContractNamesTheDynamoNamespace) {
  const Revision revision = Seed().Make();
  EXPECT_EQ(EnvOf(revision.Template(kPrefill), "DYN_NAMESPACE"),
            "serving-minimax-m3-" + revision.identity.contract);
  EXPECT_EQ(EnvOf(revision.Template(kRouter), "DYN_NAMESPACE"),
            "serving-minimax-m3-" + revision.identity.contract);
}

TEST(Resolved, HashIsThatOfAFreshRevision) {
  const Fixture seed = Seed();
  EXPECT_EQ(seed.Make().identity.resolved_hash, HashResolved(seed.deployment, seed.Resolve()));
}

TEST(Resolved, HashTellsOfWhatWouldChange) {
  const std::string before = Seed().Make().identity.resolved_hash;
  Fixture changed = Seed();
  changed.accelerator.whole_node_env = {{"NCCL_IB_HCA", "mlx5_0", ""}};
  EXPECT_NE(HashResolved(changed.deployment, changed.Resolve()), before);
}

TEST(Resolved, HashDoesNotTellOfWhatHasNoEffect) {
  Fixture seed = Seed();
  seed.deployment.spec.kv_backend = api::KvBackend::kTcp;
  seed.decode().resources.cpu = seed.prefill().resources.cpu = "8";
  const std::string before = HashResolved(seed.deployment, seed.Resolve());
  seed.accelerator.rdma->value = 2;
  seed.accelerator.cpu_per_gpu = "99";
  seed.accelerator.precisions = {"fp4"};
  EXPECT_EQ(HashResolved(seed.deployment, seed.Resolve()), before);
}

TEST(Collision, OfANameWithOtherInputsIsHashedAgain) {
  const Fixture seed = Seed();
  const Revision first = seed.Make();
  const Revision second =
      MakeRevision(seed.deployment, seed.Resolve(), nullptr, {{first.identity.name, "other"}}, 2);
  EXPECT_NE(second.identity.name, first.identity.name);
  EXPECT_EQ(second.inputs["collision"], 1);
  EXPECT_EQ(second.identity.roles.at(kPrefill).revision,
            first.identity.roles.at(kPrefill).revision);
  const Revision again = MakeRevision(
      seed.deployment, seed.Resolve(), nullptr,
      {{first.identity.name, "other"}, {second.identity.name, second.identity.inputs_hash}}, 2);
  EXPECT_EQ(again.identity.name, second.identity.name);
}

TEST(Collision, IsNoneWhereTheInputsAreEqual) {
  const Fixture seed = Seed();
  const Revision first = seed.Make();
  const Revision second = MakeRevision(seed.deployment, seed.Resolve(), nullptr,
                                       {{first.identity.name, first.identity.inputs_hash}}, 2);
  EXPECT_EQ(second.identity.name, first.identity.name);
}

void ExpectSame(const RevisionIdentity& a, const RevisionIdentity& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.contract, b.contract);
  EXPECT_EQ(a.spec_hash, b.spec_hash);
  EXPECT_EQ(a.contract_spec_hash, b.contract_spec_hash);
  EXPECT_EQ(a.resolved_hash, b.resolved_hash);
  EXPECT_EQ(a.inputs_hash, b.inputs_hash);
  EXPECT_EQ(a.number, b.number);
  ASSERT_EQ(a.roles.size(), b.roles.size());
  for (const auto& [name, role] : a.roles) {
    EXPECT_EQ(role.revision, b.roles.at(name).revision);
    EXPECT_EQ(role.spec_hash, b.roles.at(name).spec_hash);
    EXPECT_EQ(role.epoch, b.roles.at(name).epoch);
  }
}

kube::ObjectMeta MetaOf(const json& object) {
  kube::ObjectMeta meta;
  meta.labels =
      kube::StringMap(object["metadata"]["labels"].get<std::map<std::string, std::string>>());
  meta.annotations =
      kube::StringMap(object["metadata"]["annotations"].get<std::map<std::string, std::string>>());
  return meta;
}

TEST(ControllerRevision, ComesBackAsItWas) {
  const Fixture seed = Seed();
  const Revision made = MakeRevision(seed.deployment, seed.Resolve(), nullptr, {}, 17);
  const json object = ToControllerRevision(made, seed.deployment);
  EXPECT_EQ(object["metadata"]["name"], "minimax-m3-" + made.identity.name);
  EXPECT_EQ(object["revision"], 17);
  const auto read = RevisionOf(object.dump());
  ASSERT_TRUE(read.has_value());
  ExpectSame(read->identity, made.identity);
  EXPECT_EQ(Canonical(read->inputs), Canonical(made.inputs));
  EXPECT_EQ(Canonical(read->rendered), Canonical(made.rendered));
  const auto identity = IdentityOf(MetaOf(object));
  ASSERT_TRUE(identity.has_value());
  ExpectSame(*identity, made.identity);
}

TEST(ControllerRevision, HoldsOnceWhatThePodsOfAReplicaHaveInCommon) {
  Fixture seed = Seed();
  seed.decode().parallelism = {.tensor = 16};
  seed.deployment.spec.engine_env.push_back({"EVERYWHERE", "in both kinds of pods", ""});
  const Revision made = seed.Make();
  json object = ToControllerRevision(made, seed.deployment);
  json& follower = object["data"]["rendered"]["roles"]["decode"]["pods"][1];
  EXPECT_EQ(follower["kind"], "follower");
  EXPECT_FALSE(follower.contains("template"));
  EXPECT_EQ(follower.dump().find("EVERYWHERE"), std::string::npos);
  const auto read = RevisionOf(object.dump());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(Canonical(read->rendered), Canonical(made.rendered));
  for (const char* damaged : {"null", "{}", R"([{"op":"remove","path":"/nowhere"}])",
                              R"([{"op":"replace","path":"","value":7}])"}) {
    follower["patch"] = json::parse(damaged);
    EXPECT_FALSE(RevisionOf(object.dump()).has_value()) << damaged;
  }
}

TEST(ControllerRevision, OfSomeoneElseIsNoRevision) {
  const Fixture seed = Seed();
  const json object = ToControllerRevision(seed.Make(), seed.deployment);
  for (const auto& [key, value] : object["metadata"]["annotations"].items()) {
    json without = object;
    without["metadata"]["annotations"].erase(key);
    EXPECT_FALSE(IdentityOf(MetaOf(without)).has_value()) << key;
    EXPECT_FALSE(RevisionOf(without.dump()).has_value()) << key;
  }
  for (const char* broken : {"", "[]", "{", R"({"metadata":{"annotations":7}})"}) {
    EXPECT_FALSE(RevisionOf(broken).has_value()) << broken;
  }
}

TEST(ControllerRevision, WithMalformedRolesIsNoRevision) {
  const Fixture seed = Seed();
  for (const char* roles : {"", "x", "[]", "{}", R"({"cook":{}})", R"({"prefill":7})",
                            R"({"prefill":{"revision":"a","specHash":"b","epoch":"c"}})",
                            R"({"prefill":{"revision":"a","specHash":"b","epoch":1}})",
                            R"({"router":{"revision":"a","specHash":"b","epoch":1}})",
                            R"({"prefill":{"revision":"a","specHash":"b","epoch":1,"ranks":0},
                                "router":{"revision":"a","specHash":"b","epoch":1}})"}) {
    json object = ToControllerRevision(seed.Make(), seed.deployment);
    object["metadata"]["annotations"]["disagg.dev/roles"] = roles;
    EXPECT_FALSE(IdentityOf(MetaOf(object)).has_value()) << roles;
  }
}

TEST(ControllerRevision, WithoutAPartOfItsDataIsNoRevision) {
  const Fixture seed = Seed();
  for (const char* path :
       {"/data/inputs/contract", "/data/inputs/model", "/data/inputs/router",
        "/data/inputs/roles/prefill", "/data/rendered/roles/decode", "/data/rendered/roles/router",
        "/data/rendered/roles/decode/pods", "/data/rendered/roles/decode/pods/0/count",
        "/data/rendered/roles/decode/pods/0/template"}) {
    json object = ToControllerRevision(seed.Make(), seed.deployment);
    object[json::json_pointer(path)] = nullptr;
    EXPECT_FALSE(RevisionOf(object.dump()).has_value()) << path;
  }
}

}  // namespace
}  // namespace disagg::render
