#include "controllers/reconcile/watches.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "controllers/reconcile/register.h"
#include "tests/unit/reconcile/fake_manager.h"

namespace disagg::reconcile {
namespace {

using planning::kPrefill;
using planning::PodBuilder;
using std::chrono::milliseconds;

// The domain without workers: a test looks at when the deployment's turn comes.
class Watching : public FakeManager {
 public:
  Watching()
      : FakeManager([](const transport::Request&) { return runtime::Refusal(404, "NotFound"); }),
        domain_(Register(*this, clock_, {})) {
    for (auto& [resource, store] : stores_) store->Replace({}, "1");
    StoreOf(api::kDisaggDeployments).Upsert(planning::DeploymentBuilder().Build(), "2");
    Drain();
  }

  // How long after this change the deployment's turn comes; nothing: not within two seconds.
  std::optional<milliseconds> TurnAfter(const kube::Resource& resource, kube::ObjectPtr before,
                                        kube::ObjectPtr after) {
    const kube::ObjectKey key = (before != nullptr ? before : after)->meta.key();
    if (before != nullptr) StoreOf(resource).Upsert(std::move(before), "3");
    clock_.Advance(std::chrono::minutes(1));
    Drain();
    if (after != nullptr) {
      StoreOf(resource).Upsert(std::move(after), "4");
    } else {
      StoreOf(resource).Remove(key, "4");
    }
    for (milliseconds passed{0}; passed < milliseconds(2000); passed += milliseconds(5)) {
      if (Drain()) return passed;
      clock_.Advance(milliseconds(5));
    }
    return std::nullopt;
  }

 private:
  bool Drain() {
    runtime::WorkQueue& queue = workers_.front().controller->queue();
    bool any = false;
    while (const auto key = queue.TryTake()) {
      queue.Done(*key);
      any = true;
    }
    return any;
  }

  std::unique_ptr<Domain> domain_;
};

kube::ObjectPtr Version(const std::string& version, const PodBuilder& builder) {
  auto pod = std::make_shared<kube::Pod>(*builder.Build());
  pod->meta.resource_version = version;
  return pod;
}

kube::ObjectPtr Budget(int generation, const std::string& version, bool deleting = false) {
  auto budget = std::make_shared<kube::RawObject>();
  budget->meta = PodBuilder(kPrefill, 0).Build()->meta;  // of the same owner
  budget->meta.name = "minimax-m3-prefill";
  budget->meta.resource_version = version;
  budget->meta.generation = generation;
  if (deleting) budget->meta.deletion_time = planning::kNow;
  return budget;
}

TEST(Watches, WakeADeploymentWhenSomethingMayFollow) {
  struct Case {
    const char* sentence;
    kube::Resource resource;
    kube::ObjectPtr before, after;
    std::optional<milliseconds> turn;
  };
  const milliseconds at_once{25}, counted{500};
  const auto pod = [] { return PodBuilder(kPrefill, 0); };
  const auto waiting = Version("5", pod()), bound = Version("6", pod().On("b200-0")),
             ready = Version("7", pod().On("b200-0").Ready()),
             ending = Version("8", pod().On("b200-0").Deleting());
  const kube::Resource& pods = kube::kPods;
  const kube::Resource& budgets = kube::kPodDisruptionBudgets;
  for (const Case& c : {
           Case{"a new pod is looked at", pods, nullptr, waiting, at_once},
           Case{"that it has got its node is only counted", pods, waiting, bound, counted},
           Case{"that it is ready is looked at", pods, bound, ready, at_once},
           Case{"with its node, too", pods, waiting, ready, at_once},
           Case{"that it ends is looked at", pods, bound, ending, at_once},
           Case{"that it is gone is looked at", pods, bound, nullptr, at_once},
           Case{"a budget's status is nothing", budgets, Budget(1, "7"), Budget(1, "8"), {}},
           Case{"its spec is looked at", budgets, Budget(1, "7"), Budget(2, "8"), at_once},
           Case{"its end is looked at", budgets, Budget(1, "7"), Budget(1, "8", true), at_once},
           Case{"so is what counts no changes of its spec", kube::kServices, Budget(0, "7"),
                Budget(0, "8"), at_once},
       }) {
    EXPECT_EQ(Watching().TurnAfter(c.resource, c.before, c.after), c.turn) << c.sentence;
  }
}

}  // namespace
}  // namespace disagg::reconcile
