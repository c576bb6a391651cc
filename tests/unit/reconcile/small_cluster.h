#pragma once

// The whole domain over an API server that is a map in memory, on a clock that moves only when a
// test plays: objects appear in the caches when they are written, if they carry the label that
// watches select by. No scheduler, no kubelet: pods stay Pending.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "controllers/reconcile/register.h"
#include "operator/runtime/manager.h"
#include "tests/unit/planning/builders.h"
#include "tests/unit/runtime/fake_transport.h"

namespace disagg::reconcile {

class SmallCluster : public runtime::Manager {
 public:
  using Answer = runtime::FakeTransport::Answer;
  // What a request is answered instead; nothing: what the map says.
  using Fault = std::function<std::optional<Answer>(const transport::Request&)>;
  // What admission of others makes of an object before it is stored.
  using Mutation = std::function<void(nlohmann::json&)>;

  // With one DisaggDeployment: 2 prefill, 1 decode.
  SmallCluster();

  void Break(Fault fault);
  void Mutate(Mutation mutation);
  void Spec(const planning::DeploymentBuilder& deployment);
  // As somebody else would change an object; null members are taken off.
  void Patch(const std::string& path, const nlohmann::json& patch);
  void Lead();

  // Lets time pass; every `event_every` something wakes the deployment. The number of requests.
  int Play(std::chrono::milliseconds time,
           std::chrono::milliseconds event_every = std::chrono::hours(1));

  // Paths of the pods that there are, whether or not a watch shows them.
  std::vector<std::string> Pods() const;
  nlohmann::json Object(const std::string& path) const;
  const nlohmann::json& status() const { return status_; }

  runtime::ObjectStore& Watch(runtime::WatchSpec spec) override;
  runtime::Controller& AddController(runtime::ControllerOptions options,
                                     runtime::Reconcile reconcile) override;
  void OnLeading(std::function<void()> callback) override { lead_ = std::move(callback); }
  runtime::ApiClient& client() override { return *client_; }
  runtime::EventRecorder& events() override { return events_; }
  runtime::Freshness& freshness() override { return freshness_; }
  observability::Metrics& metrics() override { return metrics_; }
  const base::Clock& server_clock() const override { return clock_; }
  base::Status Run(std::stop_token) override { return {}; }

 private:
  struct NoEvents : runtime::EventRecorder {
    void Record(const kube::Resource&, const kube::ObjectMeta&,
                const runtime::EventNote&) override {}
  };
  struct Worker {
    std::unique_ptr<runtime::Controller> controller;
    runtime::Reconcile reconcile;
  };

  Answer Handle(const transport::Request& request);
  Answer Write(const transport::Request& request, const std::string& path);
  Answer List(const std::string& path) const;
  void Store(const std::string& path, nlohmann::json object);
  void Show(const std::string& path);
  void WriteStatus(const std::string& body);
  void ShowDeployment();
  void Work(Worker& worker);

  base::ManualClock clock_;
  observability::Metrics metrics_;
  NoEvents events_;
  runtime::Freshness freshness_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<runtime::ObjectStore>> stores_;  // by Resource::ToString
  std::map<std::string, nlohmann::json> objects_;                        // by path
  planning::DeploymentBuilder deployment_;
  nlohmann::json status_;
  int version_ = 100, requests_ = 0;
  Fault fault_;
  Mutation mutation_;
  std::function<void()> lead_;
  std::vector<Worker> workers_;
  std::unique_ptr<runtime::FakeTransport> transport_;
  std::unique_ptr<runtime::ApiClient> client_;
  std::unique_ptr<Domain> domain_;
};

}  // namespace disagg::reconcile
