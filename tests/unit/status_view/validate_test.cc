#include "operator/cmd/kubectl-disagg/validate_command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "operator/cmd/kubectl-disagg/manifest.h"
#include "tests/unit/status_view/scene.h"

namespace kubectl_disagg::testing {
namespace {

constexpr char kCatalogue[] = R"(apiVersion: disagg.dev/v1alpha1
kind: ServingModel
metadata: {name: minimax-m3-nvfp4}
spec:
  repository: nvidia/MiniMax-M3-NVFP4
  revision: main
  aliases: [nvidia/MiniMax-M3-NVFP4]
  precision: fp4
  servedName: nvidia/MiniMax-M3-NVFP4
  artifacts:
  - {type: HostPath, accelerators: [b200], path: /models/MiniMax-M3-NVFP4}
---
apiVersion: disagg.dev/v1alpha1
kind: AcceleratorClass
metadata: {name: b200}
spec:
  nodeSelector: {nvidia.com/gpu.product: NVIDIA-B200}
  gpu: {type: DevicePlugin, resourceName: nvidia.com/gpu, perNode: 8}
  rdma: {type: DevicePlugin, resourceName: rdma/ib, quantity: {mode: PerGPU, value: 1}}
  precisions: [fp4, fp8]
  architecture: amd64
  perGPU: {cpu: "12", memory: 120Gi}
  sharedMemory: 64Gi
  securityProfile: rdma
)";

constexpr char kDeployment[] = R"(apiVersion: disagg.dev/v1alpha1
kind: DisaggDeployment
metadata: {name: minimax-m3}
spec:
  model: {ref: nvidia/MiniMax-M3-NVFP4}
  container: {image: "vllm/vllm-openai:v1"}
  precision: fp4
  accelerator: b200
  engine: {type: vllm, args: {block-size: 128}}
  prefill:
    replicas: 2
    parallelism: {data: 2, expert: 2}
  decode:
    replicas: 1
    parallelism: {data: 8, expert: 8}
  router: {type: dynamo}
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

class Validate : public ::testing::Test {
 protected:
  Validate() {
    std::string pattern = ::testing::TempDir() + "validate.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::current_path(folder_);
  }
  ~Validate() override {
    std::filesystem::current_path("/");
    std::filesystem::remove_all(folder_);
  }

  static void Write(const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
  }

  static void AddCatalogue(FakeCluster* cluster) {
    const auto manifests = ReadManifests("x", kCatalogue);
    cluster->Add("/apis/disagg.dev/v1alpha1/servingmodels", AsStored(manifests->at(0)));
    cluster->Add("/apis/disagg.dev/v1alpha1/acceleratorclasses", AsStored(manifests->at(1)));
  }

