#include "controllers/planning/children_planner.h"

#include <algorithm>
#include <set>

#include "controllers/planning/role_policy.h"
#include "controllers/render/foreign_fields.h"
#include "controllers/render/objects.h"
#include "controllers/render/subset.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

class ChildrenPlanner {
 public:
  ChildrenPlanner(const Snapshot& snapshot, const ChildrenGoal& goal)
      : snapshot_(snapshot), goal_(goal), deployment_(*snapshot.deployment) {}

  std::vector<Write> Run() {
    Accounts();
    Want(kube::kServices, Stage::kServing, render::RenderWorkersService(deployment_));
    Want(kube::kServices, Stage::kServing, render::RenderClientService(deployment_));
    Peers();
    Budgets();
    DeleteUnwanted();
    return std::move(writes_);
  }

 private:
  void Accounts() {
    if (!deployment_.spec.service_account_name.empty()) {
      if (goal_.keep_accounts) KeepAll({kube::kServiceAccounts, kube::kRoleBindings});
      return;
    }
    WantOnce(kube::kServiceAccounts, Stage::kAccount, render::RenderServiceAccount(deployment_));
    Want(kube::kRoleBindings, Stage::kAccount, render::RenderRoleBinding(deployment_));
  }

  void KeepAll(const std::vector<kube::Resource>& resources) {
    for (const Child& child : snapshot_.children) {
      if (std::find(resources.begin(), resources.end(), child.resource) == resources.end()) {
        continue;
      }
      wanted_.insert({child.resource.ToString(), child.object->meta.name});
    }
  }

  int RanksOf(api::RoleName role) const {
    const auto ranks = goal_.ranks.find(role);
    return ranks == goal_.ranks.end() ? 1 : ranks->second;
  }

  int DrainingOf(api::RoleName role) const {
    const auto draining = goal_.draining.find(role);
    return draining == goal_.draining.end() ? 0 : draining->second;
  }

  void Peers() {
    const bool wanted = std::any_of(goal_.ranks.begin(), goal_.ranks.end(),
                                    [](const auto& role) { return role.second > 1; });
    if (!wanted) return;
    Want(kube::kServices, Stage::kServing, render::RenderPeersService(deployment_));
  }

  // Of pods: whoever evicts one rank takes its whole replica, so only as many pods may go as
  // replicas. The API server counts followers of a draining leader as healthy; they are no reason
  // to let others go.
  void Budgets() {
    const auto policy = deployment_.spec.disruption;
    if (policy == api::DisruptionPolicy::kNone) return;
    const int spare = policy == api::DisruptionPolicy::kOneGroup ? 1 : 0;
    for (const auto& [role, desired] : goal_.desired) {
      // One that forbids nothing would only be an object more.
      if (desired < PolicyOf(role).budget_from || desired <= spare) continue;
      Want(kube::kPodDisruptionBudgets, Stage::kServing,
           render::RenderBudget(deployment_, role,
                                desired * RanksOf(role) - spare + DrainingOf(role)));
    }
  }

  const Child* Find(const kube::Resource& resource, const std::string& name) const {
    for (const Child& child : snapshot_.children) {
      if (child.resource == resource && child.object->meta.name == name) return &child;
    }
    return nullptr;
  }

  Write Prepare(const kube::Resource& resource, Stage stage, json body) {
    Write write;
    write.stage = stage;
    write.resource = resource;
    write.key = {deployment_.meta.namespace_name,
                 body.at("metadata").at("name").get<std::string>()};
    write.body = std::move(body);
    wanted_.insert({resource.ToString(), write.key.name});
    return write;
  }

  // For objects that are applied for life: others may own fields of them.
  void Want(const kube::Resource& resource, Stage stage, json body) {
    Write write = Prepare(resource, stage, std::move(body));
    if (IsLeftover(write)) return;
    const Child* child = Find(resource, write.key.name);
    if (child != nullptr) {
      // Created anew once it is gone; what cannot be read is not known to differ.
      if (child->object->meta.deleting() || !child->object->meta.decode_error.empty()) return;
      if (goal_.heal_only) return;
      const json observed = json::parse(child->object->json.Unpack(), nullptr, false);
      RemoveForeign(write, *child, observed);
      if (render::IsSubset(write.body, observed)) return;
      write.uid = child->object->meta.uid;
    }
    write.verb = Verb::kApply;
    write.reason =
        (child == nullptr ? "create " : "update ") + resource.kind + " " + write.key.name;
    writes_.push_back(std::move(write));
  }

