#include "tests/unit/planning/world.h"

#include <algorithm>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "controllers/api/labels.h"
#include "controllers/planning/deployment_planner.h"
#include "operator/base/clock.h"
#include "operator/kube/decode.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

constexpr int kGraceSeconds = 73;
constexpr Stage kStages[] = {Stage::kRevision, Stage::kAccount, Stage::kDryRun,
                             Stage::kPods,     Stage::kServing, Stage::kGarbage};

std::string KeyOf(const kube::Resource& resource, const std::string& name) {
  return resource.kind + "/" + name;
}

// What the API server makes of a body that is created.
json Stored(json body, const std::string& uid, std::int64_t now) {
  body["metadata"]["uid"] = uid;
  body["metadata"]["resourceVersion"] = "1";
  body["metadata"]["creationTimestamp"] = base::FormatTime(now);
  return body;
}

template <typename T>
std::shared_ptr<T> Decode(const kube::Decoder& decoder, const json& object) {
  simdjson::dom::parser parser;
  const std::string text = object.dump();
  const simdjson::dom::element element = parser.parse(text);
  return std::make_shared<T>(static_cast<const T&>(*decoder(element).value()));
}

bool HasEnded(const kube::Pod& pod) {
  return pod.phase == kube::PodPhase::kFailed || pod.phase == kube::PodPhase::kSucceeded;
}

kube::ContainerState& Engine(kube::Pod& pod) {
  if (pod.containers.empty()) pod.containers.emplace_back().name = "engine";
  return pod.containers[0];
}

bool IsRefusal(const base::Error& error) {
  const bool refuses =
      error.code == base::ErrorCode::kInvalid || error.code == base::ErrorCode::kForbidden;
  return refuses && error.reason != "QuotaExceeded";
}

// True when the gate of a write lets it through.
bool IsOpen(const Write& write, const Outcome& outcome) {
  if (write.gate == Gate::kAlways) return true;
  if (write.gate == Gate::kIfAccepted) return outcome.refusal.empty();
  return !outcome.refusal.empty() && write.stage > Stage::kDryRun;
}

}  // namespace

base::Error Answer(base::ErrorCode code, const std::string& reason, const std::string& message) {
  return base::MakeError(code, reason, message);
}

std::vector<std::string> Pass::PodWrites() const {
  std::vector<std::string> found;
  for (const std::string& write : writes) {
    const bool pod = write.find("prefill-") != std::string::npos ||
                     write.find("decode-") != std::string::npos ||
                     write.find("aggregated-") != std::string::npos;
    if (pod) found.push_back(write);
  }
  return found;
}

World::World(const DeploymentBuilder& deployment) : deployment_(deployment.Value()) {
  SetModel(ModelBuilder().Alias("nvidia/MiniMax-M3-NVFP4"));
  SetClass(ClassBuilder());
  for (const char* name : {"b200-0", "b200-1", "b200-2"}) AddNode(name);
}

// -- the operator

Snapshot World::TakeSnapshot() const {
  Snapshot snapshot;
  snapshot.deployment = std::make_shared<const api::DisaggDeployment>(deployment_);
  snapshot.catalogue = catalogue_;
  for (const auto& pod : pods_) {
    snapshot.pods.push_back(std::make_shared<const kube::Pod>(*pod));
    const auto node = nodes_.find(pod->node_name);
    if (node != nodes_.end()) {
      snapshot.nodes[node->first] = std::make_shared<const kube::Node>(*node->second);
    }
  }
  snapshot.revisions = revisions_;
  for (const auto& [key, child] : children_) {
    if (child.first == kube::kDeployments) {
      auto router = std::make_shared<const kube::Deployment>(
          static_cast<const kube::Deployment&>(*child.second));
      snapshot.routers.push_back(router);
      snapshot.children.push_back({child.first, router});
    } else {
      snapshot.children.push_back(
          {child.first, std::make_shared<const kube::RawObject>(*child.second)});
    }
  }
  AddCapacity(snapshot);
  snapshot.now = now_;
  return snapshot;
}

// As the resolver does: only while somebody has to be told why a pod finds no node.
void World::AddCapacity(Snapshot& snapshot) const {
  const bool asked = std::any_of(pods_.begin(), pods_.end(), [](const auto& pod) {
    return !pod->scheduled && !pod->unschedulable_message.empty();
  });
  if (!asked) return;
  for (const auto& [name, node] : nodes_) {
    NodeCapacity capacity{std::make_shared<const kube::Node>(*node), {}};
    for (const auto& pod : pods_) {
      if (pod->node_name != name || HasEnded(*pod)) continue;
      for (const auto& [resource, count] : pod->extended_resources) {
        capacity.used[resource] += count;
      }
    }
    snapshot.capacity.push_back(std::move(capacity));
  }
}

