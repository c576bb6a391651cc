// A kind that a cluster need not have, from before its CustomResourceDefinition to after it.

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "operator/runtime/manager.h"
#include "tests/integration/runtime/cluster_fixture.h"

namespace runtime {
namespace {

using std::chrono::milliseconds;

const kube::Resource kGadgets{"gadgets.example.com", "v1", "gadgets", "Gadget", true};

constexpr char kDefinition[] = R"({
  "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
  "metadata": {"name": "gadgets.gadgets.example.com"},
  "spec": {"group": "gadgets.example.com", "scope": "Namespaced",
           "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
           "versions": [{"name": "v1", "served": true, "storage": true,
                         "schema": {"openAPIV3Schema": {"type": "object"}}}]}})";

WatchSpec Gadgets() {
  WatchSpec spec{kGadgets, kube::MetadataDecoder({}), "", "", true};
  spec.may_be_absent = true;
  return spec;
}

// Asks often enough for a test.
ReflectorOptions Impatient() {
  ReflectorOptions options;
  options.timings.absent_least = milliseconds(200);
  options.timings.absent_most = milliseconds(400);
  return options;
}

class AbsentKindTest : public ClusterTest {
 protected:
  static void Install() {
    ASSERT_EQ(cluster().Kubectl({"create", "-f", "-"}, kDefinition).exit_code, 0);
  }
  static void Uninstall() {
    ASSERT_EQ(
        cluster().Kubectl({"delete", "--wait", "crd", "gadgets.gadgets.example.com"}).exit_code, 0);
  }
  // As soon as its definition is established.
  void MakeGadget(const std::string& name) {
    WriteRequest write;
    write.resource = kGadgets;
    write.key = {"default", name};
    write.body = R"({"apiVersion":"gadgets.example.com/v1","kind":"Gadget","metadata":{"name":")" +
                 name + "\"}}";
    ASSERT_TRUE(WaitFor([&] { return client_->Write(write).ok(); }));
  }
};

// A manager whose one controller decides by how many gadgets there are.
class Member {
 public:
  Member(const std::string& kubeconfig, const base::Clock& clock) {
    ManagerOptions options;
    options.leader_elect = false;
    options.health_address = ":1";
    options.reflector = Impatient();
    ManagerParts parts{Connect(kubeconfig), Connect(kubeconfig), "api",
                       [this](const std::string&, transport::PlainHandler handler) {
                         return Listen(std::move(handler));
                       }};
    manager_ = Manager::Assemble(std::move(parts), clock, options);
    gadgets_ = &manager_->Watch(Gadgets());
    Controller& controller =
        manager_->AddController({"test", 1, {}}, [this](const kube::ObjectKey&) {
          decided_for = gadgets_->live() ? static_cast<int>(gadgets_->size()) : -1;
          return ReconcileResult();
        });
    gadgets_->AddHandler([&](const Change&) { controller.queue().Add({"default", "decision"}); });
    manager_->OnLeading([&] { controller.queue().Add({"default", "decision"}); });
    thread_ = std::jthread([this](std::stop_token stop) { (void)manager_->Run(stop); });
  }

  int ReadyStatus() {
    const std::lock_guard lock(mutex_);
    return answer_ ? answer_("/readyz").status : 0;
  }

  std::atomic<int> decided_for{-1};

 private:
  class Listener : public transport::HttpListener {
   public:
    explicit Listener(Member& owner) : owner_(owner) {}
    ~Listener() override {
      const std::lock_guard lock(owner_.mutex_);
      owner_.answer_ = nullptr;
    }
    int port() const override { return 1; }

   private:
    Member& owner_;
  };

  base::Result<std::unique_ptr<transport::HttpListener>> Listen(transport::PlainHandler handler) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(handler);
    return std::unique_ptr<transport::HttpListener>(std::make_unique<Listener>(*this));
  }

  std::mutex mutex_;
  transport::PlainHandler answer_;
  std::unique_ptr<Manager> manager_;
  ObjectStore* gadgets_ = nullptr;
  std::jthread thread_;
};

TEST_F(AbsentKindTest, IsEmptyWithoutItsDefinitionAndFollowedWithIt) {
  Member member(cluster().kubeconfig(), clock_);
  ASSERT_TRUE(WaitFor([&] { return member.decided_for == 0 && member.ReadyStatus() == 200; }));
  for (int round = 0; round < 2; ++round) {
    Install();
    MakeGadget("a");
    MakeGadget("b");
    ASSERT_TRUE(WaitFor([&] { return member.decided_for == 2; })) << round;
    Uninstall();
    ASSERT_TRUE(WaitFor([&] { return member.decided_for == 0; })) << round;
  }
  ASSERT_TRUE(WaitFor([&] { return member.ReadyStatus() == 200; }));
}

// While an API server starts it does not know its definitions yet.
TEST_F(AbsentKindTest, ARestartOfTheApiServerIsNoAbsence) {
  Install();
  MakeGadget("a");
  CacheUnderTest cache(cluster().kubeconfig(), Gadgets(), Impatient(), clock_, metrics_);
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 1; }));
  const double watches = cache.Count("cache_watches_total");
  ASSERT_EQ(cluster().Ctl({"restart", "kube-apiserver"}).exit_code, 0);
  ASSERT_TRUE(WaitFor([&] {
    EXPECT_EQ(cache.store.size(), 1u);
    return cache.Count("cache_watches_total") > watches && cache.store.live();
  }));
  MakeGadget("later");
  ASSERT_TRUE(WaitFor([&] {
    EXPECT_NE(cache.store.GetObject({"default", "a"}), nullptr);
    return cache.store.size() == 2;
  }));
  Uninstall();
  ASSERT_TRUE(WaitFor([&] { return cache.store.size() == 0 && cache.store.live(); }));
}

}  // namespace
}  // namespace runtime
