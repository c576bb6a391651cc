// kubectl-disagg against a real API server, as the users who run it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

Api& TheApi() { return ChartEnvironment::api(); }

CommandResult Plugin(std::vector<std::string> words, const std::string& kubeconfig,
                     const std::string& input = "") {
  words.insert(words.begin(), DISAGG_PLUGIN);
  words.insert(words.end(), {"--kubeconfig", kubeconfig});
  return RunCommand(words, input);
}

std::string Admin() { return ChartEnvironment::cluster().kubeconfig(); }

bool IsAge(const std::string& word) {
  return word.size() > 1 && word.back() == 's' &&
         word.find_first_not_of("0123456789") == word.size() - 1;
}

// Without what differs from run to run: nodes, ages and revisions.
std::string NormalizedWord(const std::string& word, const std::string& before) {
  if (before == "revision") return "REVISION";
  if (IsAge(word)) return "AGE";
  if (word.starts_with("b200-") || word.starts_with("cpu-")) return "NODE";
  for (const std::string role : {"-router-", "-prefill-", "-decode-"}) {
    const std::size_t at = word.find(role);
    if (at == std::string::npos) continue;
    const std::string rest = word.substr(at + role.size() + 8);
    return word.substr(0, at) + role + "REVISION" + rest;
  }
  return word;
}

// One space between words, because columns are as wide as what was replaced.
std::string Normalized(const std::string& text) {
  std::istringstream lines(text);
  std::string normalized;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string before;
    for (std::string word; words >> word; before = word) {
      normalized += (before.empty() ? "" : " ") + NormalizedWord(word, before);
    }
    normalized += "\n";
  }
  return normalized;
}

// A user of one namespace who may read what `rules` say. The path of a kubeconfig.
std::string ReaderKubeconfig(const std::string& namespace_name, const json& rules) {
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace_name;
  const json meta{{"name", "reader"}, {"namespace", namespace_name}};
  const Answer answers[] = {
      TheApi().Create("/api/v1/namespaces/" + namespace_name + "/serviceaccounts",
                      {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", meta}}),
      TheApi().Create(rbac + "/roles", {{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                        {"kind", "Role"},
                                        {"metadata", meta},
                                        {"rules", rules}}),
      TheApi().Create(
          rbac + "/rolebindings",
          {{"apiVersion", "rbac.authorization.k8s.io/v1"},
           {"kind", "RoleBinding"},
           {"metadata", meta},
           {"roleRef",
            {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "reader"}}},
           {"subjects",
            {{{"kind", "ServiceAccount"}, {"name", "reader"}, {"namespace", namespace_name}}}}})};
  for (const Answer& answer : answers) EXPECT_TRUE(answer.ok()) << answer.message();
  return ChartEnvironment::cluster().ServiceAccountKubeconfig(namespace_name, "reader");
}

constexpr char kHealthyTree[] = R"(
shown test-shown nvidia/Tiny-NVFP4 fp4, mocker on dynamo Ready for AGE
├─ router 1/1 http://shown.test-shown.svc:8000/v1 in front of 2 prefill + 1 decode
│ └─ shown-router-REVISION-0-1 Ready NODE restarts 0 AGE
├─ prefill 2/2 DP2, 2 GPUs each, NIXL over rdma/ib revision REVISION
│ ├─ shown-prefill-REVISION-0-1 Ready NODE restarts 0 AGE
│ └─ shown-prefill-REVISION-1-1 Ready NODE restarts 0 AGE
└─ decode 1/1 DP8, 8 GPUs, NIXL over rdma/ib revision REVISION
└─ shown-decode-REVISION-0-1 Ready NODE restarts 0 AGE
)";

TEST(Plugin, ShowsAHealthyDeploymentWithoutAWrite) {
  Operator op;
  Deployment deployment("shown");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string proxied = ChartEnvironment::cluster().dir() + "/plugin.kubeconfig";
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(), proxied);
  ASSERT_NE(proxy, nullptr);
  const CommandResult tree =
      Plugin({"status", "shown", "-n", deployment.namespace_name()}, proxied);
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  EXPECT_EQ("\n" + Normalized(tree.out), kHealthyTree) << tree.out;
  const CommandResult table = Plugin({"status", "-A"}, proxied);
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(Normalized(table.out).find(
                "test-shown shown nvidia/Tiny-NVFP4 2P x 2 + 1D x 8 True 2/2 1/1 12 "),
            std::string::npos)
      << table.out;
  EXPECT_EQ(proxy->Writes(), 0);
}

