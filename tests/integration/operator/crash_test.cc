// The operator killed with SIGKILL at each single write, and started again: the same pods, no
// duplicate, no orphan.
//
// A proxy counts the writes. For n = 1, 2, ... the operator is killed at the n-th write of a
// workload (before it reaches the API server, or when it is done and its answer is not out yet),
// until a run needs fewer than n.

#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "tests/support/operator.h"

namespace disagg::testing {
namespace {

using nlohmann::json;

constexpr int kMostWrites = 60;  // a workload that needs more is a defect of its own

Api& TheApi() { return ChartEnvironment::api(); }

std::string LabelOf(const json& pod, const std::string& label) {
  return pod["metadata"]["labels"].value("disagg.dev/" + label, "");
}

// Every slot once, every object owned, nothing left over.
void ExpectExactly(const Deployment& deployment, int prefill, int decode, unsigned services,
                   const std::string& when) {
  std::map<std::string, int> slots;
  for (const json& pod : deployment.Pods("", false)) {
    ++slots[LabelOf(pod, "role") + "-" + LabelOf(pod, "replica") + "-" + LabelOf(pod, "rank")];
    EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["uid"], deployment.Object()["metadata"]["uid"])
        << when;
  }
  EXPECT_EQ(static_cast<int>(slots.size()), prefill + decode) << when;
  for (const auto& [slot, count] : slots) EXPECT_EQ(count, 1) << when << ": slot " << slot;
  EXPECT_EQ(TheApi().List(deployment.Collection("services")).size(), services) << when;
  EXPECT_EQ(deployment.Pods("router", false).size(), 1u) << when;
  EXPECT_EQ(TheApi().List(deployment.Collection("poddisruptionbudgets")).size(), 1u) << when;
  EXPECT_EQ(TheApi().List(deployment.Collection("rolebindings")).size(), 1u) << when;
}

struct Workload {
  const char* name;
  std::function<void(const Deployment&)> change;  // null: creation itself
  int prefill, decode;                            // pods
  int least_writes;      // fewer would mean that the kills miss the workload
  bool new_decode_pods;  // the change replaces the pods of this role
  json spec = json::object();
  unsigned services = 2;
};

enum class When { kBefore, kAfter };

class Run {
 public:
  Run(const Workload& workload, int n, When when)
      : workload_(workload),
        n_(n),
        when_(when),
        label_(std::string(workload.name) + (when == When::kBefore ? "-b" : "-a") +
               std::to_string(n)),
        sentence_(label_ + ": killed " + (when == When::kBefore ? "before" : "after") + " write " +
                  std::to_string(n)),
        proxy_(FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                 ChartEnvironment::cluster().dir() + "/proxy-" + label_)),
        op_(std::make_unique<Operator>(proxy_->kubeconfig())) {}

  // False: the workload ended before its n-th write.
  bool KillAndStartAgain() {
    Begin();
    WaitForKillOrEnd();
    // A kill follows its write by a moment, and is counted a moment later.
    if (proxy_->Writes() >= n_ || !op_->Running()) {
      Eventually(sentence_ + ": the kill is counted", std::chrono::seconds(5),
                 [&] { return proxy_->Kills() == 1 && !op_->Running(); });
    }
    const bool killed = proxy_->Kills() == 1;
    EXPECT_EQ(op_->Running(), !killed) << sentence_ << ": it ended otherwise";
    if (killed) {
      op_ = std::make_unique<Operator>(proxy_->kubeconfig());
    } else {
      EXPECT_LT(proxy_->Writes(), n_) << sentence_ << ": the write came and the kill did not";
    }
    ExpectDone();
    return killed;
  }

 private:
  void Begin() {
    if (workload_.change) {
      deployment_ = std::make_unique<Deployment>(label_);
      deployment_->WaitReady();
      before_ = Uids(deployment_->Pods("decode"));
      Arm();
      workload_.change(*deployment_);
    } else {
      Arm();
      deployment_ = std::make_unique<Deployment>(label_, workload_.spec);
    }
  }

