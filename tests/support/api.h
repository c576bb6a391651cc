#pragma once

// The API server as a test sees it: JSON in, JSON out, as administrator, over the product's own
// transport. Failures of the server are answers here; only an unreachable server fails the test.

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/transport/transport.h"

namespace disagg::testing {

struct Answer {
  int status = 0;
  nlohmann::json body;
  bool ok() const { return status >= 200 && status < 300; }
  std::string message() const { return body.is_object() ? body.value("message", "") : ""; }
};

class Api {
 public:
  explicit Api(const std::string& kubeconfig);
  ~Api();

  Answer Get(const std::string& path);
  // The items of a collection; `query` as in "labelSelector=a%3Db".
  std::vector<nlohmann::json> List(const std::string& path, const std::string& query = "");
  Answer Create(const std::string& path, const nlohmann::json& object);
  Answer MergePatch(const std::string& path, const nlohmann::json& patch);
  Answer Delete(const std::string& path, int grace_seconds = -1,
                const std::string& propagation = "Background");

  // Server-side apply of every document of a YAML text or file, into `namespace_name` where the
  // kind is namespaced.
  Answer ApplyYaml(const std::string& yaml);
  Answer ApplyFile(const std::string& file);

 private:
  Answer Send(transport::Request request);
  Answer ApplyObject(const nlohmann::json& object);

  std::unique_ptr<transport::Transport> transport_;
};

std::string ReadFile(const std::string& path);

}  // namespace disagg::testing
