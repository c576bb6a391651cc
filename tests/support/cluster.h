#pragma once

// Local clusters and the fault-injecting proxy for tests: the C++ side of tests/cluster.
//
//   auto* const env = ::testing::AddGlobalTestEnvironment(
//       new disagg::testing::ClusterEnvironment({.b200_nodes = 4, .extra_nodes = "cpu=1"}));
//
// starts one cluster for the test binary. Whatever happens to the binary, nothing it has started
// stays. The program `local-cluster` is looked for in $LOCAL_CLUSTER, then where `make
// cluster-tools` has put it, which is one place for all build configurations.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
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

// An HTTPS proxy between a client and the API server that injects faults. A "write" is a request
// that may change an object; leases, events and dry runs are none.
class FaultProxy {
 public:
  // `client_kubeconfig` must hold a token. `kubeconfig` is written, for the client to use.
  static std::unique_ptr<FaultProxy> Start(const std::string& client_kubeconfig,
                                           const std::string& kubeconfig);

  const std::string& kubeconfig() const { return kubeconfig_; }

  int Writes() { return std::atoi(Command("writes").c_str()); }
  std::string Log() { return Command("log"); }  // JSON: [{n, method, path, status, dryRun}]
  void Reset() { Command("reset"); }            // forgets the writes, disarms everything
  // Kills `pid` at the n-th write from now: before it reaches the API server, or when it is done
  // and not answered yet.
  void KillBefore(int n, pid_t pid) { Arm("kill-before", {n, pid}); }
  void KillAfter(int n, pid_t pid) { Arm("kill-after", {n, pid}); }
  void LoseAnswers(int n) { Arm("lose", {n}); }
  // `status` is 429, 500 or 503; `retry_after` in seconds, 0: no such header.
  void Fail(int n, int status, int retry_after = 0) { Arm("fail", {n, status, retry_after}); }
  void Delay(std::chrono::milliseconds delay) { Arm("delay", {static_cast<int>(delay.count())}); }
  void CutWatches() { Command("cut-watches"); }      // open watches break off in mid-stream
  void ExpireWatches() { Command("gone-watches"); }  // the next watch of each resource is told 410

  // Any command by its line. Reports a test failure when the answer is an error.
  std::string Command(const std::string& line);

 private:
  FaultProxy(std::unique_ptr<Process> process, std::string kubeconfig)
      : process_(std::move(process)), kubeconfig_(std::move(kubeconfig)) {}
  void Arm(const std::string& command, const std::vector<int>& numbers);

  std::unique_ptr<Process> process_;
  const std::string kubeconfig_;
};

}  // namespace disagg::testing
