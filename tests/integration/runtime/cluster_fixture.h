#pragma once

// The runtime against a real etcd and kube-apiserver.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "operator/base/system_clock.h"
#include "operator/kube/cluster_config.h"
#include "operator/observability/metrics.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/reflector.h"
#include "operator/runtime/thread_loop.h"
#include "operator/transport/transport.h"
#include "tests/support/cluster.h"

namespace runtime {

inline const kube::Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap", true};

bool WaitFor(const std::function<bool()>& condition,
             std::chrono::seconds limit = std::chrono::seconds(60));

kube::ClusterConfig ConfigOf(const std::string& kubeconfig);
std::unique_ptr<transport::Transport> Connect(const std::string& kubeconfig);

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest();

  static disagg::testing::LocalCluster& cluster() {
    return disagg::testing::ClusterEnvironment::cluster();
  }

  void MakeNamespace(const std::string& name);
  // A ConfigMap with this label app.
  static WriteRequest ConfigMap(const std::string& namespace_name, const std::string& name,
                                const std::string& app = "x");
  base::Result<WriteResult> Delete(const kube::Resource& resource, const kube::ObjectKey& key);

  const base::SystemClock clock_;
  observability::Metrics metrics_;
  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<ApiClient> client_;
};

// A store with its reflector, on a connection of its own.
class CacheUnderTest {
 public:
  CacheUnderTest(const std::string& kubeconfig, WatchSpec spec, ReflectorOptions options,
                 const base::Clock& clock, observability::Metrics& metrics);
  ~CacheUnderTest();

  double Count(const std::string& series) const;  // of this cache's metrics

  ObjectStore store;
  std::unique_ptr<transport::Transport> transport;
  const std::shared_ptr<EventLoop> loop = std::make_shared<ThreadLoop>();
  std::unique_ptr<Reflector> reflector;

 private:
  observability::Metrics& metrics_;
  const std::string resource_;
};

}  // namespace runtime
