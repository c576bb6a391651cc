// The same name again, and drift of what is ours.

#include <algorithm>
#include <memory>
#include <ostream>
#include <thread>

#include "tests/integration/hostile/scene.h"
#include "tests/support/nodes.h"

namespace disagg::testing {
namespace {

class SameName : public Scene {
 protected:
  static Answer CreateAgain(const Deployment& deployment, json spec) {
    return TheApi().Create(
        deployment.Collection("disaggdeployments"),
        {{"apiVersion", "disagg.dev/v1alpha1"},
         {"kind", "DisaggDeployment"},
         {"metadata", {{"name", deployment.name()}, {"namespace", deployment.namespace_name()}}},
         {"spec", std::move(spec)}});
  }

  // The one command, as a person copies it.
  static std::string CommandIn(const json& status) {
    for (const json& problem : status.value("problems", json::array())) {
      const std::string message = problem.value("message", "");
      const std::size_t start = message.find("kubectl delete");
      if (start == std::string::npos) continue;
      std::string command = message.substr(start);
      command.resize(std::min(command.size(), command.find_first_of("`\n\";,")));
      while (!command.empty() && (command.back() == '.' || command.back() == ' '))
        command.pop_back();
      return command;
    }
    return "false  # no problem names a command";
  }
};

TEST_F(SameName, ADeploymentThatIsAppliedAgainWhileOldPodsDrainStarts) {
  AddNode("b200-drained");
  auto others_are_closed = std::make_unique<Cordon>(B200Nodes(kB200Nodes));
  Deployment deployment(
      "again", {{"prefill", {{"replicas", 1}}}, {"decode", {{"parallelism", {{"data", 1}}}}}});
  ASSERT_TRUE(deployment.WaitReady());
  others_are_closed.reset();
  const json old = deployment.Object();
  const json draining = deployment.Pods("prefill").at(0);
  ASSERT_EQ(draining["spec"]["nodeName"], "b200-drained");
  const std::string path = PodPath(deployment, draining);
  // No kubelet is left that could end the pod.
  TheApi().MergePatch(path, {{"metadata", {{"finalizers", {"test.disagg.dev/drain"}}}}});
  TheApi().Delete(NodePath("b200-drained"));
  TheApi().Delete(deployment.path());
  ASSERT_TRUE(Eventually("the old one is gone", seconds(20),
                         [&] { return TheApi().Get(deployment.path()).status == 404; }));
  ASSERT_TRUE(CreateAgain(deployment, old["spec"]).ok());
  bool conflict = false;
  const double healed = SecondsUntil("the new one is Ready", [&] {
    conflict |= Told(deployment).find("NameConflict") != std::string::npos;
    return deployment.Converged();
  });
  EXPECT_TRUE(TheApi().Get(path).ok()) << "the old pod was to drain all the time";
  EXPECT_FALSE(conflict) << "an object of an earlier owner of the name is no stranger's";
  TheApi().MergePatch(path, {{"metadata", {{"finalizers", nullptr}}}});
  Report("applied again while an old pod drains", 0, healed);
}

// While this lives nothing collects garbage.
class PausedControllerManager {
 public:
  PausedControllerManager() { Ctl("pause"); }
  ~PausedControllerManager() { Ctl("resume"); }
  PausedControllerManager(const PausedControllerManager&) = delete;
  PausedControllerManager& operator=(const PausedControllerManager&) = delete;