Plan World::MakePlan(Snapshot& snapshot) const {
  constexpr int kMostRounds = 4;
  for (int round = 0; round < kMostRounds; ++round) {
    Plan plan = PlanDeployment(snapshot);
    if (plan.needs_payloads.empty()) return plan;
    for (const std::string& name : plan.needs_payloads) {
      EXPECT_TRUE(payloads_.contains(name)) << "asks for a revision that is not there: " << name;
      if (payloads_.contains(name)) snapshot.payloads[name] = payloads_.at(name);
    }
  }
  ADD_FAILURE() << "the plan asks for more and more revisions";
  return {};
}

Pass World::RunPass() {
  Pass pass;
  pass.before = TakeSnapshot();
  pass.plan = MakePlan(pass.before);
  if (deployment_.status.observed_generation < 0 && !pass.plan.writes.empty()) {
    deployment_.status = ReadStatus(PlanStatus(pass.before, pass.plan, {}).status);
    pass.before.deployment = std::make_shared<const api::DisaggDeployment>(deployment_);
  }
  Execute(pass);
  pass.status = PlanStatus(pass.before, pass.plan, pass.outcome);
  pass.status_written = pass.status.changed;
  if (pass.status.changed) deployment_.status = ReadStatus(pass.status.status);
  return pass;
}

void World::Execute(Pass& pass) {
  pass.outcome.executed = true;
  for (const Stage stage : kStages) {
    std::vector<const Write*> writes;
    for (const Write& write : pass.plan.writes) {
      if (write.stage == stage && IsOpen(write, pass.outcome)) writes.push_back(&write);
    }
    for (const Write* write : writes) {
      if (Carry(*write, pass) && write->verb != Verb::kDryRun) {
        pass.writes.push_back(Describe(*write));
      }
    }
    if (stage <= Stage::kDryRun && !pass.outcome.failed.empty()) return;
  }
}

bool World::Carry(const Write& write, Pass& pass) {
  auto error = fails(write);
  if (write.verb == Verb::kDryRun) {
    pass.asked.push_back(Describe(write));
    const std::string reason = refuses(write.body);
    if (!error && !reason.empty()) error = Answer(base::ErrorCode::kForbidden, "Forbidden", reason);
    if (error && IsRefusal(*error)) {
      if (pass.outcome.refusal.empty()) pass.outcome.refusal = error->message;
      return false;
    }
  }
  if (error) {
    pass.outcome.failed.push_back({&write, error});
    return false;
  }
  Apply(write);
  return true;
}

void World::Apply(const Write& write) {
  switch (write.verb) {
    case Verb::kDryRun:
      return;
    case Verb::kCreate:
      if (write.resource == kube::kPods) {
        CreatePod(write.body);
      } else if (write.resource == kube::kControllerRevisions) {
        StoreRevision(write.body);
      } else {
        PutChild(write);
      }
      return;
    case Verb::kApply:
      PutChild(write);
      return;
    case Verb::kDelete:
      EXPECT_TRUE(Delete(write)) << write.key.ToString() << " with uid " << write.uid
                                 << " does not exist: " << write.reason;
      return;
  }
}

void World::CreatePod(const json& body) {
  auto pod = Decode<kube::Pod>(kube::PodDecoder({}), Stored(body, NewUid(), now_));
  for (const auto& other : pods_) {
    EXPECT_NE(other->meta.name, pod->meta.name) << "a pod of this name exists";
  }
  pods_.push_back(std::move(pod));
}

void World::StoreRevision(const json& body) {
  auto revision = render::RevisionOf(body.dump());
  ASSERT_TRUE(revision) << body.dump();
  const std::string name = revision->identity.name;
  EXPECT_FALSE(payloads_.contains(name)) << "revision " << name << " is stored already";
  revisions_.push_back({revision->identity, NewUid(), revision->rendered.at("router").dump()});
  payloads_[name] = std::make_shared<const render::Revision>(std::move(*revision));
}

void World::PutChild(const Write& write) {
  const std::string key = KeyOf(write.resource, write.key.name);
  const auto before = children_.find(key);
  const bool exists = before != children_.end();
  EXPECT_EQ(write.uid, exists ? before->second.second->meta.uid : "") << key;
  const std::string uid = exists ? before->second.second->meta.uid : NewUid();
  const json object = Stored(write.body, uid, now_);
  if (!(write.resource == kube::kDeployments)) {
    children_[key] = {write.resource, Decode<kube::RawObject>(kube::RawDecoder(), object)};
    return;
  }
  auto router = Decode<kube::Deployment>(kube::DeploymentDecoder(), object);
  router->meta.generation = 1;
  if (exists) {
    const auto& old = static_cast<const kube::Deployment&>(*before->second.second);
    router->meta.generation = old.meta.generation + 1;
    router->observed_generation = old.observed_generation;
    router->ready = old.ready;
  }
  children_[key] = {write.resource, std::move(router)};
}

