#include "controllers/api/resolution.h"

#include <gtest/gtest.h>

#include "controllers/api/decode.h"
#include "tests/unit/api/objects.h"

namespace disagg::api {
namespace {

using Names = std::vector<std::string>;

std::shared_ptr<ServingModel> Entry(const std::string& name, std::int64_t created,
                                    const Names& aliases) {
  auto model = std::make_shared<ServingModel>();
  model->meta.name = name;
  model->meta.creation_time = created;
  model->aliases = aliases;
  return model;
}

std::string Owner(const Catalogue& catalogue, const std::string& ref) {
  const auto model = FindModel(catalogue, ref);
  return model ? model->meta.name : "";
}

TEST(FindModel, Table) {
  const Catalogue catalogue{
      .models = {Entry("young", 300, {"shared", "own-of-young", "tie"}),
                 Entry("old", 100, {"shared", "young"}), Entry("tied", 300, {"tie"})},
      .classes = {}};
  const struct {
    const char* sentence;
    const char* ref;
    const char* owner;
  } cases[] = {
      {"a name means its own object", "old", "old"},
      {"an alias means the object that has it", "own-of-young", "young"},
      {"an alias of two means the older one", "shared", "old"},
      {"a name wins over an older object's alias", "young", "young"},
      {"of the same age the first name", "tie", "tied"},
      {"names are compared as they are", "OLD", ""},
      {"an unknown name means nothing", "none", ""},
      {"an empty name means nothing", "", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(Owner(catalogue, c.ref), c.owner) << c.sentence;
}

TEST(ConflictingAliases, NamesWhatAnOlderEntryKeeps) {
  const auto old = Entry("old", 100, {"shared", "young", "free"});
  const auto young = Entry("young", 300, {"shared", "old", "own", "young"});
  const Catalogue catalogue{.models = {young, old}, .classes = {}};
  EXPECT_EQ(ConflictingAliases(catalogue, *young), Names({"shared", "old"}));
  EXPECT_EQ(ConflictingAliases(catalogue, *old), Names({"young"}));
  EXPECT_EQ(ConflictingAliases({}, *old), Names());
}

Resolution ResolvePatched(const std::string& patch,
                          const std::map<std::string, std::string>& labels = {}) {
  return Resolve(*test::Deployment(patch), test::TestCatalogue(), labels);
}

TEST(Resolve, FindsModelClassesAndArtifacts) {
  const Resolution resolution = ResolvePatched(R"({"spec": {"decode": {"accelerator": "gb200"}}})");
  EXPECT_TRUE(resolution.errors.empty());
  EXPECT_EQ(resolution.model->meta.name, "minimax-m3-nvfp4");
  EXPECT_EQ(resolution.served_name, "nvidia/MiniMax-M3-NVFP4");
  const ResolvedRole& prefill = resolution.roles.at(RoleName::kPrefill);
  EXPECT_EQ(prefill.accelerator->meta.name, "b200");
  EXPECT_EQ(prefill.artifact.path, "/scratch/MiniMax-M3-NVFP4");
  const ResolvedRole& decode = resolution.roles.at(RoleName::kDecode);
  EXPECT_EQ(decode.accelerator->meta.name, "gb200");
  EXPECT_EQ(decode.artifact.claim_name, "models");
}

TEST(Resolve, NamesTheServedModel) {
  const struct {
    const char* sentence;
    const char* patch;
    const char* name;
  } cases[] = {
      {"the spec's own name first", R"({"spec": {"model": {"servedName": "m3"}}})", "m3"},
      {"then the ServingModel's", R"({"spec": {"model": {"ref": "minimax-m3"}}})",
       "nvidia/MiniMax-M3-NVFP4"},
      {"then its repository", R"({"spec": {"model": {"ref": "qwen3-32b"}}})", "Qwen/Qwen3-32B"},
  };
  for (const auto& c : cases) EXPECT_EQ(ResolvePatched(c.patch).served_name, c.name) << c.sentence;
}

TEST(Resolve, KeepsTheClassWhereTheModelIsUnknown) {
  const Resolution resolution = ResolvePatched(R"({"spec": {"model": {"ref": "unknown-thing"}}})");
  EXPECT_EQ(resolution.model, nullptr);
  EXPECT_EQ(resolution.roles.at(RoleName::kDecode).accelerator->meta.name, "b200");
}

struct Row {
  const char* sentence;
  const char* patch;
  const char* reason;
  const char* message;
};

TEST(Resolve, SaysWhatIsNotFoundAndWhatWasMeant) {
  const Row rows[] = {
      {"two letters swapped in an alias",
       R"({"spec": {"model": {"ref": "nvidia/MiniMax-M3-NVPF4"}}})", "ModelNotFound",
       R"(spec.model.ref "nvidia/MiniMax-M3-NVPF4": no ServingModel has this name or alias; did )"
       R"(you )"
       R"(mean "nvidia/MiniMax-M3-NVFP4" (ServingModel minimax-m3-nvfp4)?)"},
      {"a word too much", R"({"spec": {"model": {"ref": "minimax-m3-nvfp4-typo"}}})",
       "ModelNotFound",
       R"(spec.model.ref "minimax-m3-nvfp4-typo": no ServingModel has this name or alias; did you )"
       R"(mean "minimax-m3-nvfp4"?)"},
      {"nothing like it", R"({"spec": {"model": {"ref": "llama"}}})", "ModelNotFound",
       R"(spec.model.ref "llama": no ServingModel has this name or alias; this namespace may use )"
       "minimax-m3-nvfp4 or qwen3-32b"},
      {"a near name that this namespace may not use is not told",
       R"({"spec": {"model": {"ref": "deepseek-r2"}}})", "ModelNotFound",
       R"(spec.model.ref "deepseek-r2": no ServingModel has this name or alias; this namespace )"
       R"(may )"
       "use minimax-m3-nvfp4 or qwen3-32b"},
      {"a model of other namespaces", R"({"spec": {"model": {"ref": "deepseek-r1"}}})",
       "ModelNotAllowed",
       R"(spec.model.ref "deepseek-r1": ServingModel deepseek-r1 is not for namespace serving, )"
       "whose labels its allowedNamespaces does not select; use another model, or ask the platform "
       "team to admit this namespace"},
      {"a class misspelt", R"({"spec": {"accelerator": "b20"}})", "AcceleratorNotFound",
       R"(spec.accelerator "b20": no AcceleratorClass has this name; did you mean "b200"?)"},
      {"a class of one role misspelt", R"({"spec": {"decode": {"accelerator": "GB200"}}})",
       "AcceleratorNotFound",
       R"(spec.decode.accelerator "GB200": no AcceleratorClass has this name; did you mean )"
       R"("gb200"?)"},
      {"a class that is nothing like the others", R"({"spec": {"accelerator": "tpu-v7"}})",
       "AcceleratorNotFound",
       R"(spec.accelerator "tpu-v7": no AcceleratorClass has this name; this cluster has b200, )"
       R"(gb200 )"
       "and h200"},
      {"weights that lie elsewhere", R"({"spec": {"accelerator": "h200"}})", "ArtifactNotFound",
       R"(spec.accelerator "h200": ServingModel minimax-m3-nvfp4 has weights for b200 and gb200 )"
       "only; use b200 or gb200, or ask the platform team for an artifact of it for h200"},
      {"weights that lie elsewhere for one role",
       R"({"spec": {"prefill": {"accelerator": "h200"}}})", "ArtifactNotFound",
       R"(spec.prefill.accelerator "h200": ServingModel minimax-m3-nvfp4 has weights for b200 and )"
       "gb200 only; use b200 or gb200, or ask the platform team for an artifact of it for h200"},
      {"a label that the class wants otherwise",
       R"({"spec": {"placement": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H200"}}}})",
       "NodeSelectorConflict",
       "spec.placement.nodeSelector: it selects nodes with nvidia.com/gpu.product=NVIDIA-H200, "
       "AcceleratorClass b200 with nvidia.com/gpu.product=NVIDIA-B200; no node has both; remove "
       "the "
       "key here"},
      {"a label that the model wants otherwise",
       R"({"spec": {"placement": {"nodeSelector": {"models.disagg.dev/minimax-m3-nvfp4": "no"}}}})",
       "NodeSelectorConflict",
       "spec.placement.nodeSelector: it selects nodes with models.disagg.dev/minimax-m3-nvfp4=no, "
       "the "
       "weights of ServingModel minimax-m3-nvfp4 with models.disagg.dev/minimax-m3-nvfp4=staged; "
       "no "
       "node has both; remove the key here"},
  };
  for (const Row& row : rows) {
    const Resolution resolution = ResolvePatched(row.patch);
    ASSERT_EQ(resolution.errors.size(), 1u) << row.sentence;
    EXPECT_EQ(resolution.errors[0].message, row.message) << row.sentence;
    EXPECT_EQ(resolution.errors[0].reason, row.reason) << row.sentence;
    EXPECT_TRUE(resolution.errors[0].message.starts_with(resolution.errors[0].path));
  }
}

