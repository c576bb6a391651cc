#pragma once

// An API server for readers: objects in memory, reached through a Transport by GET of one and LIST
// of many, with namespaces, label selectors, pages, and users who may not see everything. Anything
// but a GET fails the test.

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/transport/transport.h"

namespace kubectl_disagg::testing {

class FakeCluster : public transport::Transport {
 public:
  // Path of the collection, like "/api/v1/namespaces/serving/pods".
  void Add(const std::string& collection, const nlohmann::json& object) {
    objects_[collection].push_back(object);
  }
  // Every read of this resource is answered with 403.
  void Forbid(const std::string& plural) { forbidden_.insert(plural); }
  // Likewise for lists of all namespaces.
  void ForbidInAllNamespaces(const std::string& plural) { forbidden_everywhere_.insert(plural); }
  // No request is answered.
  void Disconnect() { connected_ = false; }

  void Send(transport::Request request, Callback callback) override;
  std::shared_ptr<transport::StreamHandle> Stream(
      transport::Request request, std::shared_ptr<transport::StreamSink> sink) override;
  transport::PoolStats stats() const override { return {}; }

 private:
  transport::Response Answer(const std::string& target) const;
  std::vector<nlohmann::json> Collection(const std::string& path) const;

  std::map<std::string, std::vector<nlohmann::json>> objects_;
  std::set<std::string> forbidden_, forbidden_everywhere_;
  bool connected_ = true;
};

}  // namespace kubectl_disagg::testing
