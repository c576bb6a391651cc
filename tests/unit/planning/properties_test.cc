// Random schedules of whole deployments: the user edits, pods fail, nodes go, the cluster refuses,
// writes are lost. After every pass what must never happen has not happened, and in the end, left
// in peace, it all converges. What is within one role is in removal_properties_test.cc.

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <tuple>

#include <gmock/gmock.h>

#include "controllers/api/labels.h"
#include "controllers/planning/group_state.h"
#include "controllers/planning/removal.h"
#include "controllers/planning/role_counts.h"
#include "controllers/planning/role_policy.h"
#include "tests/unit/planning/scenarios.h"

namespace disagg::planning {
namespace {

using ::testing::IsEmpty;

constexpr int kSeeds = 100;
constexpr int kSteps = 70;

// -- what must hold after every pass

// The writes about pods that this pass wanted carried out, whether or not the API server did.
struct PodWrites {
  std::vector<const Write*> creates;
  std::set<std::string> deleted;  // uids

  explicit PodWrites(const Pass& pass) {
    for (const Write& write : pass.plan.writes) {
      if (!(write.resource == kube::kPods) || !IsOpen(write, pass.outcome)) continue;
      if (write.verb == Verb::kCreate) creates.push_back(&write);
      if (write.verb == Verb::kDelete) deleted.insert(write.uid);
    }
  }
};

std::string LabelOf(const Write& create, const char* label) {
  return create.body.at("metadata").at("labels").at(label);
}

bool MayRun(const PodState& state) {
  return state.alive() || state.life == Life::kEnding || state.crash_looping;
}

// Of routers those of one contract: both contracts have their own while one replaces the other.
void CheckSlots(const Pass& pass, const std::vector<PodState>& states, const PodWrites& writes) {
  std::map<std::tuple<std::string, std::string, std::string>, int> slots;
  std::map<std::pair<std::string, std::string>, int> roles;
  for (const PodState& state : states) {
    if (!state.alive() || writes.deleted.contains(state.pod->meta.uid)) continue;
    const std::string role(api::ToString(state.role));
    ++slots[{role, std::to_string(state.replica), state.contract}];
    ++roles[{role, state.contract}];
  }
  const auto kept = roles;
  for (const Write* create : writes.creates) {
    const std::string role = LabelOf(*create, api::kLabelRole);
    const std::string contract = LabelOf(*create, api::kLabelContract);
    const api::RoleName name = *api::ParseRoleName(role);
    const int in_slot = ++slots[{role, LabelOf(*create, api::kLabelReplica), contract}];
    EXPECT_LE(in_slot, 1 + PolicyOf(name).surge) << create->key.name << " is not alone in its slot";
    const auto& desired = pass.outcome.accepted() ? pass.plan.desired : pass.plan.accepted_desired;
    const auto before = kept.find({role, contract});
    const int ceiling = desired.at(name) + PolicyOf(name).surge;
    const int of_role = ++roles[{role, contract}];
    EXPECT_LE(of_role, std::max(ceiling, before == kept.end() ? 0 : before->second))
        << role << " is above its ceiling";
  }
}

// No two pods with one name, whatever becomes of the one that is there.
void CheckNames(const Pass& pass, const PodWrites& writes) {
  std::set<std::string> names;
  for (const auto& pod : pass.before.pods) names.insert(pod->meta.name);
  for (const Write* create : writes.creates) {
    EXPECT_TRUE(names.insert(create->key.name).second) << create->key.name << " exists";
  }
}

// By our own doing no role of the target has fewer ready groups than its floor.
void CheckFloors(const Pass& pass, const std::vector<PodState>& states, const PodWrites& writes) {
  const auto& target = pass.outcome.accepted() ? pass.plan.target : pass.plan.accepted;
  if (!target) return;
  const auto& desired = pass.outcome.accepted() ? pass.plan.desired : pass.plan.accepted_desired;
  for (const auto& [role, wanted] : desired) {
    int ready = 0, kept = 0;
    for (const GroupState& group : FoldGroups(states)) {
      if (group.role != role || group.contract() != target->contract || !group.ready) continue;
      ++ready;
      kept += writes.deleted.contains(group.ranks.front().pod->meta.uid) ? 0 : 1;
    }
    const RolePolicy& policy = PolicyOf(role);
    const Limits limits =
        LimitsOf(wanted, MinReady(*pass.before.deployment, role), policy.unavailable, policy.surge);
    EXPECT_GE(kept, std::min(ready, limits.floor)) << api::ToString(role) << " is below its floor";
  }
}

void CheckContracts(const std::vector<PodState>& states, const PodWrites& writes) {
  for (const Write* create : writes.creates) {
    if (LabelOf(*create, api::kLabelRole) == api::ToString(kRouter)) continue;
    const std::string contract = LabelOf(*create, api::kLabelContract);
    for (const PodState& state : states) {
      EXPECT_FALSE(MayRun(state) && state.contract != contract && state.role != kRouter)
          << create->key.name << " is made while " << state.pod->meta.name << " may run";
    }
  }
}

void CheckDeletes(const Pass& pass, const PodWrites& writes) {
  std::set<std::string> known;
  for (const auto& pod : pass.before.pods) known.insert(pod->meta.uid);
  for (const std::string& uid : writes.deleted) EXPECT_TRUE(known.contains(uid)) << uid;
  for (const Write& write : pass.plan.writes) {
    if (write.verb != Verb::kDelete) continue;
    EXPECT_FALSE(write.uid.empty()) << write.key.name << " is deleted whatever it is by then";
    EXPECT_FALSE(write.reason.empty()) << write.key.name << " is deleted for no reason";
  }
}

// A contract that can serve: its router, and every role of one of the two shapes.
bool CanServe(const std::vector<PodState>& states) {
  std::map<std::string, std::set<api::RoleName>> ready;
  for (const PodState& state : states) {
    if (state.ready()) ready[state.contract].insert(state.role);
  }
  return std::any_of(ready.begin(), ready.end(), [](const auto& contract) {
    const auto& roles = contract.second;
    const bool pair = roles.contains(kPrefill) && roles.contains(kDecode);
    return roles.contains(kRouter) && (pair || roles.contains(kAggregated));
  });
}

// What a spec allows a role to hold, accepted or not.
int MostWanted(const api::DeploymentSpec& spec, api::RoleName role) {
  if (spec.suspend) return 0;
  if (role == kRouter) return spec.router.replicas;
  const auto wanted = spec.roles.find(role);
  return wanted == spec.roles.end() ? 1000 : wanted->second.replicas;
}

void CheckStatus(const Pass& pass, const std::vector<PodState>& states) {
  if (pass.status.ready) {
    EXPECT_TRUE(CanServe(states));
  }
  const api::StatusView before = pass.before.deployment->status;
  const api::StatusView after = ReadStatus(pass.status.status);
  const kube::ObjectMeta& meta = pass.before.deployment->meta;
  const bool acted = !pass.plan.paused || meta.deleting();
  EXPECT_EQ(after.observed_generation,
            acted ? meta.generation : std::max<std::int64_t>(0, before.observed_generation));
  const bool accepted = pass.plan.errors.empty() && pass.outcome.accepted() && !pass.plan.paused;
  if (accepted || before.target_revision.empty() || !pass.plan.accepted) return;
  for (const auto& [role, identity] : pass.plan.accepted->roles) {
    if (!before.desired.contains(role)) continue;
    const int told = before.desired.at(role);
    const int most = pass.plan.paused ? told : MostWanted(pass.before.deployment->spec, role);
    EXPECT_EQ(after.desired.at(role), std::min(told, most))
        << "nothing was accepted, but that fewer are wanted";
  }
}

void CheckPaused(const Pass& pass) {
  const kube::ObjectMeta& meta = pass.before.deployment->meta;
  if (meta.deleting() || meta.annotation(api::kAnnotationReconcile) == "disabled") {
    EXPECT_THAT(pass.plan.writes, IsEmpty());
  }
}

void Check(const Pass& pass) {
  const auto states = ClassifyPods(pass.before);
  const PodWrites writes(pass);
  CheckSlots(pass, states, writes);
  CheckNames(pass, writes);
  CheckFloors(pass, states, writes);
  CheckContracts(states, writes);
  CheckDeletes(pass, writes);
  CheckStatus(pass, states);
  CheckPaused(pass);
}

// -- what happens in between

class Player {
 public:
  explicit Player(std::uint32_t seed) : random_(seed) { world_.Settle(); }

