#pragma once

// What a snapshot is made of, built in one line each. Defaults are the seed's deployment: 2 prefill
// of 2 GPUs and 1 decode of 8 on class b200.

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/planning/plan.h"
#include "controllers/planning/snapshot.h"

namespace disagg::planning {

inline constexpr std::int64_t kNow = 1'795'514'400;  // 2026-11-24T10:00:00Z
inline constexpr api::RoleName kPrefill = api::RoleName::kPrefill;
inline constexpr api::RoleName kDecode = api::RoleName::kDecode;
inline constexpr api::RoleName kAggregated = api::RoleName::kAggregated;
inline constexpr api::RoleName kRouter = api::RoleName::kRouter;

api::ArgValue Text(const std::string& text);

class DeploymentBuilder {
 public:
  DeploymentBuilder();

  DeploymentBuilder& Replicas(api::RoleName role, int replicas);
  // One aggregated role instead of the two.
  DeploymentBuilder& Aggregated(int replicas);
  DeploymentBuilder& Generation(std::int64_t generation);
  DeploymentBuilder& CreatedAt(std::int64_t time);
  DeploymentBuilder& Annotation(const std::string& key, const std::string& value);
  // As the API server would have it.
  DeploymentBuilder& Status(const nlohmann::json& status);

  api::DeploymentSpec& spec() { return deployment_.spec; }
  api::DisaggDeployment Value() const { return deployment_; }
  std::shared_ptr<const api::DisaggDeployment> Build() const;

 private:
  api::DisaggDeployment deployment_;
};

// What the operator reads back of a status that it wrote.
api::StatusView ReadStatus(const nlohmann::json& status);

class ModelBuilder {
 public:
  explicit ModelBuilder(const std::string& name = "minimax-m3-nvfp4");

  ModelBuilder& Alias(const std::string& alias);
  ModelBuilder& CreatedAt(std::int64_t time);
  ModelBuilder& Revision(const std::string& revision);
  ModelBuilder& Conditions(const std::vector<api::Condition>& conditions);

  api::ServingModel Value() const { return model_; }
  std::shared_ptr<const api::ServingModel> Build() const;

 private:
  api::ServingModel model_;
};

class ClassBuilder {
 public:
  explicit ClassBuilder(const std::string& name = "b200");

  ClassBuilder& GpusPerNode(int gpus);
  ClassBuilder& Env(const std::string& name, const std::string& value);

  std::shared_ptr<const api::AcceleratorClass> Build() const;

 private:
  api::AcceleratorClass class_;
};

// A pod of one slot, made a minute ago, of role revision "new" and contract "c", waiting for a
// node.
class PodBuilder {
 public:
  PodBuilder(api::RoleName role, int replica, int incarnation = 1);

  PodBuilder& Of(const std::string& role_revision, const std::string& contract = "c");
  PodBuilder& Label(const std::string& key, const std::string& value);
  PodBuilder& CreatedAt(std::int64_t time);
  PodBuilder& On(const std::string& node);  // bound to it
  PodBuilder& Running(std::int64_t since = kNow - 50);
  PodBuilder& Ready();
  PodBuilder& NotReadySince(std::int64_t time);
  PodBuilder& Failed(const std::string& reason = "", const std::string& message = "");
  PodBuilder& Succeeded();
  PodBuilder& Restarts(int restarts, std::int64_t last_finished_at);
  // In CrashLoopBackOff since five seconds ago, after a run of `lived` seconds.
  PodBuilder& CrashLoops(int restarts = 5, const std::string& delay = "2m40s", int lived = 60);
  // What follows is of a container of this name, in place of the operator's.
  PodBuilder& Container(const std::string& name);
  PodBuilder& Waiting(const std::string& reason, const std::string& message = "");
  PodBuilder& Terminated(const std::string& reason, int exit_code, const std::string& message = "");
  PodBuilder& FinishedAt(std::int64_t time);
  PodBuilder& ScheduledAt(std::int64_t time);
  PodBuilder& WithoutSandbox();
  PodBuilder& Scheduler(const std::string& name);
  PodBuilder& Gates(const std::string& names);
  PodBuilder& Unschedulable(const std::string& message);
  PodBuilder& Asks(const std::string& resource, std::int64_t count);
  PodBuilder& Deleting(int grace_seconds = 60);
  // To be gone by `deadline`.
  PodBuilder& EndingBy(std::int64_t deadline, const std::string& finalizers = "");
  PodBuilder& Retries(int retries);
  PodBuilder& Failures(const std::string& failures);
  PodBuilder& Faults(const std::string& faults);
  PodBuilder& Avoids(const std::string& nodes);

  std::shared_ptr<const kube::Pod> Build() const;
  operator std::shared_ptr<const kube::Pod>() const { return Build(); }  // NOLINT: by design

 private:
  void Name();

  kube::Pod pod_;
  std::string slot_;
};

// Ready, with 8 GPUs and 8 rdma/ib of class b200.
class NodeBuilder {
 public:
  explicit NodeBuilder(const std::string& name);

  NodeBuilder& NotReadySince(std::int64_t time);
  NodeBuilder& Taint(const std::string& key);
  NodeBuilder& Cordoned();
  NodeBuilder& Offers(const std::string& resource, std::int64_t count);
  NodeBuilder& Label(const std::string& key, const std::string& value);

  std::shared_ptr<const kube::Node> Build() const;

 private:
  kube::Node node_;
};

// A revision with the smallest templates that pods can be made from; its router's is "router".
class RevisionBuilder {
 public:
  explicit RevisionBuilder(const std::string& name, const std::string& contract = "c");

  RevisionBuilder& Role(api::RoleName role, const std::string& role_revision);
  RevisionBuilder& Number(std::int64_t number);

  render::RevisionIdentity Identity() const { return revision_.identity; }
  render::Revision Payload() const { return revision_; }
  StoredRevision Stored() const;

 private:
  render::Revision revision_;
};

// At kNow, with the seed's class and model and the nodes b200-0 and b200-1.
Snapshot SnapshotOf(const DeploymentBuilder& deployment,
                    const std::vector<std::shared_ptr<const kube::Pod>>& pods = {});

// "create decode-0-1", "delete decode-0-1 grace 0", "apply Service minimax-m3", "ask decode-0-1":
// hashes are left out of names.
std::string Describe(const Write& write);
std::vector<std::string> Describe(const std::vector<Write>& writes);
std::vector<std::string> Describe(const std::vector<Explanation>& explanations);

}  // namespace disagg::planning
