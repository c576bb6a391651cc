#include "operator/cmd/kubectl-disagg/manifest.h"

#include <gtest/gtest.h>

#include "operator/cmd/kubectl-disagg/schema.h"
#include "operator/cmd/kubectl-disagg/yaml_scalar.h"

namespace kubectl_disagg {
namespace {

using nlohmann::json;

TEST(ResolvePlainScalar, ReadsWordsAsKubectlDoes) {
  const std::pair<const char*, json> cases[] = {{"", nullptr},
                                                {"~", nullptr},
                                                {"null", nullptr},
                                                {"true", true},
                                                {"yes", true},
                                                {"off", false},
                                                {"maybe", "maybe"},
                                                {"12", 12},
                                                {"-3", -3},
                                                {"+7", 7},
                                                {"0x10", 16},
                                                {"010", 8},
                                                {"0o17", 15},
                                                {"0b101", 5},
                                                {"1_000", 1000},
                                                {"0.9", 0.9},
                                                {".5", 0.5},
                                                {"1e3", 1000.0},
                                                {"1.", 1.0},
                                                {"12Gi", "12Gi"},
                                                {"1.2.3", "1.2.3"},
                                                {"-", "-"},
                                                {"2026-11-24", "2026-11-24"},
                                                {"0x", "0x"},
                                                {"--5", "--5"},
                                                {"+-5", "+-5"},
                                                {"-inf", "-inf"},
                                                {"1e", "1e"},
                                                {"1e999", "1e999"},
                                                {"089", 89.0},
                                                {"fp8", "fp8"},
                                                {"18446744073709551615", 18446744073709551615u}};
  for (const auto& [word, expected] : cases) EXPECT_EQ(ResolvePlainScalar(word), expected) << word;
}

std::vector<Manifest> Read(const std::string& yaml) {
  auto manifests = ReadManifests("f.yaml", yaml);
  EXPECT_TRUE(manifests.ok()) << (manifests.ok() ? "" : manifests.error().message);
  return manifests.ok() ? *manifests : std::vector<Manifest>{};
}

std::string ErrorOf(const std::string& yaml) {
  const auto manifests = ReadManifests("f.yaml", yaml);
  return manifests.ok() ? "" : manifests.error().message;
}

TEST(ReadManifests, SkipsEmptyDocuments) {
  const auto manifests = Read("---\n# nothing\n---\nkind: A\n---\nkind: B\n");
  ASSERT_EQ(manifests.size(), 2u);
  EXPECT_EQ(manifests[0].Text("/kind"), "A");
  EXPECT_EQ(manifests[1].Text("/kind"), "B");
  EXPECT_EQ(manifests[1].Text("/metadata/name"), "");
}

TEST(ReadManifests, KeepsQuotedWordsAsText) {
  EXPECT_EQ(Read("a: '1'\nb: \"true\"\nc: !!str 5\nd: 5\ne: |\n  7\n")[0].object,
            json({{"a", "1"}, {"b", "true"}, {"c", "5"}, {"d", 5}, {"e", "7\n"}}));
}

TEST(ReadManifests, FollowsAnchorsAndMergeKeys) {
  EXPECT_EQ(Read("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: *x\n")[0].object["y"],
            json({{"a", 1}, {"b", 3}}));
}

TEST(ReadManifests, SaysWhereAFileIsNoYaml) {
  EXPECT_EQ(ErrorOf("a: 1\nb: [1\n").substr(0, 10), "f.yaml:3: ");
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3\n"), "f.yaml:3: field a is listed twice");
  EXPECT_EQ(ErrorOf("just text\n"), "f.yaml:1: not a Kubernetes object");
}

TEST(ReadManifests, RefusesAliasesThatGrowWithoutBound) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string before = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    yaml += name + ": &" + name + " [" + before;
    for (int copy = 1; copy < 10; ++copy) yaml += ", " + before;
    yaml += "]\n";
  }
  EXPECT_NE(ErrorOf(yaml).find("more fields than any Kubernetes object has"), std::string::npos);
}

TEST(LineOf, FindsTheFieldOrWhatIsAroundIt) {
  const Manifest manifest =
      Read("kind: A\nspec:\n  args:\n    block-size: 128\n  env:\n  - name: X\n    value: y\n")[0];
  EXPECT_EQ(manifest.LineOf(""), 1);
  EXPECT_EQ(manifest.LineOf("spec.args.block-size"), 4);
  EXPECT_EQ(manifest.LineOf("spec.args[\"block-size\"]"), 4);
  EXPECT_EQ(manifest.LineOf("spec.args[block-size]"), 4);
  EXPECT_EQ(manifest.LineOf("spec.env[0].value"), 7);
  EXPECT_EQ(manifest.LineOf("spec.env[3].value"), 5) << "the list that has no such item";
  EXPECT_EQ(manifest.LineOf("spec.model.ref"), 2) << "the object that lacks the field";
}

TEST(FindUnknownFields, SuggestsTheNearest) {
  const auto errors = FindUnknownFields(json::parse(R"({
    "kind": "DisaggDeployment", "metadata": {"anything": {}},
    "spec": {"prefil": {},
             "decode": {"args": {"free": 1}, "xyzzy": 1},
             "engine": {"env": [{"name": "A", "vale": "1"}]}}})"));
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[0].message,
            "spec.decode.xyzzy: unknown field; `kubectl explain disaggdeployments.spec.decode` "
            "lists the fields");
  EXPECT_EQ(errors[1].message, "spec.engine.env[0].vale: unknown field; did you mean \"value\"?");
  EXPECT_EQ(errors[2].message, "spec.prefil: unknown field; did you mean \"prefill\"?");
}

TEST(FindUnknownFields, KnowsOurKindsOnly) {
  EXPECT_TRUE(FindUnknownFields({{"kind", "Pod"}, {"anything", 1}}).empty());
  EXPECT_EQ(FindUnknownFields({{"kind", "ServingModel"}, {"spec", {{"alias", 1}}}}).size(), 1u);
  EXPECT_EQ(FindUnknownFields({{"kind", "AcceleratorClass"}, {"spec", {{"gpus", 1}}}}).size(), 1u);
}

}  // namespace
}  // namespace kubectl_disagg
