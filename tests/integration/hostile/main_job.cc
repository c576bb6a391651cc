#include "tests/integration/hostile/main_job.h"

#include "tests/integration/hostile/scene.h"

namespace disagg::testing {
namespace {

class MainJob {
 public:
  MainJob(const std::string& name, seconds step, const json& spec)
      : step_(step), deployment_(name, spec) {}

  void Run() {
    Expect("created", 4);
    deployment_.Patch({{"prefill", {{"replicas", 3}}}});
    Expect("scaled up", 5);
    deployment_.Patch({{"prefill", {{"replicas", 2}}}});
    Expect("scaled down", 4);
    Change();
    LoseAPod();
    deployment_.Patch({{"suspend", true}});
    EXPECT_TRUE(Eventually("suspended: no pod is left", step_, [&] { return Pods() == 0; }))
        << Told(deployment_);
    deployment_.Patch({{"suspend", false}});
    Expect("resumed", 4);
    Delete();
  }

 private:
  std::size_t Pods() const { return OwnedPods(deployment_).size(); }

  void Expect(const std::string& what, std::size_t pods) {
    EXPECT_TRUE(Eventually(what + ": " + std::to_string(pods) + " pods and Ready", step_, [&] {
      return Pods() == pods && deployment_.Converged();
    })) << Told(deployment_);
  }

  void Change() {
    const json before = deployment_.Status().value("currentRevision", "");
    deployment_.Patch({{"decode", {{"args", {{"max-num-seqs", 96}}}}}});
    EXPECT_TRUE(Eventually("changed: another revision, 4 pods", step_, [&] {
      return deployment_.Converged() && Pods() == 4 &&
             deployment_.Status().value("currentRevision", "") != before;
    })) << Told(deployment_);
  }

  void LoseAPod() {
    const std::vector<json> pods = OwnedPods(deployment_);
    if (pods.empty()) return;
    const json& victim = pods.front()["metadata"];
    TheApi().Delete(deployment_.Collection("pods") + "/" + victim["name"].get<std::string>());
    EXPECT_TRUE(Eventually("a lost pod is replaced", step_, [&] {
      const auto now = OwnedPods(deployment_);
      return now.size() == 4 && !Uids(now).contains(victim["uid"].get<std::string>()) &&
             deployment_.Converged();
    })) << Told(deployment_);
  }

  void Delete() {
    TheApi().Delete(deployment_.path());
    EXPECT_TRUE(Eventually("deleted: nothing is left", step_, [&] {
      for (const char* resource : {"pods", "services", "serviceaccounts", "controllerrevisions",
                                   "rolebindings", "poddisruptionbudgets"}) {
        if (!Owned(deployment_, resource).empty()) return false;
      }
      return TheApi().Get(deployment_.path()).status == 404;
    }));
  }

  const seconds step_;
  const Deployment deployment_;
};

}  // namespace

void RunMainJob(const std::string& name, seconds step, const json& spec) {
  SCOPED_TRACE("the main job as " + name);
  MainJob(name, step, spec).Run();
}

}  // namespace disagg::testing