TEST(Plugin, ReadsPastObjectsThatAreHardToRead) {
  Operator op;
  Deployment deployment("beside-corpus");
  ASSERT_TRUE(deployment.WaitReady());
  const CommandResult stored = ChartEnvironment::cluster().StoreCorpus(deployment.namespace_name());
  ASSERT_EQ(stored.exit_code, 0) << stored.err;
  ASSERT_NE(stored.out.find("created DisaggDeployment "), std::string::npos) << stored.out;
  const CommandResult table = Plugin({"status", "-A"}, Admin());
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("beside-corpus"), std::string::npos) << table.out;
  const CommandResult tree =
      Plugin({"status", "beside-corpus", "-n", deployment.namespace_name()}, Admin());
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  TheApi().Delete("/api/v1/namespaces/" + deployment.namespace_name());
}

TEST(Plugin, ShowsWhatIsWrong) {
  Operator op;
  Deployment deployment("wrong", {{"decode", {{"replicas", 3}}}});
  ASSERT_TRUE(Eventually("Unschedulable", std::chrono::seconds(30), [&] {
    return deployment.ConditionReason("Scheduled") == "Unschedulable";
  }));
  deployment.Patch({{"model", {{"ref", "nvidia/Tiny-NVPF4"}}}});
  ASSERT_TRUE(Eventually("Stalled", std::chrono::seconds(20),
                         [&] { return deployment.Condition("Stalled") == "True"; }));
  const CommandResult tree =
      Plugin({"status", "wrong", "-n", deployment.namespace_name()}, Admin());
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  EXPECT_NE(tree.out.find("\nStalled: spec.model.ref \"nvidia/Tiny-NVPF4\""), std::string::npos)
      << tree.out;
  EXPECT_NE(tree.out.find("Unschedulable   -"), std::string::npos) << tree.out;
}

// By the operator's own planner, also while no operator runs.
TEST(Plugin, ExplainsWhatIsHeldBackWithoutAWrite) {
  Operator op;
  Deployment deployment("explained");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string proxied = ChartEnvironment::cluster().dir() + "/explain.kubeconfig";
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(), proxied);
  ASSERT_NE(proxy, nullptr);
  const auto explain = [&] {
    return Plugin({"explain", "explained", "-n", deployment.namespace_name()}, proxied);
  };
  const CommandResult nothing = explain();
  EXPECT_EQ(nothing.exit_code, 0) << nothing.err;
  EXPECT_EQ(nothing.out, "the operator holds nothing back\n");
  EXPECT_EQ(nothing.err, "");
  op.Stop();
  deployment.Patch({{"model", {{"ref", "nvidia/Tiny-NVPF4"}}}});
  const CommandResult held = explain();
  EXPECT_EQ(held.exit_code, 0) << held.err;
  EXPECT_NE(held.out.find("explained   keeps revision "), std::string::npos) << held.out;
  EXPECT_NE(held.out.find("did you mean \"nvidia/Tiny-NVFP4\""), std::string::npos) << held.out;
  EXPECT_EQ(proxy->Writes(), 0);
}

TEST(Plugin, JudgesPodsAsTheOperatorDoesWithoutIt) {
  Operator op;
  Deployment deployment("judged");
  ASSERT_TRUE(deployment.WaitReady());
  op.Stop();
  const std::string decode = deployment.PodNames("decode").at(0);
  const Answer hidden =
      TheApi().MergePatch(deployment.Collection("pods") + "/" + decode,
                          {{"metadata", {{"labels", {{"disagg.dev/discovery", nullptr}}}}}});
  ASSERT_TRUE(hidden.ok()) << hidden.message();
  const CommandResult tree =
      Plugin({"status", "judged", "-n", deployment.namespace_name()}, Admin());
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  EXPECT_NE(tree.out.find("in front of 2 prefill + 0 decode"), std::string::npos) << tree.out;
  EXPECT_NE(tree.out.find(decode + "    NotRoutable "), std::string::npos) << tree.out;
}

