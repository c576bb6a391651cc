#pragma once

// Local clusters for tests: the C++ side of tests/cluster.
//
//   auto* const env = ::testing::AddGlobalTestEnvironment(
//       new disagg::testing::ClusterEnvironment({.b200_nodes = 4, .extra_nodes = "cpu=1"}));
//
// starts one cluster for the test binary. Whatever happens to the binary, nothing it has started
// stays. The program `local-cluster` is looked for in $LOCAL_CLUSTER, then where `make
// cluster-tools` has put it, which is one place for all build configurations. $KUBERNETES chooses
// the version of Kubernetes, as in "1.34".

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace disagg::testing {

struct ClusterOptions {
  int b200_nodes = 0;
  std::string extra_nodes;          // as in "cpu=1,h200=2"
  bool control_plane_only = false;  // etcd and kube-apiserver, without ServiceAccount admission
  std::vector<std::string> extra_args;
};

// The program `local-cluster` itself.
std::string LocalClusterProgram();

// Waits until a `local-cluster run`, `proxy` or `webhook` says "ready ...". Returns what follows,
// or nothing when it does not come.
std::optional<std::string> WaitUntilReady(Process& process);

// The path of a program that comes with local-cluster, as "kubectl" or "helm"; builds what is
// missing. Returns "" and reports a test failure when that fails.
std::string ClusterTool(const std::string& name);

// A running cluster with a state directory of its own, which is kept when a test has failed.
class LocalCluster {
 public:
  // Returns null and reports a test failure when the cluster does not come up.
  static std::unique_ptr<LocalCluster> Start(const ClusterOptions& options = {});
  ~LocalCluster();
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  const std::string& dir() const { return dir_; }
  std::string kubeconfig() const { return dir_ + "/state/kubeconfig"; }  // of an administrator
  std::string log(const std::string& component) const {
    return dir_ + "/state/logs/" + component + ".log";
  }

  // {"restart", "kube-apiserver"}, {"compact"}, ...: see `local-cluster`. Returns when done.
  CommandResult Ctl(const std::vector<std::string>& words) const;

  // Stores legal objects that are hard to read in a namespace: see `local-cluster`. A line of
  // output for each, "created KIND NAME" or "refused KIND NAME: WHY".
  CommandResult StoreCorpus(const std::string& namespace_name) const;

  // kubectl as administrator, or with another kubeconfig if `args` names one.
  CommandResult Kubectl(const std::vector<std::string>& args, const std::string& input = "") const;

  // Writes a kubeconfig with a token of a ServiceAccount that exists. Returns its path, or "" and
  // reports a test failure.
  std::string ServiceAccountKubeconfig(const std::string& namespace_name,
                                       const std::string& name) const;

 private:
  LocalCluster(std::string dir, std::string kubectl)
      : dir_(std::move(dir)), kubectl_(std::move(kubectl)) {}

  const std::string dir_;
  const std::string kubectl_;
  std::unique_ptr<Process> supervisor_;
};

// One cluster for all tests of a binary. When it does not come up, no test runs.
class ClusterEnvironment : public ::testing::Environment {
 public:
  explicit ClusterEnvironment(ClusterOptions options) : options_(std::move(options)) {}
  void SetUp() override;
  void TearDown() override { cluster_.reset(); }

  static LocalCluster& cluster() { return *cluster_; }

 private:
  const ClusterOptions options_;
  static inline std::unique_ptr<LocalCluster> cluster_;
};

}  // namespace disagg::testing
