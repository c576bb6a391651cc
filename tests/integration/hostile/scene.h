#pragma once

// What the scenes of a hostile cluster share: an operator behind a proxy that counts what it does,
// and measures of how it bears a trouble.
//
// A scene first proves that its trouble took place, then asks four things: what must not happen did
// not; the trouble is told in status within kTold; the operator asks the API server for little
// while it lasts; all is well soon after its end. The two figures are printed as a line "SCENE |
// ...".

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/fault_proxy.h"
#include "tests/support/operator.h"

namespace disagg::testing {

using nlohmann::json;
using std::chrono::seconds;

inline constexpr int kB200Nodes = 6;

// A trouble of 30 s is told; the rest is for the passes in between.
inline constexpr seconds kTold{45};
// How soon all is well after a trouble has ended, however long it lasted.
inline constexpr seconds kHealed{30};
// What a standing trouble may cost once it has lasted for some seconds: one try every ten seconds
// that reads, tries and tells.
inline constexpr int kMostPerMinute = 30;

inline Api& TheApi() { return ChartEnvironment::api(); }

// An operator behind a proxy of its own for each test.
class Scene : public ::testing::Test {
 protected:
  void SetUp() override;

  void StartOperator(const std::vector<std::string>& flags = {});
  // Another process behind the same proxy, after the end of the one before.
  void RestartOperator();
  Operator& op() { return *op_; }
  FaultProxy& proxy() { return *proxy_; }

  // What the operator asks the API server in `window` from now, watches and the lease left out.
  std::vector<json> RequestsDuring(seconds window);
  // So many of them in a minute.
  int RequestsPerMinute(seconds window = seconds(30));
  // Waits for `condition`; the seconds that it took, or a failure of the test.
  double SecondsUntil(const std::string& sentence, const std::function<bool()>& condition,
                      seconds limit = kHealed);
  // One line for the table in docs/hostile-cluster.md.
  static void Report(const std::string& trouble, int per_minute, double seconds_to_heal);

 private:
  std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<Operator> op_;
};

// The namespace that a Deployment of this name will live in, with labels of its own. To be called
// before the Deployment is made.
void MakeNamespace(const std::string& deployment, const json& labels);

// All objects of `resource` in its namespace that the deployment controls, whatever their labels
// say. Pods that are ending or have ended are left out.
std::vector<json> Owned(const Deployment& deployment, const std::string& resource);
std::vector<json> OwnedPods(const Deployment& deployment);
// Where the API server has a pod of its namespace.
std::string PodPath(const Deployment& deployment, const json& pod);

// All that a person is shown: the messages and reasons of conditions, problems and summary.
std::string Told(const Deployment& deployment);
// A failure of the test unless `words` are told within kTold.
void ExpectTold(const Deployment& deployment, const std::string& words);

// Creates an object now and deletes it at the end of the scope, also when the test fails.
class Object {
 public:
  Object(std::string collection, const json& object);
  ~Object() { Remove(); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  void Remove();

 private:
  const std::string path_;
  bool removed_ = false;
};

}  // namespace disagg::testing
