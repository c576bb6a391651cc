#pragma once

// A cluster as small as planning sees it: applies a plan's writes to itself, in the executor's
// order, and writes the status back, so that many passes can be played without an API server.
// Nothing happens between passes but what a test makes happen.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/planning/slot_memory.h"
#include "controllers/planning/snapshot.h"
#include "controllers/planning/status_planner.h"
#include "tests/unit/planning/builders.h"

namespace disagg::planning {

// How long a deleted pod may take to end.
inline constexpr int kGraceSeconds = 73;

// What one pass decided and what became of it.
struct Pass {
  Snapshot before;
  Plan plan;
  Outcome outcome;
  StatusPlan status;
  std::vector<std::string> writes;  // carried out, dry runs left out; see Describe
  std::vector<std::string> asked;   // dry runs
  bool status_written = false;

  // Those of `writes` that are about pods of workers.
  std::vector<std::string> WorkerWrites() const;
};

class World {
 public:
  explicit World(const DeploymentBuilder& deployment = DeploymentBuilder());

  // -- the operator

  Pass RunPass();
  // Passes, with everything in the cluster going well in between, until nothing is written any
  // more. Returns the last pass. Fails the test when that takes more than `limit` passes.
  Pass Settle(int limit = 60);
  Snapshot TakeSnapshot() const;

  // -- the user

  void Edit(const std::function<void(api::DeploymentSpec&)>& change);
  void Annotate(const std::string& key, const std::string& value);
  void DeleteDeployment();
  void LoseStatus() { deployment_.status = {}; }
  void SetStatus(const nlohmann::json& status) { deployment_.status = ReadStatus(status); }
  void DeletePod(api::RoleName role, int replica);
  void DeleteRevision(const std::string& name);
  // Takes annotations off it, or these labels only.
  void DamageRevision(const std::string& name, const std::map<std::string, std::string>& lost = {});
  // Of any kind but pods and revisions: "Service/minimax-m3".
  void DeleteChild(const std::string& kind_and_name);
  void SetModel(const ModelBuilder& model);
  void SetClass(const ClassBuilder& type);
  void RemoveRouters();  // every pod, as if it had never been
  void RemoveClasses() { catalogue_.classes.clear(); }
  void RemoveModels() { catalogue_.models.clear(); }

  // -- the cluster

  void Advance(std::int64_t seconds) { now_ += seconds; }
  void BindAndStart();    // every pod that waits
  void MakePodsReady();   // every worker that runs
  void EndTerminating();  // those whose kubelet is there
  void UpdateRouters();   // those that run: ready exactly where their contract can serve
  void EverythingGoesWell();
  void Vanish() { pods_.clear(); }                            // every pod, as if it had never been
  void RemovePod(api::RoleName role, int replica, int rank);  // likewise
  void AddNode(const std::string& name);
  void LoseNode(const std::string& name);
  void SetNodeReady(const std::string& name, bool ready);
  void PutOutOfService(const std::string& name);
  // Pods of others take GPUs there.
  void Occupy(const std::string& node, std::int64_t gpus);

  // The newest pod of a slot; fails the test when there is none.
  kube::Pod& At(api::RoleName role, int replica);
  void SetReady(api::RoleName role, int replica, bool ready);
  void Fail(api::RoleName role, int replica, const std::string& reason);
  // Nothing but its metadata and its name can be read any more.
  void MakeUnreadable(api::RoleName role, int replica);

  // Why the cluster refuses a pod in a dry run; empty: it does not.
  std::function<std::string(const nlohmann::json& pod)> refuses = [](const auto&) { return ""; };
  // Why a write fails; nothing: it does not.
  std::function<std::optional<base::Error>(const Write&)> fails = [](const auto&) {
    return std::nullopt;
  };

  // Whether templates of stored revisions can be read.
  bool payloads_readable = true;
  // Objects of an earlier deployment of this name.
  std::vector<Leftover> leftovers;
  // Requests that have failed in every pass since.
  std::vector<Trouble> troubles;

  // -- what there is

  const api::DisaggDeployment& deployment() const { return deployment_; }
  const std::vector<std::shared_ptr<kube::Pod>>& pods() const { return pods_; }
  const std::vector<StoredRevision>& revisions() const { return revisions_; }
  const std::map<std::string, std::shared_ptr<kube::Node>>& nodes() const { return nodes_; }
  std::vector<std::string> Children() const;  // "Service/minimax-m3", in order
  std::int64_t now() const { return now_; }

  const api::Condition* Condition(const std::string& type) const {
    return deployment_.status.Find(type);
  }
  nlohmann::json Status() const;

 private:
  using Object = std::shared_ptr<kube::RawObject>;

  void AddCapacity(Snapshot& snapshot) const;
  Plan MakePlan(Snapshot& snapshot) const;
  void Execute(Pass& pass);
  bool Carry(const Write& write, Pass& pass);
  void Apply(const Write& write);
  void CreatePod(const nlohmann::json& body);
  void StoreRevision(const nlohmann::json& body);
  void PutChild(const Write& write);
  void Patch(const Write& write);
  bool Delete(const Write& write);
  bool DeletePod(const Write& write);
  bool CanEnd(const kube::Pod& pod) const;
  bool IsDead(const kube::Pod& pod) const;
  bool CanBeReady(const kube::Pod& pod) const;
  std::string NewUid() { return "uid-" + std::to_string(++last_uid_); }

  api::DisaggDeployment deployment_;
  api::Catalogue catalogue_;
  std::vector<std::shared_ptr<kube::Pod>> pods_;
  std::vector<StoredRevision> revisions_;
  std::map<std::string, DamagedRevision> damaged_;  // by name
  std::map<std::string, std::shared_ptr<const render::Revision>> payloads_;
  std::map<std::string, std::pair<kube::Resource, Object>> children_;  // by kind and name
  std::map<std::string, std::shared_ptr<kube::Node>> nodes_;
  SlotMemory slots_;
  std::int64_t now_ = kNow;
  int last_uid_ = 0;
};

bool HasEnded(const kube::Pod& pod);

// A failed answer of the API server.
base::Error Answer(base::ErrorCode code, const std::string& reason, const std::string& message);

}  // namespace disagg::planning
