#include "tests/support/cluster.h"

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <utility>

namespace disagg::testing {
namespace {

using std::chrono::seconds;

constexpr seconds kStartTimeout(120);

std::string Trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string FileContent(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

std::vector<std::string> RunArguments(const ClusterOptions& options, const std::string& dir) {
  std::vector<std::string> argv = {LocalClusterProgram(), "run", "--dir", dir};
  if (options.control_plane_only) argv.push_back("--control-plane-only");
  if (options.b200_nodes > 0) {
    const std::string nodes = std::to_string(options.b200_nodes);
    argv.insert(argv.end(), {"--shape", "b200", "--kwok-nodes", nodes});
  }
  if (!options.extra_nodes.empty()) {
    argv.insert(argv.end(), {"--extra-nodes", options.extra_nodes});
  }
  argv.insert(argv.end(), options.extra_args.begin(), options.extra_args.end());
  return argv;
}

// The directory of the programs, or "" and a failure of the test.
std::string Build(const std::vector<std::string>& programs) {
  std::vector<std::string> argv = {LocalClusterProgram(), "build"};
  argv.insert(argv.end(), programs.begin(), programs.end());
  const CommandResult built = RunCommand(argv, "", std::chrono::minutes(30));
  if (built.exit_code == 0) return Trimmed(built.out);
  ADD_FAILURE() << "local-cluster build: " << built.err;
  return "";
}

std::string MakeTemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "disagg-test-XXXXXX").string();
  return mkdtemp(name.data()) != nullptr ? name : "";
}

}  // namespace

std::string LocalClusterProgram() {
  const char* const from_env = getenv("LOCAL_CLUSTER");
  return from_env != nullptr ? from_env : DISAGG_LOCAL_CLUSTER;
}

std::optional<std::string> WaitUntilReady(Process& process) {
  const auto line = process.ReadLine(kStartTimeout);
  if (!line || line->rfind("ready ", 0) != 0) return std::nullopt;
  return line->substr(6);
}

std::string ClusterTool(const std::string& name) {
  const std::string dir = Build({name});
  return dir.empty() ? "" : dir + "/" + name;
}

std::unique_ptr<LocalCluster> LocalCluster::Start(const ClusterOptions& options) {
  // First of all: the time to build is no part of the time to start.
  const std::string programs = Build({"cluster", "kubectl"});
  const std::string dir = MakeTemporaryDirectory();
  if (programs.empty() || dir.empty()) return nullptr;
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(dir, programs + "/kubectl"));
  ProcessOptions talk{.env = {}, .output_file = dir + "/supervisor.log", .talk = true};
  cluster->supervisor_ = Process::Start(RunArguments(options, dir + "/state"), talk);
  if (!cluster->supervisor_ || !WaitUntilReady(*cluster->supervisor_)) {
    ADD_FAILURE() << "the cluster does not start: " << FileContent(talk.output_file);
    return nullptr;
  }
  return cluster;
}

LocalCluster::~LocalCluster() {
  if (supervisor_) {
    supervisor_->CloseInput();
    supervisor_->Wait(seconds(10));
  }
  if (::testing::UnitTest::GetInstance()->Failed()) {
    std::cerr << "state and logs of the cluster are kept in " << dir_ << "\n";
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

CommandResult LocalCluster::Ctl(const std::vector<std::string>& words) const {
  std::vector<std::string> argv = {LocalClusterProgram(), "ctl", "--dir", dir_ + "/state"};
  argv.insert(argv.end(), words.begin(), words.end());
  return RunCommand(argv, "", kStartTimeout);
}

CommandResult LocalCluster::StoreCorpus(const std::string& namespace_name) const {
  return RunCommand({LocalClusterProgram(), "corpus", "--kubeconfig", kubeconfig(), "--namespace",
                     namespace_name},
                    "", kStartTimeout);
}

CommandResult LocalCluster::Kubectl(const std::vector<std::string>& args,
                                    const std::string& input) const {
  std::vector<std::string> argv = {kubectl_, "--kubeconfig=" + kubeconfig()};
  argv.insert(argv.end(), args.begin(), args.end());  // the later of two equal flags counts
  return RunCommand(argv, input);
}

std::string LocalCluster::ServiceAccountKubeconfig(const std::string& namespace_name,
                                                   const std::string& name) const {
  const std::string path = dir_ + "/" + namespace_name + "." + name + ".kubeconfig";
  const CommandResult made =
      RunCommand({LocalClusterProgram(), "token", "--kubeconfig", kubeconfig(), "--service-account",
                  namespace_name + "/" + name, "--write-kubeconfig", path});
  if (made.exit_code == 0) return path;
  ADD_FAILURE() << made.err;
  return "";
}

void ClusterEnvironment::SetUp() {
  cluster_ = LocalCluster::Start(options_);
  ASSERT_NE(cluster_, nullptr);
}

}  // namespace disagg::testing
