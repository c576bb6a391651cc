#include "controllers/status_view/pod_situation.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/status_view/facts.h"

namespace disagg::status_view {
namespace {

constexpr std::int64_t kNow = 1'000'000;
constexpr std::int64_t kMinute = 60;

// Bound four minutes ago; its engine runs since three.
kube::Pod Loading() {
  kube::Pod pod;
  pod.meta.name = "tiny-decode-w7c3h5dn-0-1";
  pod.meta.namespace_name = "serving";
  pod.meta.labels.Set(api::kLabelDeployment, "tiny");
  pod.meta.labels.Set(api::kLabelDiscovery, api::kDiscoveryEnabled);
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

// On a node that is Ready.
planning::Snapshot SnapshotWith(const kube::Pod& pod) {
  auto deployment = std::make_shared<api::DisaggDeployment>();
  deployment->meta.name = "tiny";
  auto node = std::make_shared<kube::Node>();
  node->meta.name = pod.node_name;
  node->ready = true;
  Facts facts;
  facts.deployment = std::move(deployment);
  facts.pods = {{std::make_shared<const kube::Pod>(pod)}};
  facts.nodes = {{{pod.node_name, std::move(node)}}};
  facts.now = kNow;
  return SnapshotOf(facts);
}

Situation SituationIn(const planning::Snapshot& snapshot) {
  const auto states = planning::ClassifyPods(snapshot);
  return states.size() == 1 ? Judge(states[0], snapshot, {"loading weights", 3600}) : Situation();
}

struct SituationCase {
  const char* sentence;
  std::function<void(kube::Pod&)> change;
  const char* state;
  const char* note;
};

// A failure begins with the sentence.
std::ostream& operator<<(std::ostream& out, const SituationCase& c) { return out << c.sentence; }

void Stop(kube::ContainerState& container, const std::string& reason, const std::string& message) {
  container.running = false;
  container.waiting_reason = reason;
  container.waiting_message = message;
}

class Situations : public ::testing::TestWithParam<SituationCase> {};

TEST_P(Situations, AreToldInTheWordsOfProblems) {
  kube::Pod pod = Loading();
  GetParam().change(pod);
  const Situation situation = SituationIn(SnapshotWith(pod));
  EXPECT_EQ(situation.state, GetParam().state);
  EXPECT_EQ(situation.note, GetParam().note);
}

INSTANTIATE_TEST_SUITE_P(
    Pods, Situations,
    ::testing::Values(
        SituationCase{"an engine that runs and is not Ready loads", [](kube::Pod&) {}, "Starting",
                      "loading weights 3m of at most 60m"},
        SituationCase{"Ready needs no explanation", [](kube::Pod& pod) { pod.ready = true; },
                      "Ready", ""},
        SituationCase{"a pod without a verdict waits for the scheduler",
                      [](kube::Pod& pod) {
                        pod.scheduled = false;
                        pod.meta.creation_time = kNow - 20;
                      },
                      "Pending", "waits for the scheduler"},
        SituationCase{"a scheduler that says nothing is asked for",
                      [](kube::Pod& pod) { pod.scheduled = false; }, "SchedulerSilent",
                      "no scheduler has looked at decode-0 since 1970-01-12T13:42:40Z: does "
                      "scheduler \"default-scheduler\" run?"},
        SituationCase{
            "a gated pod names its gates",
            [](kube::Pod& pod) {
              pod.scheduled = false;
              pod.scheduling_gates = "example.com/quota";
            },
            "SchedulingGated",
            "waits for its scheduling gates: example.com/quota; whoever added them has to remove "
            "them"},
        SituationCase{"the scheduler's verdict is kept",
                      [](kube::Pod& pod) {
                        pod.scheduled = false;
                        pod.unschedulable_message = "0/6 nodes are available";
                      },
                      "Unschedulable", "finds no node: 0/6 nodes are available"},
        SituationCase{"whoever was Ready and is no more does not load",
                      [](kube::Pod& pod) { pod.ready_since = kNow - kMinute; }, "NotReady",
                      "was Ready until 60s ago"},
        SituationCase{
            "an image that cannot be pulled",
            [](kube::Pod& pod) { Stop(pod.containers[0], "ErrImagePull", "unauthorized"); },
            "ImagePullFailed",
            "ErrImagePull: unauthorized; check spec.container.image and imagePullSecrets"},
        SituationCase{"a container that is being made is no fault",
                      [](kube::Pod& pod) { Stop(pod.containers[0], "ContainerCreating", ""); },
                      "Starting", "pulls images or mounts volumes"},
        SituationCase{"a container that cannot be made is",
                      [](kube::Pod& pod) {
                        Stop(pod.containers[0], "CreateContainerConfigError", "no Secret x");
                      },
                      "CreateContainerConfigError",
                      "no Secret x; create it in namespace serving, or correct env and envFrom"},
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
                        pod.containers[0].last_termination_reason = "Error";
                        pod.containers[0].last_exit_code = 1;
                        pod.containers[0].last_termination_message = "Traceback\nValueError: x";
                      },
                      "CrashLoop",
                      "engine exited 4 times, last with exit code 1: ValueError: x; kubectl logs "
                      "--previous tiny-decode-w7c3h5dn-0-1 -n serving"},
        SituationCase{"memory is told apart from other ends",
                      [](kube::Pod& pod) {
                        pod.containers[0].restarts = 1;
                        pod.containers[0].last_termination_reason = "OOMKilled";
                        pod.containers[0].last_exit_code = 137;
                      },
                      "OOMKilled",
                      "engine exited once with exit code 137; raise spec.decode.resources.memory"},
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
                      "Evicted", "failed: Evicted: The node was low on memory"},
        SituationCase{"a failed pod without reason has its exit code",
                      [](kube::Pod& pod) {
                        pod.phase = kube::PodPhase::kFailed;
                        pod.containers[0].last_exit_code = 70;
                      },
                      "PodFailed", "failed: Error: engine exited with exit code 70"},
        SituationCase{"a pod in its grace period drains",
                      [](kube::Pod& pod) { pod.meta.deletion_time = kNow + kMinute; },
                      "Terminating", "drains"},
        SituationCase{"a pod long after its grace period points at its node",
                      [](kube::Pod& pod) { pod.meta.deletion_time = kNow - 5 * kMinute; },
                      "StuckTerminating",
                      "pod tiny-decode-w7c3h5dn-0-1 on node b200-1 is still there, though it had "
                      "to end by 1970-01-12T13:41:40Z: the kubelet of that node does not end it; "
                      "check the node; if it never comes back: kubectl delete pod "
                      "tiny-decode-w7c3h5dn-0-1 -n serving --grace-period=0 --force"},
        SituationCase{"a pod without the labels by which requests find it",
                      [](kube::Pod& pod) {
                        pod.ready = true;
                        pod.meta.labels.Erase(api::kLabelDiscovery);
                      },
                      "NotRoutable",
                      "runs, but requests do not find it without its labels; kubectl label pod "
                      "tiny-decode-w7c3h5dn-0-1 -n serving --overwrite disagg.dev/deployment=tiny "
                      "disagg.dev/discovery=enabled, or delete it"}));

// Without the right to read nodes nothing is known of them.
TEST(SituationsOfNodes, AreThoseThatTheOperatorSees) {
  planning::Snapshot snapshot = SnapshotWith(Loading());
  snapshot.nodes.clear();
  EXPECT_EQ(SituationIn(snapshot).state, "NodeLost");
  EXPECT_EQ(SituationIn(snapshot).note, "node b200-1 is gone; the operator replaces decode-0");
  snapshot.not_live["nodes"] = "not read";
  EXPECT_EQ(SituationIn(snapshot).state, "Starting");
}

TEST(Restarts, AreThoseOfAllContainers) {
  kube::Pod pod = Loading();
  pod.containers.push_back(pod.containers[0]);
  pod.containers[0].restarts = 2;
  pod.containers[1].restarts = 1;
  EXPECT_EQ(Restarts(pod), 3);
}

}  // namespace
}  // namespace disagg::status_view