TEST(Resolve, UsesAModelThatTheNamespaceIsAdmittedTo) {
  const Resolution resolution = ResolvePatched(
      R"({"spec": {"model": {"ref": "deepseek-ai/DeepSeek-R1"}}})", {{"team", "research"}});
  EXPECT_TRUE(resolution.errors.empty());
  EXPECT_EQ(resolution.model->meta.name, "deepseek-r1");
}

TEST(Resolve, SuggestsOfEachModelOnlyTheNearestName) {
  const Catalogue catalogue{.models = {Entry("kimi-k2.6", 1, {"moonshot/Kimi-K2.6", "kimi-k2-6"}),
                                       Entry("kimi-k2.5", 2, {"moonshot/Kimi-K2.5"})},
                            .classes = test::TestCatalogue().classes};
  const Resolution resolution =
      Resolve(*test::Deployment(R"({"spec": {"model": {"ref": "kimi-k2.7"}}})"), catalogue, {});
  EXPECT_EQ(resolution.errors[0].message,
            R"(spec.model.ref "kimi-k2.7": no ServingModel has this name or alias; did you mean )"
            R"("kimi-k2.5" or "kimi-k2.6"?)");
}

TEST(Resolve, SaysThatACatalogueIsEmpty) {
  const Resolution resolution = Resolve(*test::Deployment(), {}, {});
  ASSERT_EQ(resolution.errors.size(), 2u);
  EXPECT_EQ(
      resolution.errors[0].message,
      R"(spec.model.ref "nvidia/MiniMax-M3-NVFP4": no ServingModel has this name or alias; this )"
      "namespace may use none at all; ask the platform team for one");
  EXPECT_EQ(resolution.errors[1].message,
            R"(spec.accelerator "b200": no AcceleratorClass has this name; there is none in this )"
            "cluster; ask the platform team for one");
}