  void Arm() {
    proxy_->Reset();
    when_ == When::kBefore ? proxy_->KillBefore(n_, op_->pid()) : proxy_->KillAfter(n_, op_->pid());
  }

  void WaitForKillOrEnd() {
    Eventually(sentence_ + " or converged", std::chrono::seconds(60),
               [&] { return !op_->Running() || (deployment_->Converged() && HasItsPods()); });
  }

  bool HasItsPods() const {
    return static_cast<int>(deployment_->Pods("", false).size()) ==
           workload_.prefill + workload_.decode;
  }

  void ExpectDone() {
    EXPECT_TRUE(deployment_->WaitReady()) << sentence_;
    Eventually(sentence_ + ": exact pods", std::chrono::seconds(20), [&] { return HasItsPods(); });
    ExpectExactly(*deployment_, workload_.prefill, workload_.decode, workload_.services, sentence_);
    EXPECT_EQ(workload_.new_decode_pods,
              workload_.change && Uids(deployment_->Pods("decode")) != before_)
        << sentence_;
  }

  const Workload& workload_;
  const int n_;
  const When when_;
  const std::string label_;
  const std::string sentence_;
  const std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<Operator> op_;
  std::unique_ptr<Deployment> deployment_;
  std::set<std::string> before_;
};

void KillAtEveryWrite(const Workload& workload) {
  for (const When when : {When::kBefore, When::kAfter}) {
    int n = 1;
    while (n <= kMostWrites && Run(workload, n, when).KillAndStartAgain()) {
      if (::testing::Test::HasFailure()) return;
      ++n;
    }
    EXPECT_LE(n, kMostWrites) << workload.name;
    EXPECT_GE(n - 1, workload.least_writes) << workload.name << ": too few kills to mean anything";
    std::cout << workload.name << ": " << n - 1 << " writes, killed "
              << (when == When::kBefore ? "before" : "after") << " each\n";
  }
}

// The revision, 2 Services, account and binding, a budget, 4 pods, and status.
TEST(CrashSafety, Creation) { KillAtEveryWrite({"create", nullptr, 2, 1, 10, false}); }

// One pod and the peers' Service more.
TEST(CrashSafety, CreationOverTwoNodes) {
  KillAtEveryWrite({.name = "nodes",
                    .change = nullptr,
                    .prefill = 2,
                    .decode = 2,
                    .least_writes = 12,
                    .new_decode_pods = false,
                    .spec = {{"decode", {{"parallelism", {{"data", 1}, {"tensor", 16}}}}}},
                    .services = 3});
}

TEST(CrashSafety, ScaleUp) {
  KillAtEveryWrite({"scale",
                    [](const Deployment& d) {
                      d.Patch({{"prefill", {{"replicas", 3}}}});
                    },
                    3, 1, 2, false});
}

TEST(CrashSafety, SpecChange) {
  KillAtEveryWrite({"change",
                    [](const Deployment& d) {
                      d.Patch({{"decode", {{"args", {{"max-num-seqs", 128}}}}}});
                    },
                    2, 1, 4, true});
}

TEST(CrashSafety, LostAnswersMakeNoDuplicates) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-lost");
  Operator op(proxy->kubeconfig());
  proxy->Inject("lost", {{"kind", "write"}, {"count", 20}, {"abort", true}, {"forward", true}});
  // So large that it takes more writes than that, and of pods that fit whatever comes first.
  const json one_device{{"data", 1}};
  Deployment deployment("lost-answers",
                        {{"prefill", {{"replicas", 12}, {"parallelism", one_device}}},
                         {"decode", {{"parallelism", one_device}}}});
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(120)));
  EXPECT_EQ(proxy->Hits("lost"), 20);
  ExpectExactly(deployment, 12, 1, 2, "after 20 lost answers");
}

}  // namespace
}  // namespace disagg::testing