  void Step() {
    for (int i = Below(3); i >= 0; --i) Act();
    if (OneIn(4)) LoseWrites();
    Check(world_.RunPass());
    world_.fails = Accept;
    if (OneIn(3)) CheckQuiet();
  }

  // Left alone, every world converges.
  void Rest() {
    MendEverything();
    const Pass last = world_.Settle(150);
    Check(last);
    EXPECT_THAT(last.plan.writes, IsEmpty());
    EXPECT_TRUE(last.status.ready);
    auto desired = static_cast<std::size_t>(world_.deployment().spec.router.replicas);
    for (const auto& [role, spec] : world_.deployment().spec.roles) {
      desired += static_cast<std::size_t>(spec.replicas);
    }
    EXPECT_EQ(world_.pods().size(), desired);
    EXPECT_EQ(world_.deployment().status.current_revision,
              world_.deployment().status.target_revision);
    EXPECT_EQ(world_.Condition("Reconciling"), nullptr);
    EXPECT_EQ(world_.Condition("Stalled"), nullptr);
  }

 private:
  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  bool OneIn(int chances) { return Below(chances) == 0; }

  void Act() {
    using Action = void (Player::*)();
    static constexpr Action kActions[] = {
        &Player::EditReplicas, &Player::EditRole, &Player::EditContract, &Player::EditOther,
        &Player::EditShape,    &Player::Mistype,  &Player::TogglePause,  &Player::ToggleRefusal,
        &Player::HarmPod,      &Player::HarmPod,  &Player::HarmNode,     &Player::HarmChildren,
        &Player::ChangeInputs, &Player::GoOn,     &Player::GoOn,         &Player::GoOn,
        &Player::GoOn,         &Player::PassTime};
    (this->*kActions[Below(std::size(kActions))])();
  }

