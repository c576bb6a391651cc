// What kstatus reads of a status: "Current" exactly when what runs is what the spec says, "Failed"
// exactly when a person has to act.

#include <functional>

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

// The rules of sigs.k8s.io/cli-utils/pkg/kstatus for a kind that it does not know.
std::string Kstatus(const World& world) {
  if (world.deployment().meta.deleting()) return "Terminating";
  if (world.deployment().status.observed_generation != world.deployment().meta.generation) {
    return "InProgress";
  }
  for (const api::Condition& condition : world.deployment().status.conditions) {
    if (condition.status != "True") continue;
    if (condition.type == "Reconciling") return "InProgress";
    if (condition.type == "Stalled") return "Failed";
  }
  const api::Condition* ready = world.Condition("Ready");
  return ready == nullptr || ready->status == "True" ? "Current" : "InProgress";
}

struct Judgement {
  const char* sentence;
  std::function<void(World&)> happens;  // to a deployment that serves
  const char* kstatus;
};

void RunAndStart(World& world) {
  world.RunPass();
  world.EndTerminating();
  world.RunPass();
  world.BindAndStart();
  world.RunPass();
}

const Judgement kJudgements[] = {
    {"it serves", [](World& world) { world.RunPass(); }, "Current"},
    {"two more replicas run and are not ready",
     [](World& world) {
       world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 4; });
       RunAndStart(world);
     },
     "InProgress"},
    {"two more replicas are ready",
     [](World& world) {
       world.Edit([](auto& spec) { spec.roles[kPrefill].replicas = 4; });
       world.Settle();
     },
     "Current"},
    {"a change is taken back while one pod of it serves",
     [](World& world) {
       const api::DeploymentSpec before = world.deployment().spec;
       world.Edit(ChangePrefill);
       RunAndStart(world);
       world.MakePodsReady();
       world.Edit([&](auto& spec) { spec = before; });
       world.RunPass();
     },
     "InProgress"},
    {"a change is taken back, and all of it is gone",
     [](World& world) {
       const api::DeploymentSpec before = world.deployment().spec;
       world.Edit(ChangePrefill);
       RunAndStart(world);
       world.MakePodsReady();
       world.Edit([&](auto& spec) { spec = before; });
       world.Settle();
     },
     "Current"},
    {"the router's template changed, and only its old pod is ready",
     [](World& world) {
       world.Edit([](auto& spec) { spec.router.args["router-mode"] = Text("random"); });
       world.RunPass();
       world.BindAndStart();
       world.RunPass();
     },
     "InProgress"},
    {"the router's template changed, its new pod is ready, and the old one still terminates",
     [](World& world) {
       world.Edit([](auto& spec) { spec.router.args["router-mode"] = Text("random"); });
       world.RunPass();
       world.BindAndStart();
       world.UpdateRouters();
       world.RunPass();
       world.RunPass();
     },
     "InProgress"},
    {"the router's template changed, and only its new pod is there",
     [](World& world) {
       world.Edit([](auto& spec) { spec.router.args["router-mode"] = Text("random"); });
       world.Settle();
     },
     "Current"},
    {"a router's pod is not ready while another is",
     [](World& world) {
       world.Edit([](auto& spec) { spec.router.replicas = 2; });
       world.Settle();
       world.SetReady(kRouter, 1, false);
       world.RunPass();
     },
     "InProgress"},
    {"it is suspended, and its pods still terminate",
     [](World& world) {
       world.Edit(Suspend);
       world.RunPass();
       world.RunPass();
     },
     "InProgress"},
    {"it is suspended, and nothing runs",
     [](World& world) {
       world.Edit(Suspend);
       world.Settle();
     },
     "Current"},
    {"a revision cannot be stored",
     [](World& world) {
       world.fails = [](const Write& write) -> std::optional<base::Error> {
         if (write.stage != Stage::kRevision) return std::nullopt;
         return Answer(base::ErrorCode::kUnavailable, "InternalError", "request is too large");
       };
       world.Edit(ChangePrefill);
       world.RunPass();
     },
     "InProgress"},
    {"a pod died and is replaced",
     [](World& world) {
       world.DeletePod(kDecode, 0);
       world.RunPass();
     },
     "InProgress"},
    {"a Service cannot be written for a moment",
     [](World& world) {
       world.DeleteChild("Service/minimax-m3");
       world.fails = [](const Write&) {
         return Answer(base::ErrorCode::kTimeout, "Timeout", "no answer");
       };
       world.RunPass();
     },
     "InProgress"},
    {"it is paused as it is",
     [](World& world) {
       world.Annotate(api::kAnnotationReconcile, "disabled");
       world.RunPass();
     },
     "Current"},
    {"it is paused and then changed",
     [](World& world) {
       world.Annotate(api::kAnnotationReconcile, "disabled");
       world.RunPass();
       world.Edit(ChangePrefill);
       world.RunPass();
       world.RunPass();
     },
     "InProgress"},
    {"its model is mistyped", [](World& world) { MistypeForLong(world), world.RunPass(); },
     "Failed"},
    {"its model may follow in the same apply",
     [](World& world) {
       world.Edit(MistypeModel);
       world.RunPass();
     },
     "InProgress"},
    {"the cluster refuses its pods",
     [](World& world) {
       world.refuses = RefuseAll;
       world.Edit(ChangeImage);
       world.RunPass();
     },
     "Failed"},
};

TEST(Current, IsWhatRunsAsTheSpecSays) {
  for (const Judgement& judgement : kJudgements) {
    SCOPED_TRACE(judgement.sentence);
    World world = Running();
    judgement.happens(world);
    EXPECT_EQ(Kstatus(world), judgement.kstatus) << world.Status().dump(1);
  }
}

TEST(FullyAvailable, IsFalseWhileARevisionIsNotStored) {
  World world = Running();
  world.fails = [](const Write& write) -> std::optional<base::Error> {
    if (write.stage != Stage::kRevision) return std::nullopt;
    return Answer(base::ErrorCode::kUnavailable, "InternalError", "request is too large");
  };
  world.Edit(ChangePrefill);
  world.RunPass();
  EXPECT_EQ(ConditionOf(world, "FullyAvailable"), "False RevisionNotStored");
}

TEST(Updated, CountsReadyReplicasOnly) {
  World world = Running();
  world.SetReady(kPrefill, 0, false);
  world.RunPass();
  EXPECT_EQ(RoleStatus(world, "prefill").at("created"), 2);
  EXPECT_EQ(RoleStatus(world, "prefill").at("updated"), 1);
}

TEST(Suspended, SaysHowManyPodsStillRun) {
  World world = Running();
  world.Edit(Suspend);
  world.RunPass();
  EXPECT_EQ(MessageOf(world, "Ready"),
            "spec.suspend is true: 4 pods still to terminate; requests are refused");
}

TEST(Paused, DoesNotClaimToHaveActedOnAChange) {
  World world = Running();
  world.Annotate(api::kAnnotationReconcile, "disabled");
  world.Edit(ChangePrefill);
  world.RunPass();
  EXPECT_EQ(world.deployment().status.observed_generation, 1);
  EXPECT_EQ(MessageOf(world, "Reconciling"),
            "generation 2 of the spec is not acted upon: paused by the annotation "
            "disagg.dev/reconcile=disabled");
}

}  // namespace
}  // namespace disagg::planning