TEST(Plugin, ShowsAReaderWhatHeMaySee) {
  Operator op;
  Deployment deployment("seen");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string kubeconfig = ReaderKubeconfig(
      deployment.namespace_name(),
      json::array({{{"apiGroups", {"disagg.dev"}},
                    {"resources", {"disaggdeployments"}},
                    {"verbs", {"get"}}},
                   {{"apiGroups", {""}}, {"resources", {"pods"}}, {"verbs", {"list"}}}}));
  const CommandResult tree =
      Plugin({"status", "seen", "-n", deployment.namespace_name()}, kubeconfig);
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  EXPECT_NE(tree.out.find("router    1/1"), std::string::npos) << tree.out;
  EXPECT_NE(tree.out.find("NIXL over RDMA (?)"), std::string::npos) << tree.out;
  const CommandResult table = Plugin({"status", "-A"}, kubeconfig);
  EXPECT_EQ(table.exit_code, 3) << table.out;
  EXPECT_NE(table.err.find("ask for get and list on disaggdeployments.disagg.dev"),
            std::string::npos)
      << table.err;
}

TEST(Plugin, ValidatesAgainstTheCatalogueOfTheCluster) {
  Deployment deployment("valid");
  json object = deployment.Object();
  object.erase("status");
  object["metadata"].erase("managedFields");
  const CommandResult good = Plugin({"validate", "-f", "-"}, Admin(), object.dump());
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(good.out,
            "stdin:1: DisaggDeployment test-valid/valid is valid: 2P x 2 GPU + 1D x 8 GPU = 12 GPU "
            "on b200\n");
  object["spec"]["model"]["ref"] = "nvidia/Tiny-NVPF4";
  const CommandResult bad = Plugin({"validate", "-f", "-"}, Admin(), object.dump());
  EXPECT_EQ(bad.exit_code, 1) << bad.err;
  EXPECT_NE(bad.out.find("did you mean \"nvidia/Tiny-NVFP4\""), std::string::npos) << bad.out;
}

TEST(Plugin, EndsWithTheCodeThatSaysWhy) {
  const CommandResult absent = Plugin({"status", "absent", "-n", "default"}, Admin());
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_EQ(absent.err,
            "error: no DisaggDeployment \"absent\" in namespace default; `kubectl disagg status "
            "-A` lists those of all "
            "namespaces\n");
  EXPECT_EQ(Plugin({"status", "--no-such-flag"}, Admin()).exit_code, 2);
  EXPECT_EQ(Plugin({"status", "x", "-A"}, Admin()).exit_code, 2);

  const std::string nowhere = ChartEnvironment::cluster().dir() + "/nowhere.kubeconfig";
  std::string config = ReadFile(Admin());
  const std::size_t port =
      config.find("https://127.0.0.1:") + std::string("https://127.0.0.1:").size();
  config.replace(port, config.find_first_not_of("0123456789", port) - port, "1");
  std::ofstream(nowhere) << config;
  const CommandResult unreachable = Plugin({"status"}, nowhere);
  EXPECT_EQ(unreachable.exit_code, 3);
  EXPECT_EQ(unreachable.err.find("error: cannot reach https://127.0.0.1:1"), 0u) << unreachable.err;
  EXPECT_EQ(Plugin({"status"}, "/no/such/file").exit_code, 3);
}

TEST(Plugin, IsFoundByKubectl) {
  const std::string plugin = DISAGG_PLUGIN;
  const std::string path = plugin.substr(0, plugin.rfind('/')) + ":" + std::getenv("PATH");
  const CommandResult version =
      RunCommand({"env", "PATH=" + path, ClusterTool("kubectl"), "disagg", "version"});
  EXPECT_EQ(version.exit_code, 0) << version.err;
  EXPECT_NE(version.out.find("API disagg.dev/v1alpha1"), std::string::npos) << version.out;
}

}  // namespace
}  // namespace disagg::testing