TEST(Resolve, SaysThatAModelHasNoWeights) {
  const Catalogue catalogue{.models = {Entry("minimax-m3", 1, {"nvidia/MiniMax-M3-NVFP4"})},
                            .classes = test::TestCatalogue().classes};
  const Resolution resolution = Resolve(*test::Deployment(), catalogue, {});
  ASSERT_EQ(resolution.errors.size(), 1u);
  EXPECT_EQ(resolution.errors[0].message,
            R"(spec.accelerator "b200": ServingModel minimax-m3 has no weights anywhere; ask the )"
            "platform team for an artifact of it for b200");
}

TEST(Resolve, SaysThatClassAndWeightsExcludeEachOther) {
  auto model = std::make_shared<ServingModel>(*test::TestCatalogue().models[0]);
  model->artifacts[0].node_selector = {{"nvidia.com/gpu.product", "NVIDIA-B300"}};
  const Catalogue catalogue{.models = {model}, .classes = test::TestCatalogue().classes};
  const Resolution resolution = Resolve(*test::Deployment(), catalogue, {});
  ASSERT_EQ(resolution.errors.size(), 1u);
  EXPECT_EQ(resolution.errors[0].reason, "NodeSelectorConflict");
  EXPECT_EQ(resolution.errors[0].message,
            R"(spec.accelerator "b200": AcceleratorClass b200 selects nodes with )"
            "nvidia.com/gpu.product=NVIDIA-B200, the weights of ServingModel minimax-m3-nvfp4 with "
            "nvidia.com/gpu.product=NVIDIA-B300; no node has both; use another class, or ask the "
            "platform team");
}

