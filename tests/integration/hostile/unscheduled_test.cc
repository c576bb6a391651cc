// Pods that others hold back at their creation, or send to a scheduler that does not run.

#include "tests/integration/hostile/main_job.h"
#include "tests/integration/hostile/mutated_pods.h"
#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

using UnscheduledPods = MutatedPods;

TEST_F(UnscheduledPods, ASchedulerThatDoesNotRunIsTold) {
  Mutate("no-scheduler", "/set-field/spec/schedulerName=%22nobody%22");
  Deployment deployment("no-scheduler");
  ExpectTold(deployment, "does scheduler \"nobody\" run?");
  ExpectTold(deployment, "a policy or webhook of this cluster");
  EXPECT_NE(deployment.ConditionReason("Ready"), "");
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  webhook_->Remove();
  for (const json& pod : TheApi().List(deployment.Collection("pods"))) {
    TheApi().Delete(PodPath(deployment, pod));
  }
  const double healed = SecondsUntil("Ready", [&] { return deployment.Converged(); });
  Report("a webhook names a scheduler that does not run", per_minute, healed);
}

TEST_F(UnscheduledPods, SchedulingGatesAreTold) {
  Mutate("gated",
         "/set-field/spec/schedulingGates=%5B%7B%22name%22:%22example.com%2Fquota%22%7D%5D");
  Deployment deployment("gated");
  ExpectTold(deployment, "example.com/quota");
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  webhook_->Remove();
  for (const json& pod : TheApi().List(deployment.Collection("pods"))) {
    TheApi().MergePatch(PodPath(deployment, pod), {{"spec", {{"schedulingGates", json::array()}}}});
  }
  const double healed = SecondsUntil("Ready", [&] { return deployment.Converged(); });
  Report("a webhook adds scheduling gates", per_minute, healed);
}

TEST_F(UnscheduledPods, TolerationsOfOthersAreNoDrift) {
  Mutate("tolerant", "/set-field/spec/tolerations/-=%7B%22operator%22:%22Exists%22%7D");
  RunMainJob("tolerant");
  EXPECT_GE(Calls(), 4);
}

}  // namespace
}  // namespace disagg::testing
