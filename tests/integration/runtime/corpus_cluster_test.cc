// Caches over objects that are legal and hard to read: numbers beyond 64 bits, any depth, large
// ones, strange Unicode, as the API server's own encoder serves them.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/integration/runtime/cluster_fixture.h"

namespace runtime {
namespace {

const kube::Resource kOddDeployments{"disagg.dev", "v1alpha1", "disaggdeployments",
                                     "DisaggDeployment", true};

// Names by kind, of what the API server has taken.
using Stored = std::map<std::string, std::set<std::string>>;

Stored Created(const std::string& output) {
  Stored stored;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string verb, kind, name;
    words >> verb >> kind >> name;
    if (verb == "created") stored[kind].insert(name);
  }
  return stored;
}

class CorpusClusterTest : public ClusterTest {
 protected:
  std::unique_ptr<CacheUnderTest> Cache(const kube::Resource& resource) {
    const WatchSpec spec{resource, kube::RawDecoder({}), "disagg.dev/deployment", "", false};
    return std::make_unique<CacheUnderTest>(cluster().kubeconfig(), spec, ReflectorOptions(),
                                            clock_, metrics_);
  }

  static void ExpectAll(const ObjectStore& store, const std::set<std::string>& names) {
    ASSERT_FALSE(names.empty());
    EXPECT_TRUE(WaitFor([&] { return store.size() == names.size() && store.live(); }))
        << store.size() << " of " << names.size() << " objects; " << store.trouble();
    for (const kube::ObjectPtr& object : store.AllObjects()) {
      EXPECT_TRUE(names.contains(object->meta.name)) << object->meta.name;
      const bool deep = object->meta.name.starts_with("deep-");
      EXPECT_TRUE(deep || object->meta.decode_error.empty())
          << object->meta.name << ": " << object->meta.decode_error.get();
    }
  }
};

TEST_F(CorpusClusterTest, NoObjectHidesAnother) {
  MakeNamespace("corpus");
  ASSERT_EQ(cluster().Kubectl({"create", "-f", DISAGG_CRDS}).exit_code, 0);
  ASSERT_EQ(cluster()
                .Kubectl({"wait", "--for=condition=Established", "--timeout=60s",
                          "crd/disaggdeployments.disagg.dev"})
                .exit_code,
            0);
  const std::map<std::string, kube::Resource> kinds = {
      {"ConfigMap", kConfigMaps},
      {"ControllerRevision", kube::kControllerRevisions},
      {"DisaggDeployment", kOddDeployments}};
  std::map<std::string, std::unique_ptr<CacheUnderTest>> watching, listing;
  for (const auto& [kind, resource] : kinds) watching[kind] = Cache(resource);
  for (const auto& [kind, cache] : watching) {
    ASSERT_TRUE(WaitFor([&store = cache->store] { return store.live(); }));
  }
  const auto output = cluster().StoreCorpus("corpus");
  ASSERT_EQ(output.exit_code, 0) << output.err;
  Stored stored = Created(output.out);
  for (const auto& [kind, resource] : kinds) listing[kind] = Cache(resource);
  for (const auto& [kind, resource] : kinds) {
    SCOPED_TRACE(kind);
    ExpectAll(watching[kind]->store, stored[kind]);
    ExpectAll(listing[kind]->store, stored[kind]);
    EXPECT_EQ(listing[kind]->Count("cache_lists_total"), 2) << "one list of each cache";
  }
  EXPECT_TRUE(stored["ControllerRevision"].contains("unsigned-most"));
  EXPECT_TRUE(stored["ControllerRevision"].contains("deep-5000"))
      << "the corpus holds what it is for";
  // Payloads are read by a second parser.
  const auto live = client_->Get(kube::kControllerRevisions, {"corpus", "unsigned-over"});
  ASSERT_TRUE(live.ok()) << live.error().message;
  const auto json = nlohmann::json::parse(*live, nullptr, false);
  EXPECT_TRUE(json["data"]["value"].is_number());
}

}  // namespace
}  // namespace runtime
