// What users and the cluster do in a world between two passes.

#include <algorithm>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/world.h"

namespace disagg::planning {
namespace {

kube::ContainerState& Engine(kube::Pod& pod) {
  if (pod.containers.empty()) pod.containers.emplace_back().name = "engine";
  return pod.containers[0];
}

bool IsRouter(const kube::Pod& pod) {
  return pod.meta.label(api::kLabelRole) == api::ToString(kRouter);
}

}  // namespace

// -- the user

void World::Edit(const std::function<void(api::DeploymentSpec&)>& change) {
  change(deployment_.spec);
  ++deployment_.meta.generation;
}

void World::Annotate(const std::string& key, const std::string& value) {
  deployment_.meta.annotations.Set(key, value);
}

void World::DeleteDeployment() { deployment_.meta.deletion_time = now_; }

void World::DeletePod(api::RoleName role, int replica) {
  At(role, replica).meta.deletion_time = now_ + kGraceSeconds;
  At(role, replica).meta.deletion_grace = kGraceSeconds;
}

void World::DeleteRevision(const std::string& name) {
  std::erase_if(revisions_, [&](const auto& revision) { return revision.identity.name == name; });
  payloads_.erase(name);
  damaged_.erase(name);
}

void World::DamageRevision(const std::string& name,
                           const std::map<std::string, std::string>& lost) {
  for (const StoredRevision& revision : revisions_) {
    if (revision.identity.name != name) continue;
    damaged_[name] = {name, revision.uid, "it lacks disagg.dev/roles", lost};
  }
  EXPECT_TRUE(damaged_.contains(name));
}

void World::DeleteChild(const std::string& kind_and_name) {
  EXPECT_EQ(children_.erase(kind_and_name), 1u) << kind_and_name;
}

void World::RemoveRouters() {
  std::erase_if(pods_, [](const auto& pod) { return IsRouter(*pod); });
}

void World::RemovePod(api::RoleName role, int replica, int rank) {
  const auto removed = std::erase_if(pods_, [&](const auto& pod) {
    return pod->meta.label(api::kLabelRole) == api::ToString(role) &&
           pod->meta.label(api::kLabelReplica) == std::to_string(replica) &&
           pod->meta.label(api::kLabelRank) == std::to_string(rank);
  });
  EXPECT_EQ(removed, 1u);
}

void World::SetModel(const ModelBuilder& model) { catalogue_.models = {model.Build()}; }
void World::SetClass(const ClassBuilder& type) { catalogue_.classes = {type.Build()}; }

// -- the cluster

void World::BindAndStart() {
  std::vector<std::string> usable;
  for (const auto& [name, node] : nodes_) {
    if (node->ready && node->taints.empty()) usable.push_back(name);
  }
  if (usable.empty()) return;
  std::size_t next = 0;
  for (const auto& pod : pods_) {
    if (HasEnded(*pod) || pod->meta.deleting()) continue;
    if (pod->node_name.empty()) pod->node_name = usable[next++ % usable.size()];
    pod->scheduled = true;
    if (pod->phase == kube::PodPhase::kRunning || IsDead(*pod)) continue;
    pod->phase = kube::PodPhase::kRunning;
    Engine(*pod).running = true;
    Engine(*pod).started_at = now_;
    pod->ready_since = now_;
  }
}

bool World::CanBeReady(const kube::Pod& pod) const {
  const auto node = nodes_.find(pod.node_name);
  const bool reachable = node != nodes_.end() && node->second->ready && !IsDead(pod);
  return reachable && pod.phase == kube::PodPhase::kRunning;
}

void World::MakePodsReady() {
  for (const auto& pod : pods_) {
    if (IsRouter(*pod) || pod->ready || !CanBeReady(*pod)) continue;
    pod->ready = true;
    pod->ready_since = now_;
  }
}

bool World::DeletePod(const Write& write) {
  const auto found = std::find_if(pods_.begin(), pods_.end(),
                                  [&](const auto& pod) { return pod->meta.uid == write.uid; });
  if (found == pods_.end() || (*found)->meta.name != write.key.name) return false;
  if (write.grace_seconds) {
    EXPECT_EQ(*write.grace_seconds, 0);
    EXPECT_EQ(write.because_absent.has_value(), !nodes_.contains((*found)->node_name));
    EXPECT_TRUE(IsDead(**found)) << write.key.name << " may still run";
    pods_.erase(found);
  } else if ((*found)->node_name.empty()) {
    pods_.erase(found);
  } else {
    EXPECT_FALSE((*found)->meta.deleting()) << write.key.name << " is being deleted already";
    (*found)->meta.deletion_time = now_ + kGraceSeconds;
    (*found)->meta.deletion_grace = kGraceSeconds;
  }
  return true;
}

bool World::IsDead(const kube::Pod& pod) const {
  if (pod.node_name.empty()) return false;
  const auto node = nodes_.find(pod.node_name);
  return node == nodes_.end() || !node->second->taints.empty();
}

bool World::CanEnd(const kube::Pod& pod) const {
  const auto node = nodes_.find(pod.node_name);
  return pod.node_name.empty() || (node != nodes_.end() && node->second->ready);
}

// Pod garbage collection does for pods of lost nodes what the kubelet cannot.
void World::EndTerminating() {
  std::erase_if(pods_, [&](const auto& pod) {
    const bool orphan = !pod->node_name.empty() && !nodes_.contains(pod->node_name);
    return orphan || (pod->meta.deleting() && CanEnd(*pod));
  });
}

void World::UpdateRouters() {
  for (const auto& router : pods_) {
    if (!IsRouter(*router) || !CanBeReady(*router)) continue;
    const std::string& contract = router->meta.label(api::kLabelContract);
    std::set<std::string> wanted, serving;
    for (const StoredRevision& revision : revisions_) {
      if (revision.identity.contract != contract) continue;
      for (const auto& [role, identity] : revision.identity.roles) {
        if (api::IsWorker(role)) wanted.insert(std::string(api::ToString(role)));
      }
    }
    for (const auto& pod : pods_) {
      const bool serves = !IsRouter(*pod) && pod->ready && !pod->meta.deleting() &&
                          pod->meta.label(api::kLabelContract) == contract;
      if (serves) serving.insert(pod->meta.label(api::kLabelRole));
    }
    const bool ready = !wanted.empty() && wanted == serving;
    if (router->ready != ready) router->ready_since = now_;
    router->ready = ready;
  }
}

void World::EverythingGoesWell() {
  EndTerminating();
  BindAndStart();
  MakePodsReady();
  UpdateRouters();
}

void World::AddNode(const std::string& name) {
  nodes_[name] = std::make_shared<kube::Node>(*NodeBuilder(name).Build());
}

void World::LoseNode(const std::string& name) { nodes_.erase(name); }

void World::SetNodeReady(const std::string& name, bool ready) {
  kube::Node& node = *nodes_.at(name);
  if (node.ready == ready) return;
  node.ready = ready;
  node.ready_changed_at = now_;
  for (const auto& pod : pods_) {
    if (pod->node_name != name || ready || !pod->ready) continue;
    pod->ready = false;
    pod->ready_since = now_;
  }
}

void World::PutOutOfService(const std::string& name) {
  SetNodeReady(name, false);
  nodes_.at(name)->taints.push_back({"node.kubernetes.io/out-of-service", "", "NoExecute"});
}

void World::Occupy(const std::string& node, std::int64_t gpus) {
  nodes_.at(node)->allocatable["nvidia.com/gpu"] -= gpus;
}

kube::Pod& World::At(api::RoleName role, int replica) {
  kube::Pod* newest = nullptr;
  const auto incarnation = [](const kube::Pod& pod) {
    return std::stoi(pod.meta.label(api::kLabelIncarnation));
  };
  for (const auto& pod : pods_) {
    const bool of_slot = pod->meta.label(api::kLabelRole) == api::ToString(role) &&
                         pod->meta.label(api::kLabelReplica) == std::to_string(replica);
    if (of_slot && (newest == nullptr || incarnation(*pod) > incarnation(*newest))) {
      newest = pod.get();
    }
  }
  if (newest == nullptr) throw std::out_of_range("no pod in this slot");
  return *newest;
}

void World::SetReady(api::RoleName role, int replica, bool ready) {
  kube::Pod& pod = At(role, replica);
  pod.ready = ready;
  pod.ready_since = now_;
}

void World::MakeUnreadable(api::RoleName role, int replica) {
  kube::Pod& pod = At(role, replica);
  const kube::ObjectMeta meta = pod.meta;
  pod = {};
  pod.meta = meta;
  pod.meta.decode_error = kube::InternedString("field \"status\" cannot be read: too deep");
}

void World::Fail(api::RoleName role, int replica, const std::string& reason) {
  kube::Pod& pod = At(role, replica);
  pod.phase = kube::PodPhase::kFailed;
  pod.ready = false;
  pod.reason = reason;
  Engine(pod).running = false;
  Engine(pod).last_started_at = Engine(pod).started_at;
  Engine(pod).last_finished_at = now_;
}

}  // namespace disagg::planning