  // An apply leaves the fields of others alone. Those that keep requests from reaching a worker are
  // taken away.
  void RemoveForeign(const Write& wanted, const Child& child, const json& observed) {
    json patch = render::ForeignFields(wanted.resource, wanted.body, observed);
    if (patch.empty()) return;
    Write write = wanted;
    write.verb = Verb::kMergePatch;
    write.uid = child.object->meta.uid;
    write.reason = "remove foreign fields of " + wanted.resource.kind + " " + wanted.key.name +
                   ": " + patch.dump();
    write.body = std::move(patch);
    writes_.push_back(std::move(write));
  }

  // For objects that are posted once and never changed.
  void WantOnce(const kube::Resource& resource, Stage stage, json body) {
    Write write = Prepare(resource, stage, std::move(body));
    if (IsLeftover(write) || Find(resource, write.key.name) != nullptr) return;
    write.verb = Verb::kCreate;
    write.reason = "create " + resource.kind + " " + write.key.name;
    writes_.push_back(std::move(write));
  }

  // Of an earlier deployment of this name: created once it is gone.
  bool IsLeftover(const Write& write) const {
    return std::any_of(
        snapshot_.leftovers.begin(), snapshot_.leftovers.end(), [&](const Leftover& leftover) {
          return leftover.resource == write.resource && leftover.name == write.key.name;
        });
  }

  void DeleteUnwanted() {
    if (goal_.heal_only) return;
    for (const Child& child : snapshot_.children) {
      const kube::ObjectMeta& meta = child.object->meta;
      if (meta.deleting() || wanted_.contains({child.resource.ToString(), meta.name})) continue;
      Write write;
      write.verb = Verb::kDelete;
      write.stage = Stage::kGarbage;
      write.resource = child.resource;
      write.key = meta.key();
      write.uid = meta.uid;
      write.reason = child.resource.kind + " " + meta.name + " is not wanted any more";
      writes_.push_back(std::move(write));
    }
  }

  const Snapshot& snapshot_;
  const ChildrenGoal& goal_;
  const api::DisaggDeployment& deployment_;
  std::set<std::pair<std::string, std::string>> wanted_;
  std::vector<Write> writes_;
};

}  // namespace

std::vector<Write> PlanChildren(const Snapshot& snapshot, const ChildrenGoal& goal) {
  return ChildrenPlanner(snapshot, goal).Run();
}

std::vector<Write> PlanHistory(const Snapshot& snapshot, const std::set<std::string>& keep) {
  std::vector<const StoredRevision*> old;
  for (const StoredRevision& revision : snapshot.revisions) {
    if (!keep.contains(revision.identity.name)) old.push_back(&revision);
  }
  std::sort(old.begin(), old.end(), [](const StoredRevision* a, const StoredRevision* b) {
    return std::tie(a->identity.number, a->identity.name) >
           std::tie(b->identity.number, b->identity.name);
  });
  std::vector<Write> writes;
  const auto limit =
      static_cast<std::size_t>(std::max(0, snapshot.deployment->spec.revision_history_limit));
  for (std::size_t i = limit; i < old.size(); ++i) {
    Write write;
    write.verb = Verb::kDelete;
    write.stage = Stage::kGarbage;
    write.resource = kube::kControllerRevisions;
    write.key = {snapshot.deployment->meta.namespace_name,
                 render::RevisionName(snapshot.deployment->meta.name, old[i]->identity.name)};
    write.uid = old[i]->uid;
    write.reason = "revision " + old[i]->identity.name + " is beyond rollout.revisionHistoryLimit";
    writes.push_back(std::move(write));
  }
  return writes;
}

}  // namespace disagg::planning