bool World::Delete(const Write& write) {
  if (write.resource == kube::kPods) return DeletePod(write);
  if (write.resource == kube::kControllerRevisions) {
    return std::erase_if(revisions_, [&](const StoredRevision& revision) {
             if (revision.uid != write.uid) return false;
             payloads_.erase(revision.identity.name);
             return true;
           }) == 1;
  }
  const auto child = children_.find(KeyOf(write.resource, write.key.name));
  if (child == children_.end() || child->second.second->meta.uid != write.uid) return false;
  children_.erase(child);
  return true;
}

bool World::DeletePod(const Write& write) {
  const auto found = std::find_if(pods_.begin(), pods_.end(),
                                  [&](const auto& pod) { return pod->meta.uid == write.uid; });
  if (found == pods_.end() || (*found)->meta.name != write.key.name) return false;
  if (write.grace_seconds) {
    EXPECT_EQ(*write.grace_seconds, 0);
    EXPECT_TRUE(IsDead(**found)) << write.key.name << " may still run";
    pods_.erase(found);
  } else if ((*found)->node_name.empty()) {
    pods_.erase(found);
  } else {
    EXPECT_FALSE((*found)->meta.deleting()) << write.key.name << " is being deleted already";
    (*found)->meta.deletion_time = now_ + kGraceSeconds;
  }
  return true;
}

Pass World::Settle(int limit) {
  for (int i = 0; i < limit; ++i) {
    Pass pass = RunPass();
    if (pass.writes.empty() && !pass.status_written && !pass.plan.wake_at) return pass;
    EverythingGoesWell();
    Advance(11);
  }
  ADD_FAILURE() << "does not settle";
  return RunPass();
}

// -- the user

void World::Edit(const std::function<void(api::DeploymentSpec&)>& change) {
  change(deployment_.spec);
  ++deployment_.meta.generation;
}

void World::Annotate(const std::string& key, const std::string& value) {
  deployment_.meta.annotations[key] = value;
}

void World::DeleteDeployment() { deployment_.meta.deletion_time = now_; }

void World::DeletePod(api::RoleName role, int replica) {
  At(role, replica).meta.deletion_time = now_ + kGraceSeconds;
}

void World::DeleteRevision(const std::string& name) {
  std::erase_if(revisions_, [&](const auto& revision) { return revision.identity.name == name; });
  payloads_.erase(name);
}

void World::DeleteChild(const std::string& kind_and_name) {
  EXPECT_EQ(children_.erase(kind_and_name), 1u) << kind_and_name;
}

void World::ChangeChild(const std::string& kind_and_name,
                        const std::function<void(json&)>& change) {
  kube::RawObject& object = *children_.at(kind_and_name).second;
  json body = json::parse(object.json);
  change(body);
  object.json = body.dump();
}

void World::RemoveRouters() {
  std::erase_if(children_, [](const auto& entry) { return entry.first.starts_with("Deployment/"); });
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

void World::MakePodsReady() {
  for (const auto& pod : pods_) {
    const auto node = nodes_.find(pod->node_name);
    const bool can = node != nodes_.end() && node->second->ready && !IsDead(*pod);
    if (!can || pod->ready || pod->phase != kube::PodPhase::kRunning) continue;
    pod->ready = true;
    pod->ready_since = now_;
  }
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
  for (auto& [key, child] : children_) {
    if (!(child.first == kube::kDeployments)) continue;
    auto& router = static_cast<kube::Deployment&>(*child.second);
    const std::string& contract = router.meta.label(api::kLabelContract);
    std::set<std::string> wanted, serving;
    for (const StoredRevision& revision : revisions_) {
      if (revision.identity.contract != contract) continue;
      for (const auto& [role, identity] : revision.identity.roles) {
        wanted.insert(std::string(api::ToString(role)));
      }
    }
    for (const auto& pod : pods_) {
      const bool serves = pod->ready && !pod->meta.deleting() &&
                          pod->meta.label(api::kLabelContract) == contract;
      if (serves) serving.insert(pod->meta.label(api::kLabelRole));
    }
    router.observed_generation = router.meta.generation;
    router.ready = !wanted.empty() && wanted == serving ? router.desired : 0;
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

bool World::Has(api::RoleName role, int replica) const {
  return std::any_of(pods_.begin(), pods_.end(), [&](const auto& pod) {
    return pod->meta.label(api::kLabelRole) == api::ToString(role) &&
           pod->meta.label(api::kLabelReplica) == std::to_string(replica);
  });
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

void World::Fail(api::RoleName role, int replica, const std::string& reason) {
  kube::Pod& pod = At(role, replica);
  pod.phase = kube::PodPhase::kFailed;
  pod.ready = false;
  pod.reason = reason;
  Engine(pod).running = false;
  Engine(pod).last_finished_at = now_;
}

// -- what there is

std::vector<std::string> World::Children() const {
  std::vector<std::string> names;
  for (const auto& [key, child] : children_) names.push_back(key);
  return names;
}

json World::ChildJson(const std::string& kind_and_name) const {
  return json::parse(children_.at(kind_and_name).second->json);
}

json World::Status() const {
  return deployment_.status.json.empty() ? json::object() : json::parse(deployment_.status.json);
}

}  // namespace disagg::planning
