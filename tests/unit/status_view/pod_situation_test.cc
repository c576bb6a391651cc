#include "controllers/status_view/pod_situation.h"

#include <gtest/gtest.h>

#include <functional>

namespace disagg::status_view {
namespace {

constexpr std::int64_t kNow = 1'000'000;
constexpr std::int64_t kMinute = 60;

// Bound four minutes ago; its engine runs since three.
kube::Pod Loading() {
  kube::Pod pod;
  pod.meta.creation_time = kNow - 4 * kMinute;
  pod.node_name = "b200-1";
  pod.scheduled = true;
  pod.phase = kube::PodPhase::kRunning;
  pod.ready_since = kNow - 4 * kMinute;
  kube::ContainerState engine;
  engine.name = "engine";
  engine.running = true;
  engine.started_at = kNow - 3 * kMinute;
  pod.containers = {engine};
  return pod;
}

struct SituationCase {
  const char* sentence;
  std::function<void(kube::Pod&)> change;
  const char* state;
  const char* note;
};

void Stop(kube::ContainerState& container, const std::string& reason, const std::string& message) {
  container.running = false;
  container.waiting_reason = reason;
  container.waiting_message = message;
}

class Situations : public ::testing::TestWithParam<SituationCase> {};

TEST_P(Situations, AreToldInTheWordsOfProblems) {
  kube::Pod pod = Loading();
  GetParam().change(pod);
  const Situation situation = Judge(pod, {"loading weights", 3600}, kNow);
  EXPECT_EQ(situation.state, GetParam().state) << GetParam().sentence;
  EXPECT_EQ(situation.note, GetParam().note) << GetParam().sentence;
}

INSTANTIATE_TEST_SUITE_P(
    Pods, Situations,
    ::testing::Values(
        SituationCase{"an engine that runs and is not Ready loads", [](kube::Pod&) {}, "Starting",
                      "loading weights 3m of at most 60m"},
        SituationCase{"Ready needs no explanation", [](kube::Pod& pod) { pod.ready = true; },
                      "Ready", ""},
        SituationCase{"a pod without a verdict waits for the scheduler",
                      [](kube::Pod& pod) { pod.scheduled = false; }, "Pending",
                      "waits for the scheduler"},
        SituationCase{"a gated pod names its gates",
                      [](kube::Pod& pod) {
                        pod.scheduled = false;
                        pod.scheduling_gates = "example.com/quota";
                      },
                      "SchedulingGated", "waits for its scheduling gates: example.com/quota"},
        SituationCase{"the scheduler's verdict is kept",
                      [](kube::Pod& pod) {
                        pod.scheduled = false;
                        pod.unschedulable_message = "0/6 nodes are available";
                      },
                      "Unschedulable", "0/6 nodes are available"},
        SituationCase{"whoever was Ready and is no more does not load",
                      [](kube::Pod& pod) { pod.ready_since = kNow - kMinute; }, "NotReady",
                      "was Ready until 60s ago"},
        SituationCase{
            "an image that cannot be pulled",
            [](kube::Pod& pod) { Stop(pod.containers[0], "ErrImagePull", "unauthorized"); },
            "ImagePullFailed", "ErrImagePull: unauthorized"},
        SituationCase{"a container that is being made is no fault",
                      [](kube::Pod& pod) { Stop(pod.containers[0], "ContainerCreating", ""); },
                      "Starting", "pulls images or mounts volumes"},
        SituationCase{"a container that cannot be made is",
                      [](kube::Pod& pod) {
                        Stop(pod.containers[0], "CreateContainerConfigError", "no Secret x");
                      },
                      "CreateContainerConfigError", "no Secret x"},
        SituationCase{"an init container goes first",
                      [](kube::Pod& pod) {
                        Stop(pod.containers[0], "PodInitializing", "");
                        kube::ContainerState init;
                        init.name = "preflight";
                        init.init = init.running = true;
                        pod.containers.insert(pod.containers.begin(), init);
                      },
                      "Starting", "init container preflight"},
        SituationCase{"a crash loop says how the engine ended",
                      [](kube::Pod& pod) {
                        Stop(pod.containers[0], "CrashLoopBackOff", "back-off 5m0s");
                        pod.containers[0].restarts = 4;
                        pod.containers[0].last_exit_code = 1;
                        pod.containers[0].last_termination_message = "Traceback\nValueError: x";
                      },
                      "CrashLoop", "engine exited with exit code 1: ValueError: x"},
        SituationCase{"memory is told apart from other ends",
                      [](kube::Pod& pod) {
                        pod.containers[0].restarts = 1;
                        pod.containers[0].last_termination_reason = "OOMKilled";
                      },
                      "OOMKilled", "engine needs more memory than its limit"},
        SituationCase{"between an end and its restart",
                      [](kube::Pod& pod) {
                        pod.containers[0].running = false;
                        pod.containers[0].last_exit_code = 2;
                        pod.containers[0].last_finished_at = kNow - 1;
                      },
                      "Starting", "engine exited with exit code 2"},
        SituationCase{"a failed pod has the kubelet's reason",
                      [](kube::Pod& pod) {
                        pod.phase = kube::PodPhase::kFailed;
                        pod.reason = "Evicted";
                        pod.message = "The node was low on memory";
                      },
                      "Evicted", "The node was low on memory"},
        SituationCase{"a failed pod without reason has its exit code",
                      [](kube::Pod& pod) {
                        pod.phase = kube::PodPhase::kFailed;
                        pod.containers[0].last_exit_code = 70;
                      },
                      "Failed", "engine exited with exit code 70"},
        SituationCase{"a pod in its grace period drains",
                      [](kube::Pod& pod) { pod.meta.deletion_time = kNow + kMinute; },
                      "Terminating", "drains"},
        SituationCase{"a pod long after its grace period points at its node",
                      [](kube::Pod& pod) { pod.meta.deletion_time = kNow - 5 * kMinute; },
                      "Terminating", "5m over its grace period; does b200-1 answer?"}));

TEST(Restarts, AreThoseOfAllContainers) {
  kube::Pod pod = Loading();
  pod.containers.push_back(pod.containers[0]);
  pod.containers[0].restarts = 2;
  pod.containers[1].restarts = 1;
  EXPECT_EQ(Restarts(pod), 3);
}

}  // namespace
}  // namespace disagg::status_view
