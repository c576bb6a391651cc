#include "tests/unit/planning/world.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "controllers/planning/deployment_planner.h"
#include "controllers/planning/node_bans.h"
#include "operator/base/clock.h"
#include "operator/kube/decode.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

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

bool IsRefusal(const base::Error& error) {
  return error.code == base::ErrorCode::kInvalid || error.code == base::ErrorCode::kDenied;
}

}  // namespace

bool HasEnded(const kube::Pod& pod) {
  return pod.phase == kube::PodPhase::kFailed || pod.phase == kube::PodPhase::kSucceeded;
}

base::Error Answer(base::ErrorCode code, const std::string& reason, const std::string& message) {
  return base::MakeError(code, reason, message);
}

std::vector<std::string> Pass::WorkerWrites() const {
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
  for (const StoredRevision& revision : revisions_) {
    const auto damaged = damaged_.find(revision.identity.name);
    if (damaged == damaged_.end()) {
      snapshot.revisions.push_back(revision);
    } else {
      snapshot.damaged.push_back(damaged->second);
    }
  }
  for (const auto& [key, child] : children_) {
    snapshot.children.push_back(
        {child.first, std::make_shared<const kube::RawObject>(*child.second)});
  }
  AddCapacity(snapshot);
  snapshot.leftovers = leftovers;
  snapshot.troubles = troubles;
  for (const auto& [name, node] : nodes_) {
    if (!node->ready) snapshot.not_ready_seen[name] = node->ready_changed_at;
  }
  snapshot.now = now_;
  return snapshot;
}

// As the resolver does: only while somebody has to be told why a pod finds no node.
void World::AddCapacity(Snapshot& snapshot) const {
  const bool asked = std::any_of(pods_.begin(), pods_.end(), [](const auto& pod) {
    return (!pod->scheduled && !pod->unschedulable_message.empty()) || IsNodesFault(*pod);
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
    if (plan.needs_payloads.empty() || !payloads_readable) return plan;
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
  slots_.Recall(pass.before);
  pass.plan = MakePlan(pass.before);
  if (deployment_.status.observed_generation < 0 && !pass.plan.writes.empty()) {
    deployment_.status = ReadStatus(PlanStatus(pass.before, pass.plan, {}).status);
    pass.before.deployment = std::make_shared<const api::DisaggDeployment>(deployment_);
  }
  Execute(pass);
  slots_.Note(pass.before, pass.plan, pass.outcome);
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
    if (!pass.outcome.stands()) return;
  }
}

bool World::Carry(const Write& write, Pass& pass) {
  auto error = fails(write);
  if (write.verb == Verb::kDryRun) {
    pass.asked.push_back(Describe(write));
    const std::string reason = refuses(write.body);
    if (!error && !reason.empty()) error = Answer(base::ErrorCode::kDenied, "Forbidden", reason);
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
    case Verb::kMergePatch:
      Patch(write);
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
  if (damaged_.erase(name) > 0) return;  // the executor gives it its metadata back
  EXPECT_FALSE(payloads_.contains(name)) << "revision " << name << " is stored already";
  revisions_.push_back({revision->identity, NewUid()});
  payloads_[name] = std::make_shared<const render::Revision>(std::move(*revision));
}

void World::PutChild(const Write& write) {
  const std::string key = KeyOf(write.resource, write.key.name);
  const auto before = children_.find(key);
  const bool exists = before != children_.end();
  EXPECT_EQ(write.uid, exists ? before->second.second->meta.uid : "") << key;
  const std::string uid = exists ? before->second.second->meta.uid : NewUid();
  children_[key] = {write.resource,
                    Decode<kube::RawObject>(kube::RawDecoder({}), Stored(write.body, uid, now_))};
}

void World::Patch(const Write& write) {
  for (const auto& pod : pods_) {
    if (pod->meta.uid != write.uid) continue;
    for (const auto& [key, value] : write.body.at("metadata").at("labels").items()) {
      pod->meta.labels.Set(key, value.get<std::string>());
    }
    return;
  }
  const bool revision = std::erase_if(damaged_, [&](const auto& damaged) {
                          return damaged.second.uid == write.uid;
                        }) > 0;
  if (revision) return;
  const auto child = children_.find(KeyOf(write.resource, write.key.name));
  ASSERT_TRUE(child != children_.end()) << write.key.ToString();
  kube::RawObject& object = *child->second.second;
  ASSERT_EQ(object.meta.uid, write.uid);
  json body = json::parse(object.json.Unpack());
  body.merge_patch(write.body);
  object.json = kube::TextPacker().Pack(body.dump());
}

bool World::Delete(const Write& write) {
  const auto same = [&](const Leftover& leftover) { return leftover.uid == write.uid; };
  if (std::erase_if(leftovers, same) > 0) return true;
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

// -- what there is

std::vector<std::string> World::Children() const {
  std::vector<std::string> names;
  for (const auto& [key, child] : children_) names.push_back(key);
  return names;
}

json World::Status() const {
  return deployment_.status.json.empty() ? json::object()
                                         : json::parse(deployment_.status.json.Unpack());
}

}  // namespace disagg::planning