  // Without a change or a failure, a few passes bring every pass to an end.
  void CheckQuiet() {
    for (int i = 0; i < 6; ++i) {
      const Pass pass = world_.RunPass();
      Check(pass);
      if (pass.writes.empty() && !pass.status_written) return;
    }
    ADD_FAILURE() << "writes again and again";
  }

  void EditReplicas() {
    world_.Edit([&](auto& spec) {
      for (auto& [role, value] : spec.roles) value.replicas = 1 + Below(4);
    });
  }

  void EditRole() {
    world_.Edit([&](auto& spec) {
      auto& role = OneIn(2) ? spec.roles.begin()->second : spec.roles.rbegin()->second;
      role.args["max-num-seqs"] = Text(std::to_string(8 << Below(3)));
    });
  }

  void EditContract() {
    world_.Edit(
        [&](auto& spec) { spec.image = "vllm/vllm-openai:" + std::to_string(1 + Below(3)); });
  }

  void EditOther() {
    world_.Edit([&](auto& spec) {
      spec.suspend = OneIn(4);
      spec.restart_token = std::to_string(Below(2));
      spec.router.replicas = 1 + Below(3);
      spec.router.image = OneIn(2) ? "" : "router:" + std::to_string(Below(2));
      spec.router.service_type = OneIn(2) ? "ClusterIP" : "LoadBalancer";
      spec.service_account_name = OneIn(3) ? "mine" : "";
      spec.disruption = OneIn(2) ? api::DisruptionPolicy::kOneGroup : api::DisruptionPolicy::kNone;
      spec.revision_history_limit = Below(3);
    });
  }

  void EditShape() {
    if (!OneIn(2)) return;
    world_.Edit([&](auto& spec) {
      DeploymentBuilder shape;
      if (!spec.roles.contains(kAggregated)) shape.Aggregated(1 + Below(3));
      spec.roles = shape.spec().roles;
    });
  }

  void Mistype() {
    world_.Edit([&](auto& spec) {
      spec.model_ref = OneIn(3) ? "nvidia/MiniMax-M3-NVPF4" : "nvidia/MiniMax-M3-NVFP4";
    });
  }

  void TogglePause() { world_.Annotate(api::kAnnotationReconcile, OneIn(3) ? "disabled" : ""); }

  void ToggleRefusal() {
    const bool on = OneIn(3);
    world_.refuses = [on](const auto&) { return on ? "denied by policy" : ""; };
  }