  ExitCode Check(FakeCluster* fake, const std::vector<std::string>& files, bool recursive = false) {
    std::ostringstream out, err;
    Session session{out, err, {}, kNow};
    std::unique_ptr<ClusterReader> reader;
    if (fake != nullptr) reader = std::make_unique<ClusterReader>(*fake, "https://127.0.0.1:6443");
    const ExitCode code = RunValidate(reader.get(), {files, recursive, "serving"}, session);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string out_, err_;

 private:
  static nlohmann::json AsStored(const Manifest& manifest) {
    nlohmann::json object = manifest.object;
    object["metadata"]["uid"] = "uid-of-" + manifest.Text("/metadata/name");
    object["metadata"]["resourceVersion"] = "1";
    object["metadata"]["creationTimestamp"] = Ago(kDay);
    return object;
  }

  std::string folder_;
};

TEST_F(Validate, SaysWhatAValidDeploymentTakes) {
  FakeCluster cluster;
  AddCatalogue(&cluster);
  Write("m3.yaml", kDeployment);
  EXPECT_EQ(Check(&cluster, {"m3.yaml"}), kOk) << err_;
  EXPECT_EQ(out_,
            "m3.yaml:1: DisaggDeployment serving/minimax-m3 is valid: 2P x 2 GPU + 1D x 8 GPU = 12 "
            "GPU on b200\n");
}

TEST_F(Validate, ResolvesAgainstTheFilesWhenOffline) {
  Write("all.yaml", std::string(kDeployment) + "---\n" + kCatalogue);
  EXPECT_EQ(Check(nullptr, {"all.yaml"}), kOk) << err_;
  EXPECT_EQ(out_,
            "all.yaml:18: ServingModel minimax-m3-nvfp4 is valid\n"
            "all.yaml:30: AcceleratorClass b200 is valid\n"
            "all.yaml:1: DisaggDeployment serving/minimax-m3 is valid: 2P x 2 GPU + 1D x 8 GPU = "
            "12 GPU on b200\n");
}

TEST_F(Validate, ReadsTheManifestsOfAFolder) {
  std::filesystem::create_directory("d");
  Write("d/b.yml", kDeployment);
  Write("d/a.yaml", kCatalogue);
  Write("d/README.md", "not: [yaml");
  EXPECT_EQ(Check(nullptr, {"d"}), kOk) << err_;
}

TEST_F(Validate, LooksIntoSubFoldersWhereItIsAskedTo) {
  std::filesystem::create_directories("d/team/a");
  Write("d/catalogue.yaml", kCatalogue);
  Write("d/team/a/m3.yaml", kDeployment);
  EXPECT_EQ(Check(nullptr, {"d"}), kOk);
  EXPECT_EQ(out_.find("m3.yaml"), std::string::npos) << "as kubectl apply -f";
  EXPECT_EQ(Check(nullptr, {"d"}, /*recursive=*/true), kOk);
  EXPECT_NE(out_.find("d/team/a/m3.yaml:1: DisaggDeployment serving/minimax-m3 is valid"),
            std::string::npos)
      << out_;
}

TEST_F(Validate, WarnsOfAFlagThatHardlyIsMeant) {
  Write("all.yaml", std::string(Replaced(kDeployment, "block-size: 128", "blok-size: 128")) +
                        "---\n" + kCatalogue);
  EXPECT_EQ(Check(nullptr, {"all.yaml"}), kOk) << err_;
  EXPECT_NE(out_.find("all.yaml:9: warning: spec.engine.args.blok-size: is not a known flag "
                      "of vllm; did you mean \"block-size\"?\n"),
            std::string::npos)
      << out_;
}

TEST_F(Validate, SaysNothingOfAClusterWhenOffline) {
  Write("m3.yaml", kDeployment);
  EXPECT_EQ(Check(nullptr, {"m3.yaml"}), kNegative);
  EXPECT_EQ(out_.find("this cluster"), std::string::npos) << out_;
  EXPECT_NE(out_.find("the files hold none"), std::string::npos) << out_;
}

TEST_F(Validate, TakesNumbersAsTheyAreWritten) {
  for (const char* number : {"18446744073709551615", "18446744073709552000", "1e21", "-1e300",
                             "99999999999999999999999999999999999999999", "0x1ffffffffffffff"}) {
    Write("all.yaml", Replaced(kDeployment, "block-size: 128", "seed: " + std::string(number)) +
                          "---\n" + kCatalogue);
    EXPECT_EQ(Check(nullptr, {"all.yaml"}), kNegative) << number << out_;
    EXPECT_NE(out_.find("all.yaml:9: spec.engine.args.seed: is the number"), std::string::npos)
        << out_ << err_;
  }
}

TEST_F(Validate, PutsTheFilesBeforeTheClustersEntriesOfTheSameName) {
  FakeCluster cluster;
  AddCatalogue(&cluster);
  Write("m3.yaml", kDeployment);
  Write("class.yaml", Replaced(kCatalogue, "precisions: [fp4, fp8]", "precisions: [fp8]"));
  EXPECT_EQ(Check(&cluster, {"m3.yaml", "class.yaml"}), kNegative);
  EXPECT_NE(out_.find("m3.yaml:7: spec.precision"), std::string::npos) << out_;
}

TEST_F(Validate, NamesLineAndRemedyOfEveryError) {
  Write("all.yaml", kCatalogue);
  std::string text = Replaced(kDeployment, "NVFP4}", "NVPF4}");
  text = Replaced(text, "{data: 8, expert: 8}", "{data: 12, expert: 12}");
  text = Replaced(text, "  decode:", "  decodr: {}\n  decode:");
  Write("bad.yaml", text);
  EXPECT_EQ(Check(nullptr, {"all.yaml", "bad.yaml"}), kNegative);
  EXPECT_NE(out_.find("bad.yaml:5: spec.model.ref \"nvidia/MiniMax-M3-NVPF4\""), std::string::npos)
      << out_;
  EXPECT_NE(out_.find("did you mean \"nvidia/MiniMax-M3-NVFP4\""), std::string::npos) << out_;
  EXPECT_NE(out_.find("bad.yaml:13: spec.decodr: unknown field; did you mean \"decode\"?"),
            std::string::npos)
      << out_;
  EXPECT_NE(out_.find("bad.yaml:16: spec.decode.parallelism"), std::string::npos) << out_;
  EXPECT_EQ(err_.substr(0, 14), "note: offline,");
}

TEST_F(Validate, ReportsWhatCannotBeDecoded) {
  Write("bad.yaml", Replaced(kDeployment, "replicas: 2", "replicas: two"));
  EXPECT_EQ(Check(nullptr, {"bad.yaml"}), kNegative);
  EXPECT_EQ(out_, "bad.yaml:11: spec.prefill.replicas: must be an integer, is \"two\"\n");
}

TEST_F(Validate, WantsAKnownVersionAndAName) {
  Write("a.yaml", "apiVersion: disagg.dev/v1\nkind: DisaggDeployment\nmetadata: {name: x}\n");
  Write("b.yaml", "apiVersion: disagg.dev/v1alpha1\nkind: DisaggDeployment\nmetadata: []\n");
  EXPECT_EQ(Check(nullptr, {"a.yaml", "b.yaml"}), kNegative);
  EXPECT_EQ(out_,
            "a.yaml:1: apiVersion \"disagg.dev/v1\": must be disagg.dev/v1alpha1\n"
            "b.yaml:3: metadata.name: must be set\n");
}

TEST_F(Validate, HonoursModelsThatBelongToOtherNamespaces) {
  FakeCluster cluster;
  const std::string limited = Replaced(
      kCatalogue, "  artifacts:", "  allowedNamespaces: {matchLabels: {team: a}}\n  artifacts:");
  Write("m3.yaml", kDeployment);
  Write("catalogue.yaml", limited);
  cluster.Add("/api/v1/namespaces", {{"metadata",
                                      {{"name", "serving"},
                                       {"uid", "u"},
                                       {"resourceVersion", "1"},
                                       {"labels", {{"team", "a"}}}}}});
  EXPECT_EQ(Check(&cluster, {"m3.yaml", "catalogue.yaml"}), kOk) << out_ << err_;
  EXPECT_EQ(Check(nullptr, {"m3.yaml", "catalogue.yaml"}), kNegative)
      << "nothing is known of the namespace";
  Write("namespace.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: serving, labels: {team: a}}\n");
  EXPECT_EQ(Check(nullptr, {"m3.yaml", "catalogue.yaml", "namespace.yaml"}), kOk) << out_;
}

TEST_F(Validate, FailsOnFilesItCannotUse) {
  EXPECT_EQ(Check(nullptr, {"absent.yaml"}), kUsage);
  EXPECT_EQ(err_, "error: absent.yaml: cannot be read; does it exist?\n");
  Write("pod.yaml", "kind: Pod\n");
  EXPECT_EQ(Check(nullptr, {"pod.yaml"}), kNegative);
  EXPECT_EQ(err_,
            "error: the files hold no DisaggDeployment, ServingModel or AcceleratorClass; -R looks "
            "into sub-folders, too\n");
  Write("broken.yaml", "a: [1\n");
  EXPECT_EQ(Check(nullptr, {"broken.yaml"}), kNegative);
  EXPECT_EQ(err_.substr(0, 21), "error: broken.yaml:2:");
}

TEST_F(Validate, NeedsTheCatalogueUnlessOffline) {
  FakeCluster cluster;
  cluster.Forbid("servingmodels");
  Write("m3.yaml", kDeployment);
  EXPECT_EQ(Check(&cluster, {"m3.yaml"}), kNoCluster);
  EXPECT_EQ(err_,
            "error: servingmodels is forbidden: User \"tenant\" cannot read them; ask for get and "
            "list on "
            "servingmodels.disagg.dev; or use --offline and add the files of the catalogue\n");
}

}  // namespace
}  // namespace kubectl_disagg::testing
