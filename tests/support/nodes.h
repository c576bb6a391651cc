#pragma once

// Simulated nodes of a ChartEnvironment that a test breaks.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace disagg::testing {

// Adds a Ready node like b200-0 that carries the label test-pool: `name`.
void AddNode(const std::string& name);

std::string NodePath(const std::string& name);

// While this lives the scheduler puts nothing new on the named nodes, also when a test fails.
class Cordon {
 public:
  explicit Cordon(std::vector<std::string> nodes);
  Cordon(const Cordon&) = delete;
  Cordon& operator=(const Cordon&) = delete;
  ~Cordon();

 private:
  void Set(const nlohmann::json& unschedulable);

  const std::vector<std::string> nodes_;
};

// All nodes of the shape b200 with which a cluster of `count` has started.
std::vector<std::string> B200Nodes(int count);

// While this lives no kubelet acts for the pods of a node: they neither start nor end. Nothing in
// the API tells when KWOK has heard, so the constructor waits a moment.
class DeadKubelet {
 public:
  explicit DeadKubelet(std::string node);
  DeadKubelet(const DeadKubelet&) = delete;
  DeadKubelet& operator=(const DeadKubelet&) = delete;
  ~DeadKubelet();

 private:
  const std::string node_;
};

}  // namespace disagg::testing