 private:
  static void Ctl(const std::string& verb) {
    const CommandResult done = ChartEnvironment::cluster().Ctl({verb, "kube-controller-manager"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
  }
};

// Its name may be another pod's by now.
bool IsThere(const json& object, const std::string& path) {
  const Answer answer = TheApi().Get(path);
  return answer.ok() && answer.body["metadata"]["uid"] == object["metadata"]["uid"];
}

TEST_F(SameName, WhatTheGarbageCollectorLeavesIsDeletedAfterTenSeconds) {
  Deployment deployment("uncollected");
  ASSERT_TRUE(deployment.WaitReady());
  const json old = deployment.Object();
  const json worker = deployment.Pods("decode").at(0);
  const std::string old_pod = PodPath(deployment, worker);
  double healed = 0;
  {
    const PausedControllerManager paused;
    TheApi().Delete(deployment.path());
    ASSERT_EQ(TheApi().Get(deployment.path()).status, 404);
    ASSERT_TRUE(CreateAgain(deployment, old["spec"]).ok());
    std::this_thread::sleep_for(seconds(5));
    EXPECT_FALSE(TheApi().Get(old_pod).body["metadata"].contains("deletionTimestamp"))
        << "for 10 s it is the garbage collector's";
    ExpectTold(deployment, "WaitingForDeletion");
    healed = SecondsUntil("the new one is Ready", [&] { return deployment.Converged(); });
    EXPECT_TRUE(
        Eventually("no GPU is held any more", kHealed, [&] { return !IsThere(worker, old_pod); }));
  }
  Report("applied again while nothing collects garbage", 0, healed);
}

TEST_F(SameName, AfterAnOrphaningDeleteOneMessageSaysWhatToRun) {
  Deployment deployment("orphan");
  ASSERT_TRUE(deployment.WaitReady());
  const json old = deployment.Object();
  TheApi().Delete(deployment.path(), -1, "Orphan");
  ASSERT_TRUE(Eventually("the old one is gone", seconds(30),
                         [&] { return TheApi().Get(deployment.path()).status == 404; }));
  ASSERT_EQ(TheApi().List(deployment.Collection("pods")).size(), 4u) << "3 workers and a router";
  ASSERT_TRUE(CreateAgain(deployment, old["spec"]).ok());
  ExpectTold(deployment, "kubectl delete");
  const std::string told = Told(deployment);
  for (const char* kind : {"pod", "service", "poddisruptionbudget"}) {
    EXPECT_NE(told.find(kind), std::string::npos) << kind << " is not listed: " << told;
  }
  EXPECT_EQ(TheApi().List(deployment.Collection("pods")).size(), 4u) << "nothing is adopted";
  const int per_minute = RequestsPerMinute();
  EXPECT_LE(per_minute, kMostPerMinute);
  const std::string command = CommandIn(deployment.Status());
  const CommandResult ran =
      RunCommand({"/bin/sh", "-c", "PATH=\"$(dirname \"$1\"):$PATH\" KUBECONFIG=\"$2\" " + command,
                  "sh", ClusterTool("kubectl"), ChartEnvironment::cluster().kubeconfig()});
  EXPECT_EQ(ran.exit_code, 0) << command << "\n" << ran.err;
  const double healed = SecondsUntil("Ready", [&] { return deployment.Converged(); });
  Report("objects of a deployment deleted with --cascade=orphan", per_minute, healed);
}

struct Drift {
  const char* name;
  const char* resource;
  const char* suffix;  // of the object's name, after the deployment's
  json patch;
};

std::ostream& operator<<(std::ostream& out, const Drift& drift) { return out << drift.name; }

class OwnFields : public Scene, public ::testing::WithParamInterface<Drift> {};

// Every field that decides whether requests reach a worker.
TEST_P(OwnFields, AreRestored) {
  Deployment deployment(std::string("drift-") + GetParam().resource);
  ASSERT_TRUE(deployment.WaitReady());
  const std::string path =
      deployment.Collection(GetParam().resource) + "/" + deployment.name() + GetParam().suffix;
  const json before = TheApi().Get(path).body["spec"];
  ASSERT_TRUE(TheApi().MergePatch(path, GetParam().patch).ok());
  ASSERT_NE(TheApi().Get(path).body["spec"], before) << "the patch changes nothing";
  const double healed = SecondsUntil("the spec is ours again",
                                     [&] { return TheApi().Get(path).body["spec"] == before; });
  EXPECT_TRUE(deployment.WaitReady(kHealed));
  const int per_minute = RequestsPerMinute(seconds(10));
  EXPECT_LE(per_minute, kMostPerMinute);
  Report(std::string("drift: ") + GetParam().name, per_minute, healed);
}

INSTANTIATE_TEST_SUITE_P(
    Drift, OwnFields,
    ::testing::Values(Drift{"ForeignSelectorKey",
                            "services",
                            "",
                            {{"spec", {{"selector", {{"color", "blue"}}}}}}},
                      Drift{"ChangedSelector",
                            "services",
                            "-workers",
                            {{"spec", {{"selector", {{"disagg.dev/role", "nobody"}}}}}}}),
    [](const auto& test) { return std::string(test.param.name); });

// What others add beside our fields stays.
TEST_F(SameName, AnAnnotationOfSomebodyElseStays) {
  Deployment deployment("beside");
  ASSERT_TRUE(deployment.WaitReady());
  const std::string path = deployment.Collection("services") + "/beside";
  TheApi().MergePatch(path, {{"metadata", {{"annotations", {{"team", "platform"}}}}}});
  TheApi().MergePatch(path, {{"spec", {{"selector", {{"color", "blue"}}}}}});
  EXPECT_TRUE(Eventually("the selector is ours again", kHealed, [&] {
    return !TheApi().Get(path).body["spec"]["selector"].contains("color");
  }));
  EXPECT_EQ(TheApi().Get(path).body["metadata"]["annotations"]["team"], "platform");
}

}  // namespace
}  // namespace disagg::testing
