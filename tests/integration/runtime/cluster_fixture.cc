#include "tests/integration/runtime/cluster_fixture.h"

#include <sstream>
#include <thread>
#include <utility>

#include "operator/transport/beast_transport.h"
#include "operator/transport/config_loader.h"

namespace runtime {

bool WaitFor(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

kube::ClusterConfig ConfigOf(const std::string& kubeconfig) {
  auto config = transport::LoadKubeconfig(kubeconfig, "");
  EXPECT_TRUE(config.ok()) << config.error().message;
  return config.ok() ? *config : kube::ClusterConfig();
}

std::unique_ptr<transport::Transport> Connect(const std::string& kubeconfig) {
  auto transport = transport::MakeBeastTransport(ConfigOf(kubeconfig), {});
  EXPECT_TRUE(transport.ok()) << transport.error().message;
  return transport.ok() ? std::move(*transport) : nullptr;
}

ClusterTest::ClusterTest()
    : transport_(Connect(cluster().kubeconfig())),
      client_(std::make_unique<ApiClient>(*transport_, nullptr, ApiClientOptions())) {}

void ClusterTest::MakeNamespace(const std::string& name) {
  WriteRequest write;
  write.resource = kube::kNamespaces;
  write.key = {"", name};
  write.body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + "\"}}";
  const auto made = client_->Write(write);
  ASSERT_TRUE(made.ok()) << made.error().message;
}

WriteRequest ClusterTest::ConfigMap(const std::string& namespace_name, const std::string& name,
                                    const std::string& app) {
  WriteRequest write;
  write.resource = kConfigMaps;
  write.key = {namespace_name, name};
  write.body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
               R"(","namespace":")" + namespace_name + R"(","labels":{"app":")" + app + "\"}}}";
  return write;
}

base::Result<WriteResult> ClusterTest::Delete(const kube::Resource& resource,
                                              const kube::ObjectKey& key) {
  WriteRequest write;
  write.verb = Verb::kDelete;
  write.resource = resource;
  write.key = key;
  return client_->Write(write);
}

CacheUnderTest::CacheUnderTest(const std::string& kubeconfig, WatchSpec spec,
                               ReflectorOptions options, const base::Clock& clock,
                               observability::Metrics& metrics)
    : transport(Connect(kubeconfig)), metrics_(metrics), resource_(spec.resource.ToString()) {
  reflector = std::make_unique<Reflector>(
      std::move(spec), ReflectorContext{*transport, loop, clock, metrics}, options, store, [] {});
  reflector->Restart();
}

CacheUnderTest::~CacheUnderTest() {
  reflector->Stop();
  loop->Stop();
}

double CacheUnderTest::Count(const std::string& series) const {
  const std::string start = series + "{resource=\"" + resource_ + "\"} ";
  std::istringstream lines(metrics_.Text());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(start, 0) == 0) return std::stod(line.substr(start.size()));
  }
  return 0;
}

}  // namespace runtime
