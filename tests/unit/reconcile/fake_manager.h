#pragma once

// A Manager without an API server's watches: a test fills the stores, a function answers the
// requests, the clock moves when the test moves it, and controllers have queues but no workers.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/runtime/manager.h"
#include "tests/unit/planning/builders.h"
#include "tests/unit/runtime/fake_transport.h"

namespace disagg::reconcile {

class FakeManager : public runtime::Manager {
 public:
  using Answer = runtime::FakeTransport::Answer;

  // At planning::kNow.
  explicit FakeManager(runtime::FakeTransport::Handler handler);

  runtime::ObjectStore& StoreOf(const kube::Resource& resource);

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

 protected:
  struct Worker {
    std::unique_ptr<runtime::Controller> controller;
    runtime::Reconcile reconcile;
  };

  base::ManualClock clock_;
  std::map<std::string, std::unique_ptr<runtime::ObjectStore>> stores_;  // by Resource::ToString
  std::vector<Worker> workers_;
  std::function<void()> lead_;

 private:
  struct NoEvents : runtime::EventRecorder {
    void Record(const kube::Resource&, const kube::ObjectMeta&,
                const runtime::EventNote&) override {}
  };

  observability::Metrics metrics_;
  NoEvents events_;
  runtime::Freshness freshness_;
  std::unique_ptr<runtime::FakeTransport> transport_;
  std::unique_ptr<runtime::ApiClient> client_;
};

}  // namespace disagg::reconcile
