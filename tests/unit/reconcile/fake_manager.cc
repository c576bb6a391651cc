#include "tests/unit/reconcile/fake_manager.h"

#include <utility>

namespace disagg::reconcile {

FakeManager::FakeManager(runtime::FakeTransport::Handler handler)
    : clock_(base::SystemTime(std::chrono::seconds(planning::kNow))),
      transport_(std::make_unique<runtime::FakeTransport>(std::move(handler))) {
  runtime::ApiClientOptions options;
  options.clock = &clock_;
  client_ = std::make_unique<runtime::ApiClient>(*transport_, nullptr, options);
}

runtime::ObjectStore& FakeManager::StoreOf(const kube::Resource& resource) {
  return *stores_.at(resource.ToString());
}

runtime::ObjectStore& FakeManager::Watch(runtime::WatchSpec spec) {
  auto& store = stores_[spec.resource.ToString()];
  store = std::make_unique<runtime::ObjectStore>();
  store->AddIndex(runtime::kByController,
                  [](const kube::Object& object) -> std::vector<std::string> {
                    if (object.meta.controller_uid.empty()) return {};
                    return {object.meta.controller_uid};
                  });
  freshness_.RegisterStore(spec.resource, store.get());
  return *store;
}

runtime::Controller& FakeManager::AddController(runtime::ControllerOptions options,
                                                runtime::Reconcile reconcile) {
  options.backoff.seed = 1;
  workers_.push_back(
      {std::make_unique<runtime::Controller>(options, clock_, metrics_, reconcile), reconcile});
  return *workers_.back().controller;
}

}  // namespace disagg::reconcile
