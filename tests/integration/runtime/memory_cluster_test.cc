// What a cached pod costs.

#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include "tests/integration/runtime/cluster_fixture.h"

namespace runtime {
namespace {

using nlohmann::json;

constexpr int kCount = 10'000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMostBytesPerPod = 50'000;  // of which most is the sanitizer's own
#else
constexpr double kMostBytesPerPod = 10'000;
#endif

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * 4096;
}

// A pod as serving pods are: two containers with 15 variables each, probes, tolerations, volumes.
json ServingPod(int i) {
  json variables = json::array();
  for (int v = 0; v < 15; ++v) {
    variables.push_back({{"name", "VARIABLE_" + std::to_string(v)}, {"value", "the value of it"}});
  }
  json container = {{"name", "engine"},
                    {"image", "registry.example.com/engine:v1"},
                    {"env", variables},
                    {"readinessProbe", {{"httpGet", {{"path", "/health"}, {"port", 8000}}}}}};
  json sidecar = container;
  sidecar["name"] = "sidecar";
  json labels, annotations;
  for (int l = 0; l < 8; ++l) {
    labels["disagg.dev/label-" + std::to_string(l)] = "value-" + std::to_string(i % 100);
    annotations["example.com/note-" + std::to_string(l)] = "a note that nobody reads";
  }
  const json owner = {{"apiVersion", "disagg.dev/v1alpha1"},
                      {"kind", "DisaggDeployment"},
                      {"name", "m3"},
                      {"uid", "11111111-2222-3333-4444-555555555555"},
                      {"controller", true}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"name", "minimax-m3-decode-" + std::to_string(i)},
            {"labels", labels},
            {"annotations", annotations},
            {"ownerReferences", json::array({owner})}}},
          {"spec",
           {{"automountServiceAccountToken", false},
            {"containers", json::array({container, sidecar})}}}};
}

class MemoryClusterTest : public ClusterTest {
 protected:
  void MakePods() {
    MakeNamespace("many");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCount; i += 500) {
      std::vector<WriteRequest> writes;
      for (int j = i; j < i + 500; ++j) {
        WriteRequest write;
        write.resource = kube::kPods;
        write.key = {"many", "minimax-m3-decode-" + std::to_string(j)};
        write.body = ServingPod(j).dump();
        writes.push_back(std::move(write));
      }
      for (const auto& result : client_->WriteAll(writes))
        ASSERT_TRUE(result.ok()) << result.error().message;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << kCount / took.count() << " pods created per second\n";
  }
};

TEST_F(MemoryClusterTest, TenThousandPodsCostLessThanTenKilobytesEach) {
  MakePods();
  malloc_trim(0);
  const double before = ResidentBytes();
  const auto start = std::chrono::steady_clock::now();
  CacheUnderTest cache(cluster().kubeconfig(),
                       {kube::kPods, kube::PodDecoder({{"disagg.dev/"}}), "", "", false}, {},
                       clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.synced(); }, std::chrono::seconds(120)));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ASSERT_GE(cache.store.size(), static_cast<std::size_t>(kCount));
  const double grown = ResidentBytes() - before;
  malloc_trim(0);
  const double kept = ResidentBytes() - before;
  std::cout << "list of " << cache.store.size() << " pods: " << took.count() << " s, resident +"
            << grown / 1e6 << " MB, after trim +" << kept / 1e6 << " MB, "
            << kept / static_cast<double>(cache.store.size()) << " bytes per pod\n";
  EXPECT_LT(kept / static_cast<double>(cache.store.size()), kMostBytesPerPod);
}

}  // namespace
}  // namespace runtime
