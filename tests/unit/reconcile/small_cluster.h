#pragma once

// The whole domain over an API server that is a map in memory, on a clock that moves only when a
// test plays: objects appear in the caches when they are written, if they carry the label that
// watches select by. No scheduler, no kubelet: pods stay Pending.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/reconcile/register.h"
#include "tests/unit/reconcile/fake_manager.h"

namespace disagg::reconcile {

class SmallCluster : public FakeManager {
 public:
  // What a request is answered instead; nothing: what the map says.
  using Fault = std::function<std::optional<Answer>(const transport::Request&)>;
  // Whether the answer to a request that is carried out gets lost.
  using Loss = std::function<bool(const transport::Request&)>;
  // What admission of others makes of an object before it is stored.
  using Mutation = std::function<void(nlohmann::json&)>;

  // With one DisaggDeployment: 2 prefill, 1 decode.
  SmallCluster();

  void Break(Fault fault);
  void LoseAnswers(Loss loss);
  void Mutate(Mutation mutation);
  void Spec(const planning::DeploymentBuilder& deployment);
  // As somebody else would change an object; null members are taken off.
  void Patch(const std::string& path, const nlohmann::json& patch);
  void Delete(const std::string& path);
  void Lead();
  // The watch of this kind shows nothing any more, and nobody hears that it ended.
  void StopWatch(const kube::Resource& kind);

  // Lets time pass; every `event_every` something wakes the deployment. The number of requests.
  int Play(std::chrono::milliseconds time,
           std::chrono::milliseconds event_every = std::chrono::hours(1));

  // Paths of the pods that there are, whether or not a watch shows them.
  std::vector<std::string> Pods() const;
  nlohmann::json Object(const std::string& path) const;
  const nlohmann::json& status() const { return status_; }

 private:
  Answer Handle(const transport::Request& request);
  Answer CarryOut(const transport::Request& request);
  Answer Write(const transport::Request& request, const std::string& path);
  Answer List(const std::string& path) const;
  void Store(const std::string& path, nlohmann::json object);
  void Show(const std::string& path);
  void WriteStatus(const std::string& body);
  void ShowDeployment();
  void Work(Worker& worker);

  mutable std::mutex mutex_;
  std::map<std::string, nlohmann::json> objects_;  // by path
  planning::DeploymentBuilder deployment_;
  nlohmann::json status_;
  int version_ = 100, requests_ = 0;
  Fault fault_;
  Loss loss_;
  Mutation mutation_;
  std::set<std::string> unwatched_;  // kinds
  std::unique_ptr<Domain> domain_;
};

}  // namespace disagg::reconcile