  void HarmPod() {
    if (world_.pods().empty()) return;
    kube::Pod& pod =
        *world_.pods()[static_cast<std::size_t>(Below(static_cast<int>(world_.pods().size())))];
    switch (Below(5)) {
      case 0:
        pod.meta.deletion_time = world_.now() + kGraceSeconds;
        pod.meta.deletion_grace = kGraceSeconds;
        return;
      case 1:
        pod.phase = kube::PodPhase::kFailed;
        pod.ready = false;
        return;
      case 2:
        pod.ready = !pod.ready && pod.phase == kube::PodPhase::kRunning;
        pod.ready_since = world_.now();
        return;
      case 3:
        CrashLoop(pod);
        return;
      case 4:
        pod.meta.labels.Erase(OneIn(2) ? api::kLabelReplica : api::kLabelDeployment);
        return;
    }
  }

  void CrashLoop(kube::Pod& pod) {
    if (pod.phase != kube::PodPhase::kRunning || pod.containers.empty()) return;
    pod.ready = false;
    pod.ready_since = world_.now();
    pod.meta.creation_time = world_.now() - 300;
    pod.containers[0].running = false;
    pod.containers[0].restarts = 5;
    pod.containers[0].waiting_reason = "CrashLoopBackOff";
    pod.containers[0].last_started_at = world_.now() - 20;
    pod.containers[0].last_finished_at = world_.now();
  }

  void HarmNode() {
    if (world_.nodes().size() < 3) world_.AddNode("b200-" + std::to_string(++last_node_));
    auto node = world_.nodes().begin();
    std::advance(node, Below(static_cast<int>(world_.nodes().size())));
    const std::string name = node->first;
    switch (Below(4)) {
      case 0:
        world_.LoseNode(name);
        return;
      case 1:
        world_.PutOutOfService(name);
        return;
      default:
        world_.SetNodeReady(name, OneIn(2));
        return;
    }
  }

  void HarmChildren() {
    const std::vector<std::string> children = world_.Children();
    switch (Below(5)) {
      case 0:
        world_.LoseStatus();
        return;
      case 1:
        if (!world_.revisions().empty() && OneIn(3)) {
          world_.DeleteRevision(world_.revisions().back().identity.name);
        }
        return;
      default:
        if (children.empty()) return;
        world_.DeleteChild(
            children[static_cast<std::size_t>(Below(static_cast<int>(children.size())))]);
        return;
    }
  }

  void ChangeInputs() {
    const std::string value = std::to_string(Below(2));
    if (OneIn(2)) {
      world_.SetClass(ClassBuilder().Env("NCCL_DEBUG", value));
    } else {
      world_.SetModel(ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4").Revision(value));
    }
  }

  void GoOn() {
    if (!OneIn(3)) world_.EndTerminating();
    if (!OneIn(3)) world_.BindAndStart();
    if (!OneIn(3)) world_.MakePodsReady();
    if (!OneIn(3)) world_.UpdateRouters();
    world_.Advance(Below(30));
  }

  void PassTime() { world_.Advance(Below(700)); }

  void LoseWrites() {
    const auto code = OneIn(2) ? base::ErrorCode::kTimeout : base::ErrorCode::kForbidden;
    const std::string reason = code == base::ErrorCode::kTimeout ? "Timeout" : "QuotaExceeded";
    world_.fails = [this, code, reason](const Write&) -> std::optional<base::Error> {
      if (!OneIn(3)) return std::nullopt;
      return Answer(code, reason, "lost");
    };
  }

  void MendEverything() {
    for (const auto& [name, node] : std::map(world_.nodes())) world_.LoseNode(name);
    for (int i = 0; i < 3; ++i) world_.AddNode("sound-" + std::to_string(i));
    world_.refuses = [](const auto&) { return ""; };
    world_.Annotate(api::kAnnotationReconcile, "");
    world_.Edit([](auto& spec) {
      spec.model_ref = "nvidia/MiniMax-M3-NVFP4";
      spec.suspend = false;
      spec.restart_token = "rested";  // a person's answer to what was in trouble
    });
  }

  World world_;
  std::mt19937 random_;
  int last_node_ = 10;
};

TEST(Properties, HoldInEverySchedule) {
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Player player(seed);
    for (int step = 0; step < kSteps; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      player.Step();
      if (::testing::Test::HasFailure()) return;
    }
    player.Rest();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace disagg::planning
