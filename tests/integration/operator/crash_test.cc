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
void ExpectExactly(const Deployment& deployment, int prefill, int decode, const std::string& when) {
  std::map<std::string, int> slots;
  for (const json& pod : deployment.Pods("", false)) {
    ++slots[LabelOf(pod, "role") + "-" + LabelOf(pod, "replica")];
    EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["uid"], deployment.Object()["metadata"]["uid"])
        << when;
  }
  EXPECT_EQ(static_cast<int>(slots.size()), prefill + decode) << when;
  for (const auto& [slot, count] : slots) EXPECT_EQ(count, 1) << when << ": slot " << slot;
  EXPECT_EQ(TheApi().List(deployment.Collection("services")).size(), 2u) << when;
  EXPECT_EQ(TheApi().List(deployment.Collection("deployments")).size(), 1u) << when;
  EXPECT_EQ(TheApi().List(deployment.Collection("poddisruptionbudgets")).size(), 2u) << when;
  EXPECT_EQ(TheApi().List(deployment.Collection("rolebindings")).size(), 1u) << when;
}

struct Workload {
  const char* name;
  std::function<void(const Deployment&)> change;  // null: creation itself
  int prefill, decode;
  bool new_decode_pods;  // the change replaces the pods of this role
};

enum class When { kBefore, kAfter };

// Runs one workload with a kill at its n-th write. False: the workload ended before its n-th write.
bool RunWithKill(const Workload& workload, int n, When when) {
  const std::string label =
      std::string(workload.name) + (when == When::kBefore ? "-b" : "-a") + std::to_string(n);
  const std::string sentence = label + ": killed " + (when == When::kBefore ? "before" : "after") +
                               " write " + std::to_string(n);
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-" + label);
  auto op = std::make_unique<Operator>(proxy->kubeconfig());
  std::unique_ptr<Deployment> deployment;
  const auto arm = [&] {
    when == When::kBefore ? proxy->KillBefore(n, op->pid()) : proxy->KillAfter(n, op->pid());
  };
  if (workload.change) {
    deployment = std::make_unique<Deployment>(label);
    deployment->WaitReady();
    arm();
    workload.change(*deployment);
  } else {
    arm();
    deployment = std::make_unique<Deployment>(label);
  }
  bool killed = false;
  Eventually(sentence + " or converged", std::chrono::seconds(60), [&] {
    killed = !op->Running();
    return killed ||
           (deployment->Converged() && static_cast<int>(deployment->Pods("", false).size()) ==
                                           workload.prefill + workload.decode);
  });
  if (killed) op = std::make_unique<Operator>(proxy->kubeconfig());
  EXPECT_TRUE(deployment->WaitReady()) << sentence;
  Eventually(sentence + ": exact pods", std::chrono::seconds(20), [&] {
    return static_cast<int>(deployment->Pods("", false).size()) ==
           workload.prefill + workload.decode;
  });
  ExpectExactly(*deployment, workload.prefill, workload.decode, sentence);
  return killed;
}

void KillAtEveryWrite(const Workload& workload) {
  for (const When when : {When::kBefore, When::kAfter}) {
    int n = 1;
    while (n <= kMostWrites && RunWithKill(workload, n, when)) {
      if (::testing::Test::HasFailure()) return;
      ++n;
    }
    EXPECT_LE(n, kMostWrites) << workload.name;
    std::cout << workload.name << ": " << n - 1 << " writes, killed "
              << (when == When::kBefore ? "before" : "after") << " each\n";
  }
}

TEST(CrashSafety, Creation) { KillAtEveryWrite({"create", nullptr, 2, 1, false}); }

TEST(CrashSafety, ScaleUp) {
  KillAtEveryWrite({"scale",
                    [](const Deployment& d) {
                      d.Patch({{"prefill", {{"replicas", 3}}}});
                    },
                    3, 1, false});
}

TEST(CrashSafety, SpecChange) {
  KillAtEveryWrite({"change",
                    [](const Deployment& d) {
                      d.Patch({{"decode", {{"args", {{"max-num-seqs", 128}}}}}});
                    },
                    2, 1, true});
}

TEST(CrashSafety, LostAnswersMakeNoDuplicates) {
  const auto proxy = FaultProxy::Start(ChartEnvironment::operator_kubeconfig(),
                                       ChartEnvironment::cluster().dir() + "/proxy-lost");
  Operator op(proxy->kubeconfig());
  proxy->LoseAnswers(20);
  Deployment deployment("lost-answers");
  ASSERT_TRUE(deployment.WaitReady(std::chrono::seconds(120)));
  ExpectExactly(deployment, 2, 1, "after 20 lost answers");
}

}  // namespace
}  // namespace disagg::testing
