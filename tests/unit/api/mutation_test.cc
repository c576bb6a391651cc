// Whatever JSON reaches decoding and validation, the answer is a value or an error: never a crash,
// never an exception. Objects are made by random mutations of a good one; the seed is fixed, so
// that a failure comes back.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>

#include "controllers/api/decode.h"
#include "controllers/api/engine_args.h"
#include "controllers/api/validation.h"
#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

using nlohmann::json;

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  void Mutate(json* value) {
    for (int i = Below(4); i >= 0; --i) MutateOnce(Somewhere(value));
  }

 private:
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  // A random node of the tree.
  json* Somewhere(json* value) {
    while (value->is_structured() && !value->empty() && Below(5) != 0) {
      value = &*std::next(value->begin(), Below(static_cast<int>(value->size())));
    }
    return value;
  }

  void MutateOnce(json* value) {
    static const json kValues = json::parse(R"([null, true, false, 0, -1, 1, 8, 2147483647,
      -2147483648, 9223372036854775807, 1e300, 0.5, "", "b200", "0", "\u0000", "ünïcödé", "-",
      "/", "auto", "64Gi", [], [null], [[1]], {}, {"repeat": []}, {"repeat": [1]}, {"": ""},
      {"--tp": {"x": [null]}}, {"no-no-": true, "no-": false, ".": 1, "n": 2},
      {"attention-config": "{\"backend\": {}}"}, {"speculative-config": "[1"}])");
    switch (Below(4)) {
      case 0:
        if (value->is_object() && !value->empty()) {
          value->erase(std::next(value->begin(), Below(static_cast<int>(value->size()))));
          break;
        }
        [[fallthrough]];
      case 1:
        if (value->is_string()) {
          *value = value->get<std::string>() + std::string(Below(300), 'x');
          break;
        }
        [[fallthrough]];
      default:
        *value = kValues[Below(static_cast<int>(kValues.size()))];
    }
  }

  std::mt19937 random_;
};

// Uses everything that planning and rendering would use of a valid object.
void Use(const DisaggDeployment& deployment, const Catalogue& catalogue) {
  const Resolution resolution = Resolve(deployment, catalogue, {{"team", "x"}});
  for (const FieldError& error : Validate(deployment, resolution)) {
    EXPECT_FALSE(error.message.empty());
    EXPECT_FALSE(error.reason.empty());
  }
  for (const auto& [name, role] : deployment.spec.roles) {
    const Args merged = MergeArgs(deployment.spec.engine, deployment.spec.engine_args, role.args);
    ToCommandLine(merged);
    EXPECT_GE(role.parallelism.gpus(), 0);
  }
}

TEST(Mutation, OfADeploymentIsAValueOrAnError) {
  Mutator mutator(20261124);
  int decoded = 0;
  for (int i = 0; i < 6000; ++i) {
    json object = json::parse(kDeployment);
    mutator.Mutate(&object["spec"]);
    const auto deployment = DecodeDisaggDeployment(object.dump());
    if (!deployment.ok()) {
      EXPECT_FALSE(deployment.error().message.empty());
      continue;
    }
    ++decoded;
    Use(**deployment, TestCatalogue());
  }
  EXPECT_GT(decoded, 600);  // else the loop tests nothing but the decoder
}

TEST(Mutation, OfTheCatalogueIsAValueOrAnError) {
  Mutator mutator(42);
  const json model = json::parse(R"({"metadata": {"name": "nvidia/MiniMax-M3-NVFP4", "uid": "u",
    "resourceVersion": "1"}, "spec": {"repository": "r", "aliases": ["a", "b"], "precision": "fp4",
    "artifacts": [{"type": "HostPath", "accelerators": ["b200"], "path": "/x",
                   "nodeSelector": {"a": "b"}}],
    "allowedNamespaces": {"matchLabels": {"team": "x"}, "matchExpressions": [
      {"key": "team", "operator": "In", "values": ["x"]}]}}})");
  const json type =
      json::parse(R"({"metadata": {"name": "b200", "uid": "u", "resourceVersion": "1"},
    "spec": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "x"}], "gpu": {"perNode": 8},
    "rdma": {"resourceName": "rdma/ib", "quantity": {"mode": "PerPod", "value": 1}},
    "precisions": ["fp4"], "perGPU": {"cpu": "1", "memory": "1Gi"}, "sharedMemory": "1Gi",
    "env": [{"name": "A", "value": "1"}]}})");
  const auto deployment = Deployment();
  for (int i = 0; i < 2000; ++i) {
    json a = model, b = type;
    mutator.Mutate(&a["spec"]);
    mutator.Mutate(&b["spec"]);
    const auto decoded_model = DecodeServingModel(a.dump());
    const auto decoded_type = DecodeAcceleratorClass(b.dump());
    if (!decoded_model.ok() || !decoded_type.ok()) continue;
    Use(*deployment, {.models = {*decoded_model}, .classes = {*decoded_type}});
  }
}

TEST(Mutation, OfStatusIsNeverAnError) {
  Mutator mutator(7);
  const json status = json::parse(R"({"observedGeneration": 3, "currentRevision": "a",
    "roles": [{"role": "decode", "desired": 1}],
    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T10:25:02Z",
                    "observedGeneration": 3}]})");
  for (int i = 0; i < 2000; ++i) {
    json object = json::parse(kDeployment);
    object["status"] = status;
    mutator.Mutate(&object["status"]);
    EXPECT_TRUE(DecodeDisaggDeployment(object.dump()).ok()) << object["status"];
  }
}

TEST(Mutation, OfBytesIsAValueOrAnError) {
  std::mt19937 random(1);
  const std::string good = kDeployment;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    for (int j = 0; j < 3; ++j) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto deployment = DecodeDisaggDeployment(bytes);
    if (deployment.ok()) Use(**deployment, TestCatalogue());
  }
}

}  // namespace
}  // namespace disagg::api::test
