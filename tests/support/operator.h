#pragma once

// A cluster with the chart installed, and the operator as a process beside it that runs as the
// chart's ServiceAccount.

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/process.h"

namespace disagg::testing {

// One cluster with the chart for all tests of a binary.
class ChartEnvironment : public ::testing::Environment {
 public:
  explicit ChartEnvironment(ClusterOptions options) : options_(std::move(options)) {}
  void SetUp() override;
  void TearDown() override;

  static LocalCluster& cluster() { return *cluster_; }
  static Api& api() { return *api_; }
  // Of the ServiceAccount disagg-system/disagg-operator.
  static const std::string& operator_kubeconfig() { return operator_kubeconfig_; }

  // helm install, with a new operator_kubeconfig; and helm uninstall. Failures are of the test.
  static void InstallChart();
  static void UninstallChart();

 private:
  const ClusterOptions options_;
  static inline std::unique_ptr<LocalCluster> cluster_;
  static inline std::unique_ptr<Api> api_;
  static inline std::string operator_kubeconfig_;
};

// One run of the operator. Killed with the test, which fails if the operator crashed or, however it
// ended, if a sanitizer reported something in it.
class Operator {
 public:
  explicit Operator(const std::string& kubeconfig = ChartEnvironment::operator_kubeconfig(),
                    const std::vector<std::string>& flags = {});
  ~Operator();

  pid_t pid() const { return process_->pid(); }
  bool Running() { return process_->Running(); }
  void Kill() { process_->Kill(SIGKILL); }
  void Signal(int signal) { process_->Kill(signal); }
  // SIGTERM and wait; the exit code.
  int Stop();
  // Waits for an end that somebody else causes.
  bool WaitForEnd(std::chrono::milliseconds timeout) { return process_->Wait(timeout).has_value(); }
  std::string Log() const { return ReadFile(log_); }

 private:
  void ExpectNoDefect();

  std::string log_;
  std::unique_ptr<Process> process_;
};

// Polls until `condition` holds; a failure of the test with `sentence` when it does not in time.
bool Eventually(const std::string& sentence, std::chrono::milliseconds timeout,
                const std::function<bool()>& condition);

std::set<std::string> Uids(const std::vector<nlohmann::json>& objects);

// A namespace of its own for one test, with one DisaggDeployment in it.
class Deployment {
 public:
  // `spec` is merged (RFC 7386) over a good one: the mocker engine, 2 prefill of 2 GPUs and 1
  // decode of 8 on class b200.
  explicit Deployment(const std::string& name,
                      const nlohmann::json& spec = nlohmann::json::object());
  ~Deployment();

  const std::string& name() const { return name_; }
  const std::string& namespace_name() const { return namespace_; }
  std::string path() const;
  std::string Collection(const std::string& resource) const;  // "/api/v1/namespaces/<ns>/pods" ...

  nlohmann::json Object() const { return ChartEnvironment::api().Get(path()).body; }
  nlohmann::json Status() const;
  // "True", "False", or "" where absent.
  std::string Condition(const std::string& type) const;
  std::string ConditionMessage(const std::string& type) const;
  std::string ConditionReason(const std::string& type) const;

  Answer Patch(const nlohmann::json& spec) const;
  // By name; of all workers where `role` is empty, "router" is one, too. With `alive` only those
  // without deletionTimestamp that have not ended.
  std::vector<nlohmann::json> Pods(const std::string& role = "", bool alive = true) const;
  std::vector<std::string> PodNames(const std::string& role = "") const;

  // Ready, current generation observed, current revision == target revision.
  bool WaitReady(std::chrono::seconds timeout = std::chrono::seconds(60)) const;
  bool Converged() const;

 private:
  const std::string name_;
  const std::string namespace_;
};

// Applies the ServingModel and class fields that Deployment's default spec names.
void ApplyCatalogue();

}  // namespace disagg::testing
