#pragma once

// An admission webhook of somebody else: the C++ side of `local-cluster webhook`, whose --help
// lists the paths. What a webhook does is said by the path of its URL, so one server plays them
// all.

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace disagg::testing {

class WebhookServer {
 public:
  // Null, and a failure of the test, when it does not start.
  static std::unique_ptr<WebhookServer> Start(const std::string& log);

  // A clientConfig that reaches the server, as for `path` "/delay/10000/allow".
  nlohmann::json ClientConfig(const std::string& path) const;
  // How often the API server has asked that path.
  int Calls(const std::string& path);

 private:
  WebhookServer(std::unique_ptr<Process> process, std::string url, std::string ca)
      : process_(std::move(process)), url_(std::move(url)), ca_(std::move(ca)) {}

  std::unique_ptr<Process> process_;
  const std::string url_;
  const std::string ca_;  // base64 of PEM
};

// A Validating- or MutatingWebhookConfiguration (`kind`) of one webhook `name`.example.com, which
// fails closed and looks at `operation` ("CREATE", "*", ...) on pods in the namespaces that carry
// the label "scene: `name`".
nlohmann::json PodWebhook(const std::string& kind, const std::string& name,
                          const std::string& operation, const nlohmann::json& client_config);

// A clientConfig whose service does not exist.
nlohmann::json DeadService();

}  // namespace disagg::testing