TEST(Resolve, SaysThatFilesHoldNoCatalogue) {
  Catalogue files;
  files.of_files = true;
  const Resolution resolution = Resolve(*test::Deployment(), files, {});
  ASSERT_EQ(resolution.errors.size(), 2u);
  EXPECT_EQ(
      resolution.errors[0].message,
      R"(spec.model.ref "nvidia/MiniMax-M3-NVFP4": no ServingModel has this name or alias; the )"
      "files hold none; add the file of the ServingModel, or check against a cluster");
  EXPECT_EQ(resolution.errors[1].message,
            R"(spec.accelerator "b200": no AcceleratorClass has this name; the files hold none; )"
            "add the file of the AcceleratorClass, or check against a cluster");
}

TEST(Resolve, RefusesAnArchitectureThatTheClassDoesNotHave) {
  const Resolution resolution = ResolvePatched(
      R"({"spec": {"placement": {"nodeSelector": {"kubernetes.io/arch": "arm64"}}}})", {});
  ASSERT_EQ(resolution.errors.size(), 1u);
  EXPECT_EQ(resolution.errors[0].reason, "NodeSelectorConflict");
  EXPECT_EQ(resolution.errors[0].message,
            "spec.placement.nodeSelector: it selects nodes with kubernetes.io/arch=arm64, "
            "AcceleratorClass b200 with kubernetes.io/arch=amd64; no node has both; remove the key "
            "here");
}

TEST(Resolve, TakesTheFirstArtifactThatFits) {
  auto model = std::make_shared<ServingModel>(*test::TestCatalogue().models[0]);
  model->artifacts.assign(3, {});
  model->artifacts[0].accelerators = {"h200"};
  model->artifacts[1].path = "/any";
  model->artifacts[2].accelerators = {"b200"};
  const Catalogue catalogue{.models = {model}, .classes = test::TestCatalogue().classes};
  const Resolution resolution = Resolve(*test::Deployment(), catalogue, {});
  EXPECT_EQ(resolution.roles.at(RoleName::kDecode).artifact.path, "/any");
}

TEST(Resolve, RefusesAnArtifactThatLiesNowhere) {
  auto model = std::make_shared<ServingModel>(*test::TestCatalogue().models[0]);
  model->artifacts[0].type = ArtifactType::kImage;
  const Catalogue catalogue{.models = {model}, .classes = test::TestCatalogue().classes};
  const Resolution resolution = Resolve(*test::Deployment(), catalogue, {});
  ASSERT_EQ(resolution.errors.size(), 1u);
  EXPECT_EQ(resolution.errors[0].message,
            R"(spec.accelerator "b200": ServingModel minimax-m3-nvfp4 has a spec.artifacts[0] )"
            "without path, claimName or reference; ask the platform team to correct it");
}

TEST(Resolve, PassesOnWhatCannotBeReadOfTheCatalogue) {
  auto model = std::make_shared<ServingModel>();
  model->meta.name = "nvidia/MiniMax-M3-NVFP4";
  model->meta.annotations.Set(kDecodeError, "spec.aliases: must be a list, is 3");
  auto type = std::make_shared<AcceleratorClass>();
  type->meta.name = "b200";
  type->meta.annotations.Set(kDecodeError, "spec.gpu: must be an object, is 8");
  const Resolution resolution =
      Resolve(*test::Deployment(), {.models = {model}, .classes = {type}}, {});
  ASSERT_EQ(resolution.errors.size(), 2u);
  EXPECT_EQ(resolution.errors[0].reason, "ModelInvalid");
  EXPECT_EQ(
      resolution.errors[0].message,
      R"(spec.model.ref "nvidia/MiniMax-M3-NVFP4": ServingModel nvidia/MiniMax-M3-NVFP4 cannot )"
      "be read: spec.aliases: must be a list, is 3; ask the platform team to correct it");
  EXPECT_EQ(resolution.errors[1].reason, "AcceleratorInvalid");
  EXPECT_EQ(
      resolution.errors[1].message,
      R"(spec.accelerator "b200": AcceleratorClass b200 cannot be read: spec.gpu: must be an )"
      "object, is 8; ask the platform team to correct it");
  EXPECT_EQ(resolution.model, nullptr);
  EXPECT_TRUE(resolution.roles.empty());
}

}  // namespace
}  // namespace disagg::api
